import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reportDestinations } from './tls-report-destination.ts';

const ROWS: readonly [string, readonly string[], readonly string[] | null, boolean?][] = [
  ['one mailbox', ['v=TLSRPTv1; rua=mailto:tls@a.example'], ['tls@a.example']],
  ['without blanks', ['v=TLSRPTv1;rua=mailto:tls@a.example;'], ['tls@a.example']],
  ['several', ['v=TLSRPTv1; rua=mailto:a@a.example, mailto:b@b.example'], ['a@a.example', 'b@b.example']],
  ['the same twice', ['v=TLSRPTv1; rua=mailto:a@a.example,mailto:a@a.example'], ['a@a.example']],
  [
    'four at most',
    [`v=TLSRPTv1; rua=${[1, 2, 3, 4, 5].map((one) => `mailto:${one}@a.example`).join()}`],
    ['1@a.example', '2@a.example', '3@a.example', '4@a.example'],
  ],
  ['encoded', ['v=TLSRPTv1; rua=mailto:tls%2Brpt@a.example?subject=x'], ['tls+rpt@a.example']],
  ['by HTTPS', ['v=TLSRPTv1; rua=https://a.example/v1/tlsrpt'], [], true],
  ['both', ['v=TLSRPTv1; rua=https://a.example/x,mailto:tls@a.example'], ['tls@a.example'], true],
  ['unknown fields are passed over', ['v=TLSRPTv1; x=y; rua=mailto:tls@a.example'], ['tls@a.example']],
  ['other records are passed over', ['v=spf1 -all', 'v=TLSRPTv1; rua=mailto:tls@a.example'], ['tls@a.example']],
  ['two such records', ['v=TLSRPTv1; rua=mailto:a@a.example', 'v=TLSRPTv1; rua=mailto:b@a.example'], null],
  ['none', ['v=spf1 -all'], null],
  ['another version', ['v=TLSRPTv2; rua=mailto:tls@a.example'], null],
  ['no field rua', ['v=TLSRPTv1; ruf=mailto:tls@a.example'], null],
  ['no address', ['v=TLSRPTv1; rua=mailto:tls'], null],
  ['line ends', ['v=TLSRPTv1; rua=mailto:a%0d%0aRCPT@a.example'], null],
  ['no UTF-8', ['v=TLSRPTv1; rua=mailto:a%ff@a.example'], null],
  ['a host that cannot be', ['v=TLSRPTv1; rua=mailto:a@a..example'], null],
];
for (const [title, texts, mailboxes, hasHttps = false] of ROWS) {
  test(`where reports are wanted: ${title}`, () => {
    assert.deepEqual(reportDestinations(texts), mailboxes === null ? null : { mailboxes, hasHttps });
  });
}

test('no text of a stranger gets into a command or a header field', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const wanted = reportDestinations([`v=TLSRPTv1; rua=mailto:${text}`, text]);
      for (const mailbox of wanted?.mailboxes ?? []) assert.match(mailbox, /^[!-;=?-~]+@[A-Za-z0-9._-]+$/);
    }),
  );
});
