import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFile } from '../../test/support/certificates.ts';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { formatProblem } from '../core/config/problem.ts';
import { loadForServer } from './load-for-server.ts';

const SENDER = certificateFile('sender');
const ONE = certificateFile('sender-certificate');
const KEY = certificateFile('sender-key');
const OTHER = certificateFile('receiver');
const CA = certificateFile('authority');

const ROWS: readonly [string, string, readonly string[]][] = [
  ['certificate and key in one file', `tls_certificate = "${SENDER}"`, []],
  ['in two files', `tls_certificate = "${ONE}" tls_key = "${KEY}"`, []],
  ['in two scopes', `tls_key = "${KEY}" binding b { tls_certificate = "${ONE}" }`, []],
  [
    'a key for one scope, and another scope with both in one',
    `tls_certificate = "${ONE}" tls_key = "${KEY}" binding b { tls_certificate = "${OTHER}" }`,
    [],
  ],
  ['none', `tls_certificate = "${SENDER}" domain d.example { tls_certificate = none }`, []],
  ['authorities', `tls_ca = "${CA}"`, []],
  [
    'ciphers',
    'tls_ciphers = "HIGH:!aNULL" tlsv13_ciphersuites = "TLS_AES_128_GCM_SHA256" tls_ec_curve_names = "X25519:P-256"',
    [],
  ],
  ['the library’s choice', 'tls_ciphers = DEFAULT binding b { tls_ciphers = normal }', []],
  [
    'no such file',
    'tls = required\n  tls_ca = "/no/such.pem"',
    ['FILE:2:12: tls_ca: found /no/such.pem, no such file; expected a file with certificates in PEM form'],
  ],
  [
    'a file with a key only',
    `tls_ca = "${KEY}"`,
    [`FILE:1:10: tls_ca: found ${KEY}, no certificate in PEM form; expected a file with certificates in PEM form`],
  ],
  [
    'no key',
    `binding b { tls_certificate = "${ONE}" }`,
    [`FILE:1:31: tls_certificate: found ${ONE}, no private key in it; expected one there, or tls_key beside it`],
  ],
  [
    'the key of another',
    `tls_certificate = "${ONE}"\ntls_key = "${OTHER}"`,
    [
      `FILE:2:11: tls_key: found ${OTHER}, the key of another certificate; expected the key of the certificate in ${ONE}`,
    ],
  ],
  [
    'no key at all',
    `tls_certificate = "${SENDER}"\ntls_key = "${ONE}"`,
    [
      `FILE:2:11: tls_key: found ${ONE}, no private key in PEM form; expected a file with a private key in PEM form, without a passphrase`,
    ],
  ],
  [
    'unknown words',
    'tls_ciphers = "SECRET"\ntlsv13_ciphersuites = TLS_NONE\ntls_ec_curve_names = "P-257"',
    [
      'FILE:1:15: tls_ciphers: found "SECRET", no cipher that is known; expected ciphers in the words of OpenSSL',
      'FILE:2:23: tlsv13_ciphersuites: found "TLS_NONE", no cipher that is known; expected ciphers in the words of OpenSSL',
      'FILE:3:22: tls_ec_curve_names: found a name that is not known; expected names of curves or groups (invalid curve or group list)',
    ],
  ],
];

for (const [title, text, expected] of ROWS) {
  test(title, (t) => {
    const file = join(temporaryDirectory(t), 'mail.conf');
    writeFileSync(file, text);
    const result = loadForServer(file);
    const problems = result.kind === 'problems' ? result.problems.map(formatProblem) : [];
    assert.deepEqual(
      problems.map((problem) => problem.replace(file, 'FILE')),
      expected,
    );
  });
}

test('a damaged certificate behind a good one', (t) => {
  const directory = temporaryDirectory(t);
  const bundle = join(directory, 'bundle.pem');
  writeFileSync(bundle, `-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n`);
  writeFileSync(join(directory, 'mail.conf'), `tls_ca = "${bundle}"`);
  const result = loadForServer(join(directory, 'mail.conf'));
  assert.ok(result.kind === 'problems');
  assert.match(result.problems[0]!.found, /a certificate that cannot be read \(the 1st of the file\)$/);
});
