import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { blockAround, formatIpAddress, isInBlock, parseIpAddress, parseIpBlock } from './ip-address.ts';

for (const [text, shown] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
] as const) {
  test(`${text} is shown as ${shown}`, () => assert.equal(formatIpAddress(parseIpAddress(text)!), shown));
}

for (const text of [
  '',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4.5',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::g',
  '::1.2.3',
  'fe80::1%eth0',
  '[::1]',
]) {
  test(`"${text}" is no address`, () => assert.equal(parseIpAddress(text), null));
}

for (const text of ['1.2.3.4/33', '::/129', '1.2.3.4/', '/8', '1.2.3.4/-1', '1.2.3.4/8/8']) {
  test(`"${text}" is no block`, () => assert.equal(parseIpBlock(text), null));
}

test('blocks hold what shares their first bits', () => {
  const block = parseIpBlock('10.1.2.3/8')!;
  assert.equal(formatIpAddress(block), '10.0.0.0');
  assert.equal(isInBlock(parseIpAddress('10.255.0.1')!, block), true);
  assert.equal(isInBlock(parseIpAddress('11.0.0.0')!, block), false);
  assert.equal(isInBlock(parseIpAddress('::a00:1')!, block), false);
  assert.equal(isInBlock(parseIpAddress('192.0.2.1')!, parseIpBlock('0.0.0.0/0')!), true);
});

test('text and number are two forms of one address', () => {
  const octet = fc.nat(255);
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 }), (groups) => {
      const address = parseIpAddress(groups.map((group) => group.toString(16)).join(':'))!;
      assert.deepEqual(parseIpAddress(formatIpAddress(address)), address);
    }),
  );
  fc.assert(
    fc.property(fc.tuple(octet, octet, octet, octet), fc.nat(32), (octets, length) => {
      const address = parseIpAddress(octets.join('.'))!;
      assert.equal(formatIpAddress(address), octets.join('.'));
      assert.equal(isInBlock(address, blockAround(address, length)), true);
    }),
  );
});
