import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DOMAIN_MAX, LOCAL_PART_MAX, parsePath } from './path.ts';

const LABEL = 'a'.repeat(63);
const LONG_NAME = `${LABEL}.${LABEL}.${LABEL}.${'b'.repeat(DOMAIN_MAX - 3 * 64)}`;

const MAILBOXES: readonly [id: string, path: string, mailbox: string, hasDomain?: false][] = [
  ['plain', '<a@example.com>', 'a@example.com'],
  ['as it was spelt', '<A.B@Example.COM>', 'A.B@Example.COM'],
  ['every character of an atom', "<!#$%&'*+-/=?^_`{|}~.z@x>", "!#$%&'*+-/=?^_`{|}~.z@x"],
  ['dots that RFC 5321 would not have, but mailboxes do', '<.a..b.@example.com>', '.a..b.@example.com'],
  ['without a domain', '<postmaster>', 'postmaster', false],
  ['quoted', '<"a b>@c\\"d"@example.com>', '"a b>@c\\"d"@example.com'],
  ['quoted without a domain', '<"a b">', '"a b"', false],
  ['source route', '<@one.example,@[192.0.2.1]:a@example.com>', 'a@example.com'],
  ['source route to a quoted one', '<@one.example:"a"@example.com>', '"a"@example.com'],
  ['IPv4 literal', '<a@[192.0.2.1]>', 'a@[192.0.2.1]'],
  ['IPv6 literal', '<a@[ipv6:2001:DB8::1]>', 'a@[ipv6:2001:DB8::1]'],
  ['underscore and hyphen in a name', '<a@x_y-z.example>', 'a@x_y-z.example'],
  ['a dot at the end of a name', '<a@example.com.>', 'a@example.com.'],
  ['longest label', `<a@${LABEL}.example>`, `a@${LABEL}.example`],
  ['longest name', `<a@${LONG_NAME}>`, `a@${LONG_NAME}`],
  ['longest name and a dot', `<a@${LONG_NAME}.>`, `a@${LONG_NAME}.`],
  ['longest local part', `<${'l'.repeat(LOCAL_PART_MAX)}@x>`, `${'l'.repeat(LOCAL_PART_MAX)}@x`],
];

for (const [id, path, mailbox, hasDomain = true] of MAILBOXES) {
  test(`mailbox: ${id}`, () => {
    const line = `MAIL FROM:${path} SIZE=1`;
    assert.deepEqual(parsePath(line, 10), { kind: 'mailbox', mailbox, hasDomain, end: 10 + path.length });
  });
}

const PROBLEMS: readonly [id: string, path: string, problem: string][] = [
  ['nothing', '', 'syntax'],
  ['no bracket', 'a@example.com', 'syntax'],
  ['no end', '<a@example.com', 'syntax'],
  ['no end behind a local part', '<a', 'syntax'],
  ['no local part', '<"@example.com>', 'localPart'],
  ['blank', '<a b@example.com>', 'localPart'],
  ['two brackets', '<<a@example.com>>', 'localPart'],
  ['comma', '<a,b@example.com>', 'localPart'],
  ['control character', '<a\x00b@example.com>', 'localPart'],
  ['local part one too long', `<${'l'.repeat(LOCAL_PART_MAX + 1)}@x>`, 'localPart'],
  ['empty quoted string', '<""@example.com>', 'localPart'],
  ['quoted string without end', '<"a@example.com>', 'localPart'],
  ['quoted string with a control character', '<"a\tb"@example.com>', 'localPart'],
  ['quoted string that ends in a backslash', '<"a\\', 'localPart'],
  ['text behind a quoted string', '<"a"b@example.com>', 'localPart'],
  ['two at signs', '<a@b@example.com>', 'domain'],
  ['empty domain', '<a@>', 'domain'],
  ['a dot alone', '<a@.>', 'domain'],
  ['empty label first', '<a@.example>', 'domain'],
  ['empty label', '<a@b..example>', 'domain'],
  ['two dots at the end', '<a@example..>', 'domain'],
  ['hyphen first', '<a@-b.example>', 'domain'],
  ['hyphen last', '<a@b-.example>', 'domain'],
  ['label one too long', `<a@${LABEL}a.example>`, 'domain'],
  ['name one too long', `<a@${LONG_NAME}b>`, 'domain'],
  ['blank in a domain', '<a@exa mple>', 'domain'],
  ['literal without end', '<a@[192.0.2.1>', 'domain'],
  ['literal that is no address', '<a@[192.0.2.256]>', 'domain'],
  ['IPv6 literal without its tag', '<a@[2001:db8::1]>', 'domain'],
  ['IPv4 literal with the tag', '<a@[IPv6:192.0.2.1]>', 'domain'],
  ['text behind a literal', '<a@[192.0.2.1]x>', 'domain'],
  ['source route without a mailbox', '<@one.example>', 'syntax'],
  ['source route with a gap', '<@one.example,:a@b>', 'syntax'],
  ['8-bit local part', '<j\xfcrgen@example.com>', 'nonAscii'],
  ['8-bit domain', '<a@m\xfcnchen.example>', 'nonAscii'],
];

for (const [id, path, problem] of PROBLEMS)
  test(`no mailbox: ${id}`, () => assert.deepEqual(parsePath(path, 0), { kind: 'problem', problem }));

test('<> is empty', () => assert.deepEqual(parsePath('<>', 0), { kind: 'empty', end: 2 }));

test('what is taken holds nothing that would break a command line or a header field', () => {
  const characters = fc.constantFrom(
    '<',
    '>',
    '@',
    '"',
    '\\',
    '.',
    ':',
    ',',
    '[',
    ']',
    ' ',
    '\r',
    '\n',
    '\0',
    'a',
    '1',
    '\xff',
  );
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 30 }), (inside) => {
      const parsed = parsePath(`<${inside}>`, 0);
      if (parsed.kind === 'mailbox') assert.match(parsed.mailbox, /^[\x20-\x7e]+$/);
    }),
    { numRuns: 2000 },
  );
});
