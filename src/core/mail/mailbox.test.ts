import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainOf, localPart, mailboxText } from './mailbox.ts';

for (const [mailbox, local, domain, text] of [
  ['Bob@Example.COM.', 'Bob', 'example.com', 'Bob@Example.COM.'],
  ['postmaster', 'postmaster', '', 'postmaster'],
  ['"a@b"@example.com', '"a@b"', 'example.com', '"a@b"@example.com'],
  ['\xc3\x9c@B\xc3\x9cR.example', '\xc3\x9c', 'b\xc3\x9cr.example', '\u00dc@B\u00dcR.example'],
  ['\xfc@example.com', '\xfc', 'example.com', '\xfc@example.com'],
] as const) {
  test(`${JSON.stringify(mailbox)}: its parts, and its text`, () => {
    assert.deepEqual([localPart(mailbox), domainOf(mailbox), mailboxText(mailbox)], [local, domain, text]);
  });
}

test('the null sender has no text', () => assert.equal(mailboxText(null), null));
