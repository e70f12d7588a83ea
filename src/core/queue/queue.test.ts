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
import { Sleepers } from './sleepers.ts';
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

/** Recipients of a task: one, some that follow one another, some that do not. */
const RECIPIENTS = [[0], [3], [1, 2, 3], [0, 2, 5]] as const;
const bySequence = (one: Task, other: Task): number => one.stored.sequence - other.stored.sequence;
const told = ({ stored, receivedAt, recipients, retries, dueAt }: Task) => ({
  sequence: stored.sequence,
  receivedAt,
  recipients,
  retries,
  dueAt,
});

for (const awakeMax of [0, 3, 1000]) {
  test(`property: both queues hold what a plain list of tasks holds, with ${awakeMax} awake`, () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          add: fc.constantFrom('active' as const, 'delayed' as const),
          at: fc.nat(50),
          retries: fc.nat(1),
          who: fc.nat(RECIPIENTS.length - 1),
        }),
      },
      fc.constant('take' as const),
      fc.constant('due' as const),
      fc.record({ remove: fc.nat(30), addsAgain: fc.boolean() }),
      fc.constant('list' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const sleepers = new Sleepers(undefined, awakeMax);
        const totals = { active: 0, delayed: 0 };
        const queues = { active: new ActiveQueue(totals, sleepers), delayed: new DelayedQueue(totals, sleepers) };
        const model = { active: new Map<number, Task>(), delayed: new Map<number, Task>() };
        const add = (place: 'active' | 'delayed', added: Task): void => {
          model[place].set(added.stored.sequence, { ...added });
          queues[place].add(added);
        };
        let clock = 0;
        let listed: { place: 'active' | 'delayed'; task: Task }[] = [];
        const isThere = ({ place, task: { stored } }: (typeof listed)[number]) => model[place].has(stored.sequence);
        for (const one of steps) {
          if (one === 'take') {
            const taken = queues.active.take();
            const oldest = [...model.active.values()].reduce<Task | null>(
              (first, next) =>
                first === null ||
                next.receivedAt < first.receivedAt ||
                (next.receivedAt === first.receivedAt && bySequence(next, first) < 0)
                  ? next
                  : first,
              null,
            );
            assert.deepEqual(taken === undefined ? null : told(taken), oldest === null ? null : told(oldest));
            if (taken !== undefined) model.active.delete(taken.stored.sequence);
            listed = listed.filter(isThere);
          } else if (one === 'due') {
            clock += 20;
            for (
              let row = queues.delayed.takeDue(wallMs(clock));
              row !== null;
              row = queues.delayed.takeDue(wallMs(clock))
            )
              queues.active.addAsleep(row);
            for (const [number, waiting] of model.delayed) {
              if (waiting.dueAt > clock) continue;
              model.delayed.delete(number);
              model.active.set(number, waiting);
            }
          } else if (one === 'list') {
            listed = (['active', 'delayed'] as const).flatMap((place) =>
              Array.from(queues[place].list(), (found) => ({ place, task: found })),
            );
          } else if ('remove' in one) {
            const ticket = listed[one.remove];
            if (ticket === undefined) continue;
            const { place, task: looked } = ticket;
            listed.splice(one.remove, 1);
            assert.equal(queues[place].has(looked), isThere(ticket));
            assert.equal(queues[place].remove(looked), isThere(ticket));
            assert.ok(!queues[place].has(looked) && !queues[place].remove(looked));
            if (model[place].delete(looked.stored.sequence) && one.addsAgain) add(place, looked);
          } else {
            const { recipients } = { recipients: RECIPIENTS[one.who]! };
            const { stored } = task(one.at);
            add(one.add, makeTask(stored, recipients, one.retries, wallMs(clock + one.at)));
          }
          for (const place of ['active', 'delayed'] as const) {
            const expected = [...model[place].values()];
            const queue = queues[place];
            const messages = expected.reduce((sum, { recipients }) => sum + recipients.length, 0);
            assert.deepEqual([queue.size, queue.messages, totals[place]], [expected.length, messages, messages]);
            const list = queue.list();
            assert.deepEqual([...list].sort(bySequence).map(told), expected.sort(bySequence).map(told));
            assert.equal(list.length, expected.length);
            for (let at = 0; at < list.length; at++) {
              const looked = list.at(at)!;
              assert.ok(list.isOf(at, looked.stored.sequence) && !list.isOf(at, -1));
              assert.equal(list.messagesAt(at), looked.recipients.length);
            }
          }
          const oldest = Math.min(...[...model.active.values()].map(({ receivedAt }) => receivedAt));
          assert.equal(queues.active.oldestReceivedAt ?? Number.POSITIVE_INFINITY, oldest);
          const soonest = Math.min(...[...model.delayed.values()].map(({ dueAt }) => dueAt));
          assert.equal(queues.delayed.nextDueAt ?? Number.POSITIVE_INFINITY, soonest);
          assert.ok(sleepers.awake <= awakeMax && sleepers.awake >= 0);
        }
        while (queues.active.take() !== undefined);
        while (queues.delayed.take() !== undefined);
        assert.deepEqual([sleepers.size, sleepers.awake, totals], [0, 0, { active: 0, delayed: 0 }]);
      }),
    );
  });
}

test('a task is taken out of the middle of a queue by itself, and is in no other', () => {
  for (const awakeMax of [0, 1, 1000]) {
    const [first, second, third] = [task(1), task(2), task(3)];
    const totals = { active: 0, delayed: 0 };
    const sleepers = new Sleepers(undefined, awakeMax);
    const [active, delayed] = [new ActiveQueue(totals, sleepers), new DelayedQueue(totals, sleepers)];
    for (const one of [first, second, third]) active.add(one);
    assert.ok(active.remove(second));
    delayed.add(second);
    assert.deepEqual(totals, { active: 2, delayed: 1 });
    assert.ok(!active.has(second) && !active.remove(second) && !delayed.remove(first));
    assert.ok(delayed.remove(second) && !delayed.remove(second));
    const left = [active.take(), active.take()].map((taken) => taken?.stored);
    assert.deepEqual([left, active.take()], [[first.stored, third.stored], undefined]);
    assert.deepEqual(totals, { active: 0, delayed: 0 });
  }
});

test('what a list was made of and is elsewhere by now is passed over', () => {
  const sleepers = new Sleepers(undefined, 0);
  const totals = { active: 0, delayed: 0 };
  const [active, delayed] = [new ActiveQueue(totals, sleepers), new DelayedQueue(totals, sleepers)];
  active.add(task(1));
  delayed.add(task(1, 1, 5));
  const lists = [active.list(), delayed.list()];
  active.addAsleep(delayed.takeDue(wallMs(5))!);
  active.take();
  active.add(task(1)); // in the row of the one that was taken
  assert.deepEqual(
    lists.map((list) => [list.length, list.at(0), list.messagesAt(0), [...list]]),
    lists.map(() => [1, null, 0, []]),
  );
});

test('property: the delayed queue gives what is due, and nothing early', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 60 }), fc.nat(100), (times, now) => {
      const sleepers = new Sleepers();
      const queue = new DelayedQueue({ active: 0, delayed: 0 }, sleepers);
      for (const at of times) queue.add(task(0, 1, at));
      const due: number[] = [];
      for (let row = queue.takeDue(wallMs(now)); row !== null; row = queue.takeDue(wallMs(now)))
        due.push(sleepers.wake(row).dueAt);
      assert.deepEqual(
        due,
        times.filter((at) => at <= now).sort((a, b) => a - b),
      );
      assert.equal(queue.size, times.length - due.length);
    }),
  );
});
