import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../load.ts';
import { formatWarning } from '../problem.ts';

const ALL = 'outbound_smtp_auth_type = PLAIN\noutbound_smtp_auth_user = a\n';

for (const [title, text, expected] of [
  ['all three', `${ALL}outbound_smtp_auth_pass = b`, []],
  ['none', '', []],
  ['in three scopes', `${ALL}domain d.test { outbound_smtp_auth_pass = b }`, []],
  [
    'no password',
    ALL,
    [
      't.conf:1:1: warning: outbound_smtp_auth_type: nobody is logged in to: outbound_smtp_auth_pass is set nowhere, and a login takes a type, a user and a password',
    ],
  ],
  [
    'a password only',
    'binding b { outbound_smtp_auth_pass = secret }',
    [
      't.conf:1:13: warning: outbound_smtp_auth_pass: nobody is logged in to: outbound_smtp_auth_type is set nowhere, and a login takes a type, a user and a password',
    ],
  ],
] as const) {
  test(`logins: ${title}`, () => {
    const { warnings } = loadConfiguration('t.conf', () => ({ text }));
    assert.deepEqual(
      warnings.map(formatWarning).filter((line) => line.includes('nobody is logged in')),
      expected,
    );
  });
}
