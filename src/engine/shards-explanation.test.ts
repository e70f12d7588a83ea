// Why mail waits whose queue has a part in each of several shards: whose reason is told, what is added up, and what is shared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeServer, type GivenServer } from '../../test/support/fake-server.ts';
import { wallMs } from '../core/base/moment.ts';
import type { ServerView } from '../core/console/server-view.ts';
import type { Holder, LimitUse, QueueExplanation, ThrottleUse } from '../core/delivery/queue-explanation.ts';
import { ShardsView } from './shards-view.ts';

const AT = wallMs(1_070_244_212_345);

const use = (counter: number, open: number, peak: number): LimitUse => ({
  counter,
  option: 'Max_Outbound_Connections',
  counts: `counter ${counter}`,
  limit: 5,
  open,
  peak,
  setBy: 'default',
});

const holder = (domain: string, connections: number): Holder => ({ binding: 'default', domain, connections });

const throttle = (key: string, free: number, untilMs = 0): ThrottleUse => ({
  value: { key, count: 5, periodMs: 60_000, setAt: { file: 'mail.conf', line: 1, column: 1 } },
  free,
  untilMs,
});

const WAITS: QueueExplanation = {
  binding: 'default',
  domain: 'a.com',
  active: 3,
  delayed: 1,
  connections: 2,
  wanted: 4,
  reason: { kind: 'limit', limits: [use(7, 5, 5)], holders: [holder('a.com', 2)], isOwn: false },
  waitingMs: 100,
  limits: [use(7, 5, 5), use(8, 1, 1)],
  throttles: [throttle('a', 1), throttle('b', 2)],
};
const EMPTY: QueueExplanation = {
  ...WAITS,
  active: 0,
  delayed: 0,
  connections: 1,
  wanted: 0,
  reason: { kind: 'empty' },
  waitingMs: null,
  limits: [use(7, 4, 6), use(9, 2, 3)],
  throttles: [throttle('b', 0, 500), throttle('a', 3)],
};
const ROUTED: QueueExplanation = { ...EMPTY, active: 1, wanted: 1, reason: { kind: 'route' }, waitingMs: 50 };
const RETRIED: QueueExplanation = { ...EMPTY, delayed: 2, reason: { kind: 'retryTime', at: AT } };
const RETRIED_BEFORE: QueueExplanation = { ...RETRIED, reason: { kind: 'retryTime', at: wallMs(AT - 5) } };
const JOINED_LIMITS = [use(7, 5, 6), use(8, 1, 1), use(9, 2, 3)];
const JOINED_THROTTLES = [throttle('b', 0, 500), throttle('a', 1)];

type Ask = (view: ServerView) => unknown;

const ROWS: readonly [method: string, ask: Ask, shards: readonly GivenServer[], expected: unknown][] = [
  [
    'why',
    (view) => view.why('default', 'a.com'),
    [
      { why: () => EMPTY, holders: () => [holder('b.com', 3)] },
      { why: () => WAITS, holders: () => [holder('a.com', 2)] },
      { why: () => null, holders: () => [holder('a.com', 2)] },
    ],
    {
      ...WAITS,
      active: 3,
      delayed: 1,
      connections: 3,
      wanted: 4,
      reason: {
        kind: 'limit',
        limits: [use(7, 5, 6)],
        holders: [holder('a.com', 4), holder('b.com', 3)],
        isOwn: false,
      },
      limits: [use(7, 5, 6), use(9, 2, 3), use(8, 1, 1)],
      throttles: JOINED_THROTTLES,
    },
  ],
  ['why', (view) => view.why('default', 'a.com'), [{}, {}], null],
  [
    'why',
    async (view) => (await view.why('default', 'a.com'))?.reason,
    [RETRIED, EMPTY, RETRIED_BEFORE].map((one) => ({ why: () => one })),
    RETRIED_BEFORE.reason,
  ],
  [
    'why',
    async (view) => (await view.why('default', 'a.com'))?.reason.kind,
    [RETRIED, { ...ROUTED, waitingMs: 1, reason: { kind: 'nodeTrouble' as const } }, ROUTED].map((one) => ({
      why: () => one,
    })),
    'route',
  ],
  [
    'whyMessage',
    (view) => view.whyMessage('1'),
    [
      { why: () => WAITS, holders: () => [holder('c.com', 1)] },
      {
        why: () => ROUTED,
        whyMessage: () => ({ kind: 'found', id: '1', retries: 0, nextAttemptAt: null, expiresAt: AT, queue: ROUTED }),
      },
    ],
    {
      kind: 'found',
      id: '1',
      retries: 0,
      nextAttemptAt: null,
      expiresAt: AT,
      queue: {
        ...ROUTED,
        active: 4,
        delayed: 1,
        connections: 3,
        wanted: 4,
        limits: JOINED_LIMITS,
        throttles: JOINED_THROTTLES,
      },
    },
  ],
  [
    'whyMessage',
    (view) => view.whyMessage('1'),
    [{}, { whyMessage: (id) => ({ kind: 'delivering', id }) }],
    { kind: 'delivering', id: '1' },
  ],
  ['whyMessage', (view) => view.whyMessage('1'), [{}, {}], { kind: 'unknown' }],
  [
    'holders',
    (view) => view.holders([3]),
    [1, 2].map((connections) => ({ holders: ([counter]) => [holder(`${counter}`, connections)] })),
    [holder('3', 1), holder('3', 2)],
  ],
];

for (const [method, ask, shards, expected] of ROWS) {
  test(`${method}: ${JSON.stringify(expected).slice(0, 60)}`, async () => {
    const view = new ShardsView(shards.map((given) => fakeServer(given)));
    assert.deepEqual(await ask(view), expected);
  });
}
