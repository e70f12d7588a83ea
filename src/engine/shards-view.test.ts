// Several shards as one server: what each says, and what is made of it. One row for each thing that may be asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bindingRow,
  domainRow,
  FIGURES,
  fakeServer,
  type GivenServer,
  outboundRow,
} from '../../test/support/fake-server.ts';
import { wallMs } from '../core/base/moment.ts';
import { ShardGone } from '../core/base/shard-gone.ts';
import type { ActionOutcome, MessageDetail } from '../core/console/mail-view.ts';
import { collectPages } from '../core/console/pages.ts';
import type { DomainDetail, QueuedMessage, ServerView, ThrottleRow } from '../core/console/server-view.ts';
import { ShardsView } from './shards-view.ts';

const AT = wallMs(1_070_244_212_345);
const SET_AT = { file: 'a.conf', line: 1, column: 1 };

const throttle = (used: number, nextMs: number, waiting: number, line = 1): ThrottleRow => ({
  option: 'outbound_throttle_messages',
  scope: '',
  count: 10,
  periodMs: 1000,
  used,
  nextMs,
  waiting,
  setAt: { ...SET_AT, line },
});

const outcome = (count: number, samples: number, isDurable = true): ActionOutcome => ({
  count,
  samples: Array.from({ length: samples }, (_, index) => ({
    id: `${count}-${index}`,
    domain: 'a.com',
    reversePath: null,
    recipient: 'x@a.com',
  })),
  isDurable,
});

const message = (id: string, queue: 'active' | 'delayed' = 'active'): QueuedMessage => ({
  queue,
  binding: 'default',
  id,
  createdAt: AT,
  reversePath: null,
  recipient: 'x@a.com',
});

const DETAIL: MessageDetail = {
  id: '1',
  queue: 'active',
  binding: 'default',
  domain: 'a.com',
  createdAt: AT,
  nextAttemptAt: null,
  retries: 0,
  protocol: 'esmtp',
  reversePath: null,
  recipient: 'x@a.com',
  reply: null,
  size: 7,
};

const address = (name: string, failedAgoMs: number | null, setAsideBy: readonly string[] = []) => ({
  address: name,
  family: 4 as const,
  connectMs: 1,
  deliverMs: 2,
  failedAgoMs,
  setAsideBy,
  isNext: false,
  alsoUsedBy: [],
});

const domainDetail = (active: number, addresses: DomainDetail['exchangers'][number]['addresses'], ids: number[]) => ({
  domain: 'a.com',
  exchangers: addresses.length === 0 ? [] : [{ host: 'mx.a.com', preference: 5, ttlSeconds: active, addresses }],
  unroutable: null,
  ownHost: null,
  ttlSeconds: active,
  consecutiveFailures: active,
  active,
  delayed: 1,
  delivered: 2,
  failed: 3,
  sessions: ids.map((id) => ({ id, address: '192.0.2.1', stage: 'idle', stageMs: 5 })),
});

const LIST = { domain: 'a.com', binding: null, queue: null };
const ANY = { domain: null, binding: null, header: null };
const GONE = new ShardGone('shard 2');

/** The lists of a shard that has these messages. */
function withMessages(all: readonly QueuedMessage[]): GivenServer {
  const matching = (queue: QueuedMessage['queue'] | null) => all.filter((one) => queue === null || one.queue === queue);
  return {
    messages: ({ queue }, limit, offset) => matching(queue).slice(offset, offset + limit),
    countMessages: ({ queue }) => matching(queue).length,
  };
}

type Ask = (view: ServerView) => unknown;

/** What may be asked, what each of the shards answers, and what is made of it. Why mail waits: shards-explanation.test.ts. */
const ROWS: readonly [method: string, ask: Ask, shards: readonly GivenServer[], expected: unknown][] = [
  [
    'summary',
    async (view) => {
      const { outboundConnections, domains, dns, delivered, sinceResetSeconds, uptimeSeconds } = await view.summary();
      const { a, pending, responsePeakMs, responseAverageMs, limiter } = dns;
      return {
        outboundConnections,
        domains,
        a,
        pending,
        responsePeakMs,
        responseAverageMs,
        limiter,
        delivered,
        sinceResetSeconds,
        uptimeSeconds,
      };
    },
    [
      {
        summary: () => ({
          ...FIGURES,
          dns: { ...FIGURES.dns, a: { queries: 30, timeouts: 1 }, mx: NO, txt: NO, pending: 0, responseAverageMs: 1 },
        }),
      },
      {
        summary: () => ({
          ...FIGURES,
          outboundConnections: 2,
          sinceResetSeconds: 5,
          uptimeSeconds: 5,
          dns: {
            ...FIGURES.dns,
            a: { queries: 12, timeouts: 0 },
            mx: NO,
            txt: NO,
            pending: 2,
            responsePeakMs: 500,
            responseAverageMs: 5,
          },
        }),
      },
    ],
    {
      outboundConnections: 2248,
      domains: 71_422,
      a: { queries: 42, timeouts: 1 },
      pending: 2,
      responsePeakMs: 500,
      responseAverageMs: 2,
      limiter: null,
      delivered: 2 * 2_102_439,
      sinceResetSeconds: 89_081,
      uptimeSeconds: 89_083,
    },
  ],
  [
    'summary',
    async (view) => (await view.summary()).dns.limiter,
    [3, 4].map((waiting) => ({
      summary: () => ({
        ...FIGURES,
        dns: {
          ...FIGURES.dns,
          limiter: {
            queries: 10,
            periodMs: 1000,
            waitingMax: 50,
            waiting,
            immediate: 1,
            queued: 2,
            drained: 3,
            overflow: 4,
          },
        },
      }),
    })),
    { queries: 10, periodMs: 1000, waitingMax: 100, waiting: 7, immediate: 2, queued: 4, drained: 6, overflow: 8 },
  ],
  ['resetSummary', (view) => view.resetSummary(), [{}, {}], undefined],
  [
    'domains',
    (view) => collectPages(view.domains()),
    [
      { domains: () => [domainRow('a.com', 1, 2, 3, 4), domainRow('b.com', 1, 1, 1, 1)] },
      { domains: () => [domainRow('c.com', 0, 0, 0, 0), domainRow('a.com', 10, 20, 30, 40)] },
    ],
    [domainRow('a.com', 11, 22, 33, 44), domainRow('b.com', 1, 1, 1, 1), domainRow('c.com', 0, 0, 0, 0)],
  ],
  [
    'domainsOfBinding',
    (view) => collectPages(view.domainsOfBinding('b')),
    [1, 2].map((active) => ({ domainsOfBinding: (binding: string) => [domainRow(`${binding}.com`, 0, active, 0, 0)] })),
    [domainRow('b.com', 0, 3, 0, 0)],
  ],
  [
    'domain',
    (view) => view.domain('a.com'),
    [
      { domain: () => domainDetail(9, [], [4]) },
      {},
      { domain: () => domainDetail(5, [address('192.0.2.1', null), address('192.0.2.2', 900, ['b'])], [4, 5]) },
      { domain: () => domainDetail(1, [address('192.0.2.1', 70), address('192.0.2.2', 800)], []) },
    ],
    {
      ...domainDetail(5, [address('192.0.2.1', 70), address('192.0.2.2', 800)], [401, 403, 503]),
      consecutiveFailures: 9,
      active: 15,
      delayed: 3,
      delivered: 6,
      failed: 9,
    },
  ],
  ['domain', (view) => view.domain('a.com'), [{}, {}], null],
  [
    'queues',
    (view) => collectPages(view.queues()),
    [
      { queues: () => [{ group: 'g', binding: 'b', domain: 'a.com', active: 1, delayed: 2 }] },
      {
        queues: () => [
          { group: null, binding: 'c', domain: 'a.com', active: 5, delayed: 5 },
          { group: 'g', binding: 'b', domain: 'a.com', active: 10, delayed: 20 },
        ],
      },
    ],
    [
      { group: 'g', binding: 'b', domain: 'a.com', active: 11, delayed: 22 },
      { group: null, binding: 'c', domain: 'a.com', active: 5, delayed: 5 },
    ],
  ],
  [
    'bindings',
    (view) => collectPages(view.bindings()),
    [
      { bindings: () => [{ ...bindingRow('default', null, 1, 2), connections: 7 }, bindingRow('b', 'g', 3)] },
      { bindings: () => [bindingRow('default', null, 10, 20), bindingRow('b', 'g', 30), bindingRow('old', null, 5)] },
    ],
    [{ ...bindingRow('default', null, 11, 22), connections: 7 }, bindingRow('b', 'g', 33), bindingRow('old', null, 5)],
  ],
  [
    'outbound',
    (view) => collectPages(view.outbound()),
    [1, 2].map((id) => ({ outbound: () => [outboundRow(id, 'mx', '192.0.2.1'), outboundRow(36, 'mx', '192.0.2.1')] })),
    [101, 3601, 202, 3602].map((id) => outboundRow(id, 'mx', '192.0.2.1')),
  ],
  [
    'inbound',
    async (view) => (await collectPages(view.inbound())).map(({ id }) => id),
    [1, 1].map((id) => ({
      inbound: () => [{ id, family: 4 as const, address: '192.0.2.1', port: 9, state: 'idle', stateMs: 0 }],
    })),
    [101, 102],
  ],
  [
    'messages',
    async (view) => (await collectPages(view.messages(LIST, 3, 1))).map(({ id }) => id),
    [
      withMessages([message('1'), message('4', 'delayed')]),
      withMessages([message('2'), message('3'), message('5', 'delayed')]),
    ],
    ['2', '3', '4'],
  ],
  ['countMessages', (view) => view.countMessages(LIST), [2, 3].map((count) => ({ countMessages: () => count })), 5],
  [
    'throttles',
    (view) => collectPages(view.throttles(null)),
    [{ throttles: () => [throttle(9, 0, 1), throttle(1, 1, 1, 2)] }, { throttles: () => [throttle(10, 40, 2)] }],
    [throttle(10, 40, 3), throttle(1, 1, 1, 2)],
  ],
  [
    'watchdog',
    (view) => view.watchdog(),
    [1, 2].map((stalls) => ({ watchdog: () => ({ stalls, watched: 10 }) })),
    { stalls: 3, watched: 20 },
  ],
  [
    'flush',
    (view) => view.flush({ domain: 'a.com', binding: null }),
    [5, 7].map((count) => ({ flush: () => count })),
    12,
  ],
  [
    'failDomain',
    (view) => view.failDomain({ ...ANY, quiet: true, reply: '554 x', dryRun: false }),
    [outcome(30, 25), outcome(2, 2, false)].map((one) => ({ failDomain: () => one })),
    { count: 32, samples: outcome(30, 25).samples, isDurable: false },
  ],
  [
    'delay',
    (view) => view.delay({ ...ANY, delayMs: 1000 }),
    [outcome(1, 1), outcome(2, 1)].map((one) => ({ delay: () => ({ ...one, delivering: 4 }) })),
    { count: 3, samples: [...outcome(1, 1).samples, ...outcome(2, 1).samples], isDurable: true, delivering: 8 },
  ],
  [
    'requeue',
    (view) => view.requeue({ ...ANY, toDomain: 'b.com', toBinding: null, dryRun: false }),
    [outcome(0, 0), outcome(2, 0)].map((one) => ({ requeue: () => one })),
    outcome(2, 0),
  ],
  ['findMessage', (view) => view.findMessage('1'), [{}, { findMessage: () => DETAIL }], DETAIL],
  ['findMessage', (view) => view.findMessage('1'), [{}, {}], null],
  [
    'readMessage',
    (view) => view.readMessage('1'),
    [{}, { readMessage: () => ({ headerSection: 'A: b\n', body: '', isCut: false }) }],
    { headerSection: 'A: b\n', body: '', isCut: false },
  ],
  [
    'retryMessage',
    (view) => view.retryMessage('1'),
    (['unknown', 'busy'] as const).map((action) => ({ retryMessage: () => action })),
    'busy',
  ],
  [
    'failMessage',
    (view) => view.failMessage('1', '554 x', true),
    (['done', 'unknown'] as const).map((action) => ({ failMessage: () => action })),
    'done',
  ],
  [
    'failMessage',
    (view) => view.failMessage('1', '554 x', true),
    (['unknown', 'unknown'] as const).map((action) => ({ failMessage: () => action })),
    'unknown',
  ],
  ['nextTurn', (view) => view.nextTurn(), [{}, {}], undefined],
];

const NO = { queries: 0, timeouts: 0 };

for (const [method, ask, shards, expected] of ROWS) {
  test(`${method}: ${JSON.stringify(expected)?.slice(0, 60)}`, async () => {
    const view = new ShardsView(shards.map((given) => fakeServer(given)));
    assert.deepEqual(await ask(view), expected);
  });
}

test('every other method of a server is in that table', () => {
  const methods = Object.entries(fakeServer()).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.deepEqual(
    methods.filter((name) => !ROWS.some(([method]) => method === name)),
    ['why', 'holders', 'whyMessage'],
  );
});

test('orders go to every shard', async () => {
  const shards = [fakeServer(), fakeServer(), fakeServer()];
  const view = new ShardsView(shards);
  await view.resetSummary();
  await view.dns.dig('a.com');
  await view.requeue({ ...ANY, toDomain: 'b.com', toBinding: null, dryRun: false });
  for (const { asked } of shards) {
    assert.deepEqual(asked, [
      'resetSummary',
      { dig: 'a.com' },
      { ...ANY, toDomain: 'b.com', toBinding: null, dryRun: false },
    ]);
  }
});

test('a single shard has the numbers that it gives', async () => {
  const view = new ShardsView([fakeServer({ outbound: () => [outboundRow(36, 'mx', '192.0.2.1')] })]);
  assert.equal((await collectPages(view.outbound()))[0]!.id, 36);
});

test('a shard that ends while it is asked: the call fails, once the others have done their part', async () => {
  let isDone = false;
  const slow = fakeServer({
    flush: async () => {
      await Promise.resolve();
      isDone = true;
      return 3;
    },
  });
  const gone = fakeServer({ flush: () => Promise.reject(GONE) });
  await assert.rejects(new ShardsView([gone, slow]).flush({ domain: null, binding: null }), GONE);
  assert.ok(isDone);
});

test('another shard in the place of one that ended is asked from then on', async () => {
  const shards = [fakeServer({ flush: () => 1 }), fakeServer({ flush: () => 2 })];
  const view = new ShardsView(shards);
  shards[1] = fakeServer({ flush: () => 10 });
  assert.equal(await view.flush({ domain: null, binding: null }), 11);
});
