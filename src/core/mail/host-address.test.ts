import assert from 'node:assert/strict';
import test from 'node:test';
import { hostAddress, parseAddressLiteral } from './host-address.ts';

for (const [text, expected] of [
  ['192.0.2.1', { address: '192.0.2.1', family: 4 }],
  ['2001:DB8:0::1', { address: '2001:db8::1', family: 6 }],
  ['::ffff:192.0.2.1', { address: '192.0.2.1', family: 4 }],
  ['::fffe:c000:201', { address: '::fffe:c000:201', family: 6 }],
  ['fe80::1%eth0', null],
  ['mail.example', null],
  ['', null],
] as const) {
  test(`address ${text}`, () => assert.deepEqual(hostAddress(text), expected));
}

for (const [text, expected] of [
  ['[192.0.2.1]', '192.0.2.1'],
  ['[IPv6:2001:db8::1]', '2001:db8::1'],
  ['[ipv6:2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[IPv6:::ffff:192.0.2.1]', '192.0.2.1'],
  ['192.0.2.1', undefined],
  ['[x:y]', undefined],
  ['[]', undefined],
] as const) {
  test(`literal ${text}`, () => assert.equal(parseAddressLiteral(text)?.address, expected));
}
