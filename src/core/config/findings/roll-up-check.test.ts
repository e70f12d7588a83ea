import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../load.ts';

for (const [title, text, expected] of [
  ['both', 'host mx.test { rollup_mx = true rollup_mx_name = pool.test }', []],
  ['neither', 'host mx.test { max_outbound_connections = 3 }', []],
  ['turned off', 'host mx.test { rollup_mx = false }', []],
  ['no name', 'host mx.test { rollup_mx = true }', ['problem 1:16 rollup_mx']],
  ['not turned on', 'host mx.test { rollup_mx_name = pool.test }', ['warning 1:16 rollup_mx_name']],
  [
    'turned off with a name',
    'host mx.test { rollup_mx = false rollup_mx_name = p.test }',
    ['warning 1:34 rollup_mx_name'],
  ],
  [
    'the name of another host',
    'host a.test { rollup_mx = true }\nhost b.test { rollup_mx_name = p.test }',
    ['problem 1:15 rollup_mx', 'warning 2:15 rollup_mx_name'],
  ],
  [
    'the name in a wider place',
    'binding b { host a.test { rollup_mx = true } }\nhost A.test { rollup_mx_name = p.test }',
    [],
  ],
  ['the name at a pattern', 'host a.test { rollup_mx = true }\nhost "/test$/" { rollup_mx_name = p.test }', []],
] as const) {
  test(`rolled-up exchangers, a load: ${title}`, () => {
    const loaded = loadConfiguration('t.conf', () => ({ text }));
    const problems = loaded.kind === 'problems' ? loaded.problems : [];
    const found = [
      ...problems.map(({ at, subject }) => `problem ${at.line}:${at.column} ${subject}`),
      ...loaded.warnings
        .filter(({ subject }) => subject.startsWith('rollup'))
        .map(({ at, subject }) => `warning ${at.line}:${at.column} ${subject}`),
    ];
    assert.deepEqual(found, expected);
  });
}
