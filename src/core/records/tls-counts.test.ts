import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../base/moment.ts';
import {
  type CountedPolicy,
  POLICY_TYPES,
  TLS_COUNTS_BOUNDS,
  TLS_FAILURE_TYPES,
  TlsCounts,
  type TlsCountsBounds,
  type TlsFailure,
} from './tls-counts.ts';
import { formatCounts, parseCounts, reportFilename, reportId, reportJson } from './tls-report.ts';

const FROM = wallMs(Date.UTC(2026, 0, 1));
const UNTIL = wallMs(Date.UTC(2026, 0, 2) - 1000);
const NONE: CountedPolicy = { type: 'no-policy-found', domain: 'a.example', lines: [], exchangers: [] };
const STS: CountedPolicy = {
  type: 'sts',
  domain: 'a.example',
  lines: ['version: STSv1', 'mode: testing', 'mx: *.a.example', 'max_age: 86400'],
  exchangers: ['*.a.example'],
};
const EXPIRED: TlsFailure = {
  type: 'certificate-expired',
  reason: 'cert has expired',
  host: 'mx.a.example',
  address: '192.0.2.1',
  sender: null,
};
const of = (bounds: Partial<TlsCountsBounds>) => new TlsCounts(FROM, [], { ...TLS_COUNTS_BOUNDS, ...bounds });
const rowsOf = (counts: TlsCounts) => [...counts.domains()];

test('sessions are counted by domain, policy and failure', () => {
  const counts = of({});
  for (const failure of [null, null, EXPIRED, EXPIRED, { ...EXPIRED, address: '192.0.2.2' }])
    counts.count('a.example', STS, failure);
  counts.count('a.example', NONE, null);
  counts.count('b.example', { ...NONE, domain: 'b.example' }, null);
  assert.deepEqual(
    rowsOf(counts).map(({ domain, policies }) => [
      domain,
      policies.map(({ policy, successes, failed, failures }) => [
        policy.type,
        successes,
        failed,
        failures.map(({ sessions }) => sessions),
      ]),
    ]),
    [
      [
        'a.example',
        [
          ['sts', 2, 3, [2, 1]],
          ['no-policy-found', 1, 0, []],
        ],
      ],
      ['b.example', [['no-policy-found', 1, 0, []]]],
    ],
  );
});

test('domains beyond the bound are only counted', () => {
  const counts = of({ domainsMax: 2 });
  for (const domain of ['a', 'b', 'c', 'd', 'a']) counts.count(domain, { ...NONE, domain }, null);
  assert.deepEqual([counts.size, counts.overflow, rowsOf(counts)[0]!.policies[0]!.successes], [2, 2, 2]);
});

for (const [title, bounds, failures, policies] of [
  ['of one policy', { failuresMax: 3 }, 4, 1],
  ['of all', { rowsMax: 4 }, 4, 1],
  ['policies of one domain', { policiesMax: 3 }, 1, 4],
] as const) {
  test(`what is beyond a bound is put together with others of its kind: ${title}`, () => {
    const counts = of(bounds);
    for (let one = 0; one < 20; one++) {
      const policy = policies === 1 ? STS : { ...STS, lines: [`${one}`] };
      counts.count('a.example', policy, { ...EXPIRED, address: `192.0.2.${policies === 1 ? one : 1}` });
    }
    const [row] = rowsOf(counts);
    assert.equal(row!.policies.length, policies);
    assert.equal(
      row!.policies.reduce((sum, { failed }) => sum + failed, 0),
      20,
    );
    if (policies === 1) {
      const all = row!.policies[0]!.failures;
      assert.deepEqual([all.length, all.at(-1)!.failure.address, all.at(-1)!.sessions], [failures, null, 17]);
    }
  });
}

test('long texts of strangers are cut', () => {
  const counts = of({});
  counts.count(
    'a.example',
    { ...STS, lines: Array.from({ length: 40 }, () => 'x'.repeat(1000)) },
    {
      ...EXPIRED,
      reason: 'y'.repeat(5000),
    },
  );
  const [row] = rowsOf(counts)[0]!.policies;
  assert.deepEqual(
    [row!.policy.lines.length, row!.policy.lines[0]!.length, row!.failures[0]!.failure.reason!.length],
    [16, 250, 250],
  );
  counts.count('a.example', { ...STS, lines: Array.from({ length: 40 }, () => 'x'.repeat(1000)) }, null);
  assert.equal(rowsOf(counts)[0]!.policies.length, 1);
});

const NAME = fc.constantFrom('a.example', 'b.example', 'c.example');
const POLICY: fc.Arbitrary<CountedPolicy> = fc.record({
  type: fc.constantFrom(...POLICY_TYPES),
  domain: NAME,
  lines: fc.array(fc.string(), { maxLength: 2 }),
  exchangers: fc.array(NAME, { maxLength: 2 }),
});
const FAILURE: fc.Arbitrary<TlsFailure> = fc.record({
  type: fc.constantFrom(...TLS_FAILURE_TYPES),
  reason: fc.option(fc.string({ unit: 'binary' })),
  host: fc.option(NAME),
  address: fc.option(fc.ipV4()),
  sender: fc.option(fc.ipV4()),
});

test('whatever is counted, reports are JSON, their totals agree, and lines of the file give the same counts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(NAME, POLICY, fc.option(FAILURE)), { maxLength: 60 }),
      fc.nat(6),
      fc.nat(3),
      (sessions, rowsMax, failuresMax) => {
        const counts = of({ rowsMax: 1 + rowsMax, failuresMax: 1 + failuresMax, policiesMax: 3, domainsMax: 2 });
        for (const [domain, policy, failure] of sessions) counts.count(domain, policy, failure);
        let total = counts.overflow;
        for (const row of counts.domains()) {
          const report = { counts: row, from: FROM, until: UNTIL };
          const parsed = JSON.parse(reportJson(report, { organization: 'o', contact: 'c', hostname: 'h.example' }));
          for (const { summary, 'failure-details': details = [] } of parsed.policies) {
            const failed = summary['total-failure-session-count'];
            total += failed + summary['total-successful-session-count'];
            assert.equal(
              failed,
              details.reduce((sum: number, one: Record<string, number>) => sum + one['failed-session-count']!, 0),
            );
          }
          assert.deepEqual(parseCounts(formatCounts(row, FROM, null)), { ...report, until: null, post: null });
          const post = { uri: 'https://a.example/', since: UNTIL };
          assert.deepEqual(parseCounts(formatCounts(row, FROM, UNTIL, post)), { ...report, post });
        }
        assert.equal(total, sessions.length);
      },
    ),
  );
});

test('a report has the members of RFC 8460', () => {
  const counts = of({});
  counts.count('a.example', STS, null);
  counts.count('a.example', STS, { ...EXPIRED, sender: '192.0.2.9' });
  counts.count('a.example', NONE, {
    type: 'starttls-not-supported',
    reason: null,
    host: null,
    address: null,
    sender: null,
  });
  const report = { counts: rowsOf(counts)[0]!, from: FROM, until: UNTIL };
  assert.deepEqual(
    JSON.parse(reportJson(report, { organization: 'Sender', contact: 'tls@s.example', hostname: 'mta.s.example' })),
    {
      'organization-name': 'Sender',
      'date-range': { 'start-datetime': '2026-01-01T00:00:00Z', 'end-datetime': '2026-01-01T23:59:59Z' },
      'contact-info': 'tls@s.example',
      'report-id': '1767225600.a.example@mta.s.example',
      policies: [
        {
          policy: {
            'policy-type': 'sts',
            'policy-string': STS.lines,
            'policy-domain': 'a.example',
            'mx-host': ['*.a.example'],
          },
          summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 1 },
          'failure-details': [
            {
              'result-type': 'certificate-expired',
              'sending-mta-ip': '192.0.2.9',
              'receiving-mx-hostname': 'mx.a.example',
              'receiving-ip': '192.0.2.1',
              'failed-session-count': 1,
              'failure-reason-code': 'cert has expired',
            },
          ],
        },
        {
          policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'a.example' },
          summary: { 'total-successful-session-count': 0, 'total-failure-session-count': 1 },
          'failure-details': [{ 'result-type': 'starttls-not-supported', 'failed-session-count': 1 }],
        },
      ],
    },
  );
  assert.equal(reportId(report, 'mta.s.example'), '1767225600.a.example@mta.s.example');
  assert.equal(reportFilename(report, 'mta.s.example'), 'mta.s.example!a.example!1767225600!1767311999!001.json.gz');
});

const COUNTS = {
  domain: 'a.example',
  policies: [{ policy: STS, successes: 1, failed: 2, failures: [{ failure: EXPIRED, sessions: 2 }] }],
};
const LINE = formatCounts(COUNTS, FROM, UNTIL);
for (const [title, line] of [
  ['nothing', ''],
  ['cut off', LINE.slice(0, -10)],
  ['another form', '[]'],
  ['no name', LINE.replace('"a.example"', '"a b"')],
  ['a total that does not agree', LINE.replace('"failed":2', '"failed":3')],
  ['a count below zero', LINE.replace('"successes":1', '"successes":-1')],
  ['a post without a time', LINE.replace('"domain"', '"post":{"uri":"https://a.example/"},"domain"')],
  ['a post of what is being counted', formatCounts(COUNTS, FROM, null, { uri: 'https://a.example/', since: UNTIL })],
  ['an unknown type', LINE.replace('certificate-expired', 'certificate-strange')],
  ['no time', LINE.replace(String(FROM), '"x"')],
] as const) {
  test(`a line that is not of counts: ${title}`, () => {
    assert.notEqual(parseCounts(LINE), null);
    assert.equal(parseCounts(line), null);
  });
}
