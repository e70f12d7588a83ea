import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_LIMIT } from '../core/base/limit.ts';
import { AuditFindings } from '../core/records/audit-findings.ts';
import { formatAuditReport } from './audit-report.ts';

const EMPTY = {
  files: 1,
  lines: 2,
  opened: 1,
  closed: 1,
  from: null,
  to: null,
  configurations: [],
  configurationsLeftOut: 0,
  classes: [],
  findings: new AuditFindings(),
};

const lineOf = (report: object, start: RegExp): string[] =>
  formatAuditReport({ ...EMPTY, ...report } as never)
    .split('\n')
    .filter((line) => start.test(line));

for (const [versions, text] of [
  [[], 'none'],
  [[1], '1 of /f'],
  [[1, 2, 3], '1 to 3 of /f'],
  [[1, 2, 3, 1, 2], '1 to 3, after another start 1 to 2 of /f'],
  [[4, 5, 9], '4 to 5, 9 of /f'],
  [[1, 1, 2], '1, after another start 1 to 2 of /f'],
] as const) {
  test(`configurations ${versions.join(' ')}: ${text}`, () => {
    const configurations = versions.map((version) => ({ version, file: '/f' }));
    assert.deepEqual(lineOf({ configurations }, /^configurations/), [`configurations: ${text}`]);
  });
}

test('classes of counters in words', () => {
  const peaks = [
    { counter: 'pair a b.test', open: 3, limit: 3, origin: '/f:1' },
    { counter: 'pair a d.test', open: 3, limit: 2, origin: '/f:2' },
    { counter: 'pair a c.test', open: 9, limit: NO_LIMIT, origin: 'default' },
  ];
  assert.deepEqual(lineOf({ classes: [{ name: 'pair', inUseMax: 3, peaks }] }, /^connections of|^ /), [
    'connections of a binding to a domain: 3 counters in use at once at most; the most that were open, nearest to the limit first:',
    '       3 open, limit 3      pair a b.test  (/f:1)',
    '       3 open, limit 2      pair a d.test  (/f:2), lowered while they were open',
    '       9 open, no limit     pair a c.test  (default)',
  ]);
});
