import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reportDestinations, reportUri } from './tls-report-destination.ts';

const ROWS: readonly [string, readonly string[], readonly string[] | null, (readonly string[])?][] = [
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
  ['by HTTPS', ['v=TLSRPTv1; rua=https://a.example/v1/tlsrpt'], [], ['https://a.example/v1/tlsrpt']],
  ['both', ['v=TLSRPTv1; rua=https://a.example/x,mailto:tls@a.example'], ['tls@a.example'], ['https://a.example/x']],
  [
    'four by HTTPS at most, each once',
    [`v=TLSRPTv1; rua=${[1, 1, 2, 3, 4, 5].map((one) => `https://a.example/${one}`).join()}`],
    [],
    [1, 2, 3, 4].map((one) => `https://a.example/${one}`),
  ],
  ['a URI that cannot be', ['v=TLSRPTv1; rua=https://user@a.example/x'], null],
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
for (const [title, texts, mailboxes, uris = []] of ROWS) {
  test(`where reports are wanted: ${title}`, () => {
    const wanted = reportDestinations(texts);
    const shown = wanted === null ? null : { ...wanted, uris: wanted.uris.map(({ uri }) => uri) };
    assert.deepEqual(shown, mailboxes === null ? null : { mailboxes, uris });
  });
}

for (const [uri, host, port, path] of [
  ['https://a.example', 'a.example', 443, '/'],
  ['HTTPS://A.example./', 'a.example', 443, '/'],
  ['https://a.example?x=1', 'a.example', 443, '/?x=1'],
  ['https://a.example:8443/v1/%41?x=(1)&y', 'a.example', 8443, '/v1/%41?x=(1)&y'],
  ['https://a.example:65535/', 'a.example', 65_535, '/'],
] as const) {
  test(`posted to: ${uri}`, () => assert.deepEqual(reportUri(uri), { uri, host, port, path }));
}
for (const uri of [
  'http://a.example/',
  'https://',
  'https:///x',
  'https://a.example:0/',
  'https://a.example:65536/',
  'https://a.example:/',
  'https://a..example/',
  'https://192.0.2.1/',
  'https://0x7f.1/',
  'https://[::1]/',
  'https://user:pass@a.example/',
  'https://a.example/#x',
  'https://a.example/a b',
  'https://a.example/a\r\nHost: b',
  'https://a.example/\u00fc',
  `https://a.example/${'x'.repeat(1000)}`,
]) {
  test(`posted to nobody: ${JSON.stringify(uri.slice(0, 40))}`, () => assert.equal(reportUri(uri), null));
}

test('no text of a stranger gets into a command or a header field', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const wanted = reportDestinations([
        `v=TLSRPTv1; rua=mailto:${text},https://${text},https://a.example/${text}`,
        text,
      ]);
      for (const mailbox of wanted?.mailboxes ?? []) assert.match(mailbox, /^[!-;=?-~]+@[A-Za-z0-9._-]+$/);
      for (const { host, path } of wanted?.uris ?? []) assert.match(host + path, /^[a-z0-9._-]+\/[!-~]*$/);
    }),
  );
});
