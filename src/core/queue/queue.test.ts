import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../base/moment.ts';
import { ActiveQueue } from './active-queue.ts';
import { DelayedQueue } from './delayed-queue.ts';
import {
  afterTransientFailure,
  autoRetries,
  EXPIRED_REPLY,
  RETRIES_USED_REPLY,
  type RetrySettings,
  retryDelayMs,
} from './retry-schedule.ts';
import { makeTask, type Task } from './task.ts';

const DEFAULTS: RetrySettings = {
  retryIntervalMs: 1_200_000,
  maxRetryIntervalMs: 43_200_000,
  maxRetries: 'auto',
  messageExpirationMs: 86_400_000,
  neverRetry: false,
};

let sequence = 0;
function task(receivedAt: number, retries = 0, dueAt = 0): Task {
  sequence += 1;
  const envelope = {
    batchId: '',
    receivedAt: wallMs(receivedAt),
    reversePath: null,
    recipients: [],
    eightBit: false,
    size: 0,
    protocol: 'esmtp',
  };
  return makeTask({ envelope, sequence }, [0], retries, wallMs(dueAt));
}

test('delays double from retry_interval to max_retry_interval', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => retryDelayMs(failures, DEFAULTS) / 1000);
  assert.deepEqual(delays, [1200, 2400, 4800, 9600, 19200, 38400, 43200, 43200]);
});

for (const [id, settings, retries] of [
  ['defaults: 1200 + 2400 + ... + 38400 = 75600, one more reaches 86400', {}, 7],
  ['capped from the start', { maxRetryIntervalMs: 1_200_000, messageExpirationMs: 6_000_000 }, 5],
  ['expiration below the first delay', { messageExpirationMs: 60_000 }, 1],
  ['no time at all', { messageExpirationMs: 0 }, 0],
] as const) {
  test(`max_retries auto, ${id}: ${retries}`, () => {
    assert.equal(autoRetries({ ...DEFAULTS, ...settings }), retries);
  });
}

test('1200/1200/5: a failing message is retried every 1200 s and fails at 6000 s', () => {
  const settings = { ...DEFAULTS, maxRetryIntervalMs: 1_200_000, maxRetries: 5 };
  let [now, retries] = [0, 0];
  for (;;) {
    const next = afterTransientFailure(retries, wallMs(0), wallMs(now), settings);
    if (next.kind === 'giveUp') break;
    now = next.nextAttemptAt;
    retries = next.retries;
  }
  assert.deepEqual([now, retries], [6_000_000, 5]);
});

test('never_retry: the first transient failure is the last, also of mail that was retried before', () => {
  for (const retries of [0, 3]) {
    const after = afterTransientFailure(retries, wallMs(0), wallMs(1000), { ...DEFAULTS, neverRetry: true });
    assert.deepEqual(after, { kind: 'giveUp', reply: RETRIES_USED_REPLY });
  }
  const expired = afterTransientFailure(0, wallMs(0), wallMs(86_400_000), { ...DEFAULTS, neverRetry: true });
  assert.deepEqual(expired, { kind: 'giveUp', reply: EXPIRED_REPLY });
});

test('the last attempt falls on the expiration, and a failure there is final', () => {
  const settings = { ...DEFAULTS, maxRetries: 'none', messageExpirationMs: 3_000_000 } as const;
  const second = afterTransientFailure(1, wallMs(0), wallMs(1_200_000), settings);
  assert.deepEqual(second, { kind: 'retry', retries: 2, nextAttemptAt: 3_000_000 });
  const last = afterTransientFailure(2, wallMs(0), wallMs(3_000_000), settings);
  assert.equal(last.kind, 'giveUp');
});

test('property: the active queue gives every task once, oldest reception first', () => {
  const step = fc.oneof(
    fc.record({ at: fc.nat(50), retries: fc.nat(1) }),
    fc.constant('take' as const),
    fc.record({ remove: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new ActiveQueue({ active: 0, delayed: 0 });
      const inside = new Set<Task>();
      for (const one of steps) {
        if (one === 'take') {
          const taken = queue.take();
          assert.equal(taken === undefined, inside.size === 0);
          if (taken === undefined) continue;
          assert.ok(inside.delete(taken));
          for (const other of inside) assert.ok(other.stored.envelope.receivedAt >= taken.stored.envelope.receivedAt);
        } else if ('remove' in one) {
          const removed = [...inside][one.remove];
          if (removed === undefined) continue;
          inside.delete(removed);
          assert.ok(queue.has(removed) && queue.remove(removed));
          assert.ok(!queue.has(removed) && !queue.remove(removed));
        } else {
          const added = task(one.at, one.retries);
          inside.add(added);
          queue.add(added);
        }
        assert.deepEqual([queue.size, queue.messages], [inside.size, inside.size]);
        assert.deepEqual(new Set(queue.list()), inside);
        assert.equal(queue.list().length, inside.size);
      }
    }),
  );
});

test('a task is taken out of the middle of a queue by itself, and is in no other', () => {
  const [first, second, third] = [task(1), task(2), task(3)];
  const totals = { active: 0, delayed: 0 };
  const [active, delayed] = [new ActiveQueue(totals), new DelayedQueue(totals)];
  for (const one of [first, second, third]) active.add(one);
  assert.ok(active.remove(second));
  delayed.add(second);
  assert.deepEqual(totals, { active: 2, delayed: 1 });
  assert.ok(!active.has(second) && !active.remove(second) && !delayed.remove(first));
  assert.ok(delayed.remove(second) && !delayed.remove(second));
  assert.deepEqual([active.take(), active.take(), active.take()], [first, third, undefined]);
  assert.deepEqual(totals, { active: 0, delayed: 0 });
});

test('property: the delayed queue gives what is due, and nothing early', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 60 }), fc.nat(100), (times, now) => {
      const queue = new DelayedQueue({ active: 0, delayed: 0 });
      for (const at of times) queue.add(task(0, 1, at));
      const due: number[] = [];
      for (let next = queue.takeDue(wallMs(now)); next !== undefined; next = queue.takeDue(wallMs(now)))
        due.push(next.dueAt);
      assert.deepEqual(
        due,
        times.filter((at) => at <= now).sort((a, b) => a - b),
      );
      assert.equal(queue.size, times.length - due.length);
    }),
  );
});
