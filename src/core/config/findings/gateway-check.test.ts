import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../load.ts';

for (const [title, text, expected] of [
  ['a gateway alone', 'domain a.test { gateway = relay.test }', []],
  ['no gateway', 'domain a.test { tls = required }', []],
  ['beside a gateway', 'domain a.test { gateway = relay.test tls = required }', ['1:38 tls']],
  ['two beside a gateway', 'domain a.test { gateway = relay.test tls = required max_retries = 3 }', ['1:38 tls']],
  ['under the global gateway', 'gateway = relay.test\ndomain a.test { tls = required }', ['2:17 tls']],
  [
    'under the gateway of a binding',
    'binding b { gateway = relay.test domain a.test { tls = required } }',
    ['1:50 tls'],
  ],
  ['under the gateway of another binding', 'binding b { gateway = relay.test }\ndomain a.test { tls = required }', []],
  ['of the gateway itself', 'domain a.test { gateway = Relay.test }\ndomain relay.test { tls = required }', []],
  ['for a pattern', 'gateway = relay.test\ndomain "/test$/" { tls = required }', []],
  ['in the binding', 'binding b { gateway = relay.test tls = required }', []],
] as const) {
  test(`settings and gateways: ${title}`, () => {
    const { warnings } = loadConfiguration('t.conf', () => ({ text }));
    const found = warnings.filter((warning) => warning.text.includes('queued under that name'));
    assert.deepEqual(
      found.map(({ at, subject }) => `${at.line}:${at.column} ${subject}`),
      expected,
    );
  });
}
