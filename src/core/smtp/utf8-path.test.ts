import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8Octets } from '../base/octets.ts';
import { nameInDns, parseAnyPath } from './utf8-path.ts';

const known = (domain: string): string | null => (domain.includes('\u00fc') ? 'xn--x.example' : null);

for (const [id, path, mailbox, routable] of [
  ['a local part', '<j\u00fcrgen@example.com>', 'j\u00fcrgen@example.com', 'j\u00fcrgen@example.com'],
  ['a domain', '<Info@B\u00fccher.Example>', 'Info@B\u00fccher.Example', 'Info@xn--x.example'],
  ['both', '<\u4f8b@\u00fc.example>', '\u4f8b@\u00fc.example', '\u4f8b@xn--x.example'],
  ['a quoted local part', '<"\u00fc > b"@example.com>', '"\u00fc > b"@example.com', '"\u00fc > b"@example.com'],
  ['no domain', '<\u00fc>', '\u00fc', '\u00fc'],
  ['a source route', '<@a.example,@\u00fc.example:\u00fc@b.example>', '\u00fc@b.example', '\u00fc@b.example'],
  ['an address literal', '<\u00fc@[192.0.2.1]>', '\u00fc@[192.0.2.1]', '\u00fc@[192.0.2.1]'],
  ['parameters behind it', '<\u00fc@b.example> SMTPUTF8', '\u00fc@b.example', '\u00fc@b.example'],
] as const) {
  test(`${id} beyond ASCII`, () => {
    const parsed = parseAnyPath(utf8Octets(path), 0, known);
    assert.ok(parsed.kind === 'utf8Mailbox');
    assert.deepEqual([parsed.mailbox, parsed.routable], [utf8Octets(mailbox), utf8Octets(routable)]);
    assert.equal(utf8Octets(path)[parsed.end - 1], '>');
  });
}

for (const [id, octets, problem] of [
  ['Latin-1', '<j\xfcrgen@example.com>', 'localPart'],
  ['an overlong form', '<\xc0\xaf@example.com>', 'localPart'],
  ['half a surrogate pair', '<\xed\xa0\x80@example.com>', 'localPart'],
  ['beyond Unicode', '<\xf4\x90\x80\x80@example.com>', 'localPart'],
  ['a cut character', '<\xc3@example.com>', 'localPart'],
  ['a C1 control', '<\xc2\x85@example.com>', 'localPart'],
  ['a mark of direction', '<\xe2\x80\xae@example.com>', 'localPart'],
  ['a line separator', '<\xe2\x80\xa8@example.com>', 'localPart'],
  ['a domain that is none', '<a@\xe4\xbe\x8b.example>', 'domain'],
  ['a blank', '<\xc3\xbc b@example.com>', 'localPart'],
  ['no end', '<\xc3\xbc@example.com', 'syntax'],
  ['a label that is too long', `<a@${'\xc3\xbc'.repeat(32)}.example>`, 'domain'],
] as const) {
  test(`${id} is refused`, () => assert.deepEqual(parseAnyPath(octets, 0, known), { kind: 'problem', problem }));
}

test('where it is not offered, and where all is ASCII, paths are what they were', () => {
  assert.deepEqual(parseAnyPath('<\xc3\xbc@example.com>', 0, null), { kind: 'problem', problem: 'nonAscii' });
  assert.equal(parseAnyPath('<a@example.com> ORCPT=utf-8;\xc3\xbc', 0, known).kind, 'mailbox');
  assert.deepEqual(parseAnyPath('<>', 0, known), { kind: 'empty', end: 2 });
});

test('whatever comes, a path that is taken is UTF-8 and stands in the command', () => {
  const octet = fc.oneof(
    fc.constantFrom(...'<>@."\\ a[]:,'),
    fc.integer({ min: 128, max: 255 }).map((code) => String.fromCharCode(code)),
  );
  const word = fc.oneof(octet, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }).map(utf8Octets));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const text = `<${words.join('')}>`;
      const parsed = parseAnyPath(text, 0, () => 'x.example');
      if (parsed.kind !== 'utf8Mailbox') return;
      assert.ok(text.slice(0, parsed.end).endsWith(`${parsed.mailbox}>`));
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(parsed.mailbox, 'latin1'));
    }),
    { numRuns: 2000 },
  );
});

test('a domain in UTF-8 has its name in DNS, others stay', () => {
  assert.equal(nameInDns(utf8Octets('\u00fc.example'), known), 'xn--x.example');
  for (const domain of ['example.com', '\xfc.example', utf8Octets('\u4f8b.example')])
    assert.equal(nameInDns(domain, known), domain);
  assert.equal(nameInDns(utf8Octets('\u00fc.example'), undefined), utf8Octets('\u00fc.example'));
});
