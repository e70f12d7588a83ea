// What each shard keeps for itself (names, policies, TLS, counts of sessions, counters in use), as that of one server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeServer, type Loosened, tighten } from '../../test/support/fake-server.ts';
import { wallMs } from '../core/base/moment.ts';
import type { CurfewView } from '../core/console/curfew-view.ts';
import type { DnsView, KeptAnswer } from '../core/console/dns-view.ts';
import type { LimitView } from '../core/console/limit-view.ts';
import { collectPages } from '../core/console/pages.ts';
import type { PolicyDetail } from '../core/console/policy-view.ts';
import type { ServerView } from '../core/console/server-view.ts';
import type { TlsReportFigures } from '../core/console/tls-report-view.ts';
import type { DomainCounts, TlsFailure } from '../core/records/tls-counts.ts';
import { ShardsView } from './shards-view.ts';

const TURNS = { nextTurn: async () => {} };

const KEPT: KeptAnswer = { name: 'a.com', type: 'A', answer: { kind: 'noName', ttlSeconds: 9 }, ttlSeconds: 5 };
const dns = (loose: Partial<Loosened<DnsView>>): Partial<ServerView> => ({
  dns: { ...fakeServer().dns, ...tighten<DnsView>(loose as Loosened<DnsView>, TURNS) },
});

const policy = (domain: string, recordTtlMs: number, id: string | null): PolicyDetail => ({
  domain,
  held: id === null ? null : { id, policy: { mode: 'enforce', maxAgeSeconds: 1, mx: [] }, fetchedAt: 0 },
  recordTtlMs,
  refreshInMs: 0,
  problem: null,
});
const policies = (domains: readonly string[], detail: PolicyDetail | null, problem: string | null = null) => ({
  policies: { domains: async () => domains, of: async () => detail, refresh: async () => problem },
});

const limits = (loose: Partial<Loosened<LimitView>>): Partial<ServerView> => ({
  limits: { ...fakeServer().limits, ...tighten<LimitView>(loose as Loosened<LimitView>, TURNS) },
});
const counter = (counts: string, open: number, peak = open) => ({ counts, open, peak, limit: 9 });
const uses = (inUse: number, ...busiest: ReturnType<typeof counter>[]) =>
  limits({ usesOf: () => ({ busiest, inUse, isComplete: true }) });
const SET_AT = { file: 'a.conf', line: 1, column: 1 };

const context = (certificate: string | null, ageSeconds: number, sessions: number) => ({
  certificate,
  ca: null,
  ciphers: null,
  ageSeconds,
  sessions,
  problem: null,
});
const tls = (...rows: ReturnType<typeof context>[]) => ({ tls: { ...fakeServer().tls, contexts: async () => rows } });

const failure = (host: string): TlsFailure => ({
  type: 'tlsa-invalid',
  reason: null,
  host,
  address: null,
  sender: null,
});
const counts = (domain: string, successes: number, hosts: Record<string, number>): DomainCounts => ({
  domain,
  policies: [
    {
      policy: { type: 'sts', domain, lines: [], exchangers: [] },
      successes,
      failed: Object.values(hosts).reduce((total, one) => total + one, 0),
      failures: Object.entries(hosts).map(([host, sessions]) => ({ failure: failure(host), sessions })),
    },
  ],
});
const figures = (since: number, lastProblem: string | null): TlsReportFigures => ({
  since: wallMs(since),
  overflow: 1,
  waiting: 2,
  posts: { taken: 3, waiting: 4, givenUp: 5, lastProblem },
});
const reports = (own: TlsReportFigures | null, ...rows: DomainCounts[]): Partial<ServerView> => ({
  tlsReports: {
    figures: async () => own,
    async *domains() {
      yield rows;
    },
    send: async () => ({ sent: 1, unwanted: 2, posted: 3, unsent: 4 }),
  },
});
const curfew = (isKept: boolean): Partial<ServerView> => ({
  curfew: { ...fakeServer().curfew, keeps: async () => isKept } as CurfewView,
});

for (const [id, ask, shards, expected] of [
  [
    'routes that are renewed are counted in all shards',
    (view) => view.dns.refresh('a.com'),
    [dns({ refresh: () => 2 }), dns({ refresh: () => null }), dns({ refresh: () => 3 })],
    5,
  ],
  [
    'a domain that no shard has mail for is not renewed',
    (view) => view.dns.refresh('a.com'),
    [dns({ refresh: () => null }), dns({ refresh: () => null })],
    null,
  ],
  [
    'answers that the operator asked for are kept by the first shard',
    async (view) => [await view.dns.lookup('a.com', 'A'), await collectPages(view.dns.kept())],
    [dns({ lookup: () => KEPT, kept: () => [KEPT] }), dns({ lookup: () => null, kept: () => [] })],
    [KEPT, [KEPT]],
  ],
  [
    'how often they were looked at, too',
    (view) => view.dns.lookupFigures(),
    [dns({ lookupFigures: () => ({ lookups: 3, hits: 1 }) }), dns({})],
    { lookups: 3, hits: 1 },
  ],
  [
    'domains with a policy are named once, in order',
    (view) => view.policies.domains(),
    [policies(['b.com', 'c.com'], null), policies(['a.com', 'b.com'], null)],
    ['a.com', 'b.com', 'c.com'],
  ],
  [
    'of a policy, the shard that looked last is shown',
    (view) => view.policies.of('a.com'),
    [policies([], policy('a.com', 5, 'older')), policies([], policy('a.com', 9, 'newer'))],
    policy('a.com', 9, 'newer'),
  ],
  [
    'a shard that holds it goes before one that found none',
    (view) => view.policies.of('a.com'),
    [policies([], policy('a.com', 9, null)), policies([], policy('a.com', 0, 'held')), policies([], null)],
    policy('a.com', 0, 'held'),
  ],
  ['no shard has looked', (view) => view.policies.of('a.com'), [policies([], null), policies([], null)], null],
  [
    'a policy that one shard could not fetch',
    (view) => view.policies.refresh('a.com'),
    [policies([], null), policies([], null, 'status 503')],
    'status 503',
  ],
  [
    'contexts of the same files are one row, the oldest first',
    (view) => view.tls.contexts(),
    [tls(context('/a', 5, 1)), tls(context(null, 7, 0), context('/a', 9, 10))],
    [context('/a', 9, 11), context(null, 7, 0)],
  ],
  ['nobody counts sessions', (view) => view.tlsReports.figures(), [reports(null), reports(null)], null],
  [
    'figures of reports are added up, since the earliest',
    (view) => view.tlsReports.figures(),
    [reports(figures(9, null)), reports(figures(5, 'https://a/: status 503'))],
    {
      since: 5,
      overflow: 2,
      waiting: 4,
      posts: { taken: 6, waiting: 8, givenUp: 10, lastProblem: 'https://a/: status 503' },
    },
  ],
  [
    'sessions of a domain under one policy are added up',
    (view) => collectPages(view.tlsReports.domains()),
    [
      reports(null, counts('a.com', 1, { mx1: 1 })),
      reports(null, counts('b.com', 1, {}), counts('a.com', 10, { mx2: 5, mx1: 2 })),
    ],
    [counts('a.com', 11, { mx1: 3, mx2: 5 }), counts('b.com', 1, {})],
  ],
  [
    'reports that are sent',
    (view) => view.tlsReports.send(true),
    [reports(null), reports(null)],
    { sent: 2, unwanted: 4, posted: 6, unsent: 8 },
  ],
  [
    'quiet hours are the same in all',
    (view) => view.curfew.keeps('default', 'a.com'),
    [curfew(true), curfew(false)],
    true,
  ],
  [
    'a counter that two shards use is one',
    (view) => view.limits.usesOf('max_outbound_connections', {}, null),
    [uses(1, counter('a', 5, 6)), uses(2, counter('a', 5, 5), counter('b', 7))],
    { busiest: [counter('b', 7), counter('a', 5, 6)], inUse: 2, isComplete: true },
  ],
  [
    'counters that are not named may be the same',
    (view) => view.limits.usesOf('max_outbound_connections', {}, null),
    [uses(9, counter('a', 5)), uses(2, counter('b', 7))],
    { busiest: [counter('b', 7), counter('a', 5)], inUse: 9, isComplete: false },
  ],
  [
    'counters that one shard alone uses are known',
    (view) => view.limits.usesOf('max_outbound_connections', {}, null),
    [uses(9, counter('a', 5)), uses(0)],
    { busiest: [counter('a', 5)], inUse: 9, isComplete: true },
  ],
  [
    'what is no limit is none in any shard',
    (view) => view.limits.usesOf('hostname', {}, null),
    [limits({}), limits({})],
    null,
  ],
  [
    'tokens are those of one window',
    (view) => view.limits.tokens('outbound_throttle_messages', SET_AT),
    [limits({}), limits({ tokens: () => ({ free: 4, count: 9 }) }), limits({ tokens: () => ({ free: 3, count: 9 }) })],
    { free: 3, count: 9 },
  ],
  ['nobody has taken a token', (view) => view.limits.tokens('x', SET_AT), [limits({}), limits({})], null],
  [
    'connections of a queue to an address are added up',
    (view) => collectPages(view.limits.open()),
    [1, 2].map((connections) =>
      limits({ open: () => [{ binding: 'b', domain: 'a.com', host: 'mx', address: '192.0.2.1', connections }] }),
    ),
    [{ binding: 'b', domain: 'a.com', host: 'mx', address: '192.0.2.1', connections: 3 }],
  ],
  [
    'mail of a queue is added up',
    (view) => collectPages(view.limits.waiting()),
    [1, 2].map((messages) => limits({ waiting: () => [{ binding: 'b', domain: 'a.com', messages }] })),
    [{ binding: 'b', domain: 'a.com', messages: 3 }],
  ],
] as [id: string, (view: ServerView) => Promise<unknown>, shards: Partial<ServerView>[], expected: unknown][]) {
  test(id, async () => {
    const view = new ShardsView(shards.map((one) => ({ ...fakeServer(), ...one })));
    assert.deepEqual(await ask(view), expected);
  });
}

test('what is forgotten is forgotten in all', async () => {
  let flushes = 0;
  const flushing = { tls: { ...fakeServer().tls, flush: async () => void flushes++ } };
  await new ShardsView([fakeServer(flushing), fakeServer(flushing)]).tls.flush();
  assert.equal(flushes, 2);
});

test('the operator asks one shard for names, and all for routes', async () => {
  const shards = [fakeServer(), fakeServer()];
  const { dns: joined } = new ShardsView(shards);
  await joined.submit('a.com', 'MX');
  await joined.dig('a.com');
  assert.deepEqual(
    shards.map(({ asked }) => asked),
    [[{ submit: 'a.com', type: 'MX' }, { dig: 'a.com' }], [{ dig: 'a.com' }]],
  );
});
