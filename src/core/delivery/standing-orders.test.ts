// Mail that the operator wants held or disposed of: no attempt, whatever room there is, and everything as before when the
// order ends by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { wallMs } from '../base/moment.ts';
import { SUSPENDED_WITHOUT_END } from '../config/suspension.ts';
import { UTC_ZONE } from '../queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../queue/curfew-schedule.ts';
import { EXPIRED_REPLY, NOT_ATTEMPTED_REPLY } from '../queue/retry-schedule.ts';
import { makeTask } from '../queue/task.ts';
import type { DeliverySettings } from './settings.ts';
import { BLACKHOLED_REPLY } from './standing-orders.ts';

const STARTED_AT = 1_000_000;
const DAY_MS = 86_400_000;

function reconfigure(bench: SchedulerBench, settings: Partial<DeliverySettings>): void {
  bench.settings = settings;
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
}

function addDelayed(bench: SchedulerBench, dueInMs: number): void {
  const envelope = {
    batchId: '',
    receivedAt: bench.at.wall,
    reversePath: null,
    recipients: [],
    eightBit: false,
    size: 0,
    protocol: 'esmtp',
  };
  const task = makeTask({ envelope, sequence: 1000 }, [0], 1, wallMs(bench.at.wall + dueInMs));
  bench.scheduler.addDelayed(bench.queue(), task, bench.at);
}

test('a suspension with an end is lifted by itself, at that time and not before', () => {
  const bench = new SchedulerBench({ suspendedUntil: wallMs(STARTED_AT + 60_000) });
  bench.add(3);
  assert.deepEqual(bench.queue().hold, { kind: 'suspended', until: STARTED_AT + 60_000 });
  bench.later(59_999);
  assert.equal(bench.connections.length, 0);
  bench.later(1);
  assert.equal(bench.connections.length, 1);
});

test('the end of a suspension is one of the wall clock: one that was set back makes it later', () => {
  const bench = new SchedulerBench({ suspendedUntil: wallMs(STARTED_AT + 60_000) });
  bench.add(1);
  bench.at = { mono: bench.at.mono, wall: wallMs(bench.at.wall - 30_000) };
  bench.later(60_000);
  assert.equal(bench.connections.length, 0);
  bench.later(30_000);
  assert.equal(bench.connections.length, 1);
});

test('a suspension: busy connections end their message and leave, idle ones go at once, delayed mail that is due waits', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 2 });
  bench.add(2);
  bench.add(20);
  bench.establish();
  const [busy] = bench.connections;
  addDelayed(bench, 10_000);
  reconfigure(bench, { suspendedUntil: wallMs(STARTED_AT + 60_000) });
  bench.deliver(busy!);
  assert.equal(busy!.state, 'leaving');
  bench.deliver(bench.connections[1]!);
  for (const connection of [...bench.connections]) bench.close(connection);
  bench.later(10_000);
  assert.equal(bench.connections.length, 0);
  assert.equal(bench.queue().delayed.size, 0);
  bench.later(50_000);
  assert.ok(bench.connections.length > 0);
});

test('a queue that waits for room waits no longer for it when it is suspended, and again afterwards', () => {
  const bench = new SchedulerBench({ bindingConnections: 1 });
  bench.add(1, 'a.example');
  bench.establish();
  bench.settingsOf = (_, domain) => (domain === 'b.example' ? { suspendedUntil: wallMs(STARTED_AT + 1000) } : {});
  bench.add(1, 'b.example');
  assert.equal(bench.queue('b.example').waits.length, 0);
  bench.later(1000);
  assert.equal(bench.queue('b.example').waits.length, 1);
});

for (const [id, settings] of [
  ['suspended until further notice', { suspendedUntil: SUSPENDED_WITHOUT_END }],
  ['suspended for a year', { suspendedUntil: wallMs(STARTED_AT + 365 * DAY_MS) }],
  ['its binding is gone', { bindingExists: false }],
  ['limit 0', { maxOutboundConnections: 0 }],
  ['limit 0 of the binding', { bindingConnections: 0 }],
  ['limit 0 of the host', { hostLimit: () => 0 }],
] as const) {
  test(`mail expires on time: ${id}`, () => {
    const bench = new SchedulerBench(settings);
    bench.add(2);
    addDelayed(bench, 1000);
    bench.later(DAY_MS - 1);
    assert.deepEqual(bench.failures, []);
    bench.later(1);
    assert.deepEqual(bench.failures, [EXPIRED_REPLY, EXPIRED_REPLY, EXPIRED_REPLY]);
    assert.equal(bench.queue().active.size, 0);
  });
}

test('mail expires on time: all hosts down, although the queue is looked at now and then', () => {
  const bench = new SchedulerBench({ hostFailureRetryMs: 10 * DAY_MS, connectTimeoutToDelayMs: 10 * DAY_MS });
  bench.add(3);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.failures.length, 1, 'the attempt');
  bench.later(DAY_MS - 1);
  assert.equal(bench.failures.length, 1);
  bench.later(1);
  assert.deepEqual(bench.failures.slice(1), [EXPIRED_REPLY, EXPIRED_REPLY]);
});

test('mail expires on time: suspended while a connection has a message, which ends on its own', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 1, messageExpirationMs: 10_000 });
  bench.add(2);
  bench.establish();
  reconfigure(bench, { ...bench.settings, suspendedUntil: SUSPENDED_WITHOUT_END });
  bench.later(10_000);
  assert.deepEqual(bench.failures, [EXPIRED_REPLY]);
  assert.equal(bench.queue().inFlight, 1);
});

test('never_attempt_expired_messages: mail past its time fails before it would have its last attempt', () => {
  for (const [neverAttemptExpired, failures, connections] of [
    [false, [], 1],
    [true, [NOT_ATTEMPTED_REPLY], 0],
  ] as const) {
    const bench = new SchedulerBench({ neverAttemptExpired, messageExpirationMs: 10_000 });
    addDelayed(bench, 10_000);
    bench.later(9_999);
    assert.deepEqual(bench.failures, []);
    bench.later(1);
    assert.deepEqual(bench.failures, failures);
    assert.equal(bench.connections.length, connections);
  }
});

test('never_attempt_expired_messages: the next message of a connection is one that may still go', () => {
  const bench = new SchedulerBench({
    neverAttemptExpired: true,
    messageExpirationMs: 10_000,
    maxOutboundConnections: 1,
  });
  bench.add(2);
  bench.establish();
  bench.later(5_000);
  bench.add(1);
  bench.at = { mono: bench.at.mono, wall: wallMs(bench.at.wall + 5_000) }; // no timer has come yet
  bench.deliver(bench.connections[0]!);
  assert.deepEqual(bench.failures, [NOT_ATTEMPTED_REPLY]);
  assert.equal(bench.sent.at(-1)!.task.stored.sequence, 3);
});

test('blackhole: all waiting mail of the queue fails at once, what is on a connection goes on', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 1 });
  bench.add(3);
  bench.establish();
  addDelayed(bench, 3_600_000);
  reconfigure(bench, { isBlackholed: true });
  assert.deepEqual(bench.failures, [BLACKHOLED_REPLY, BLACKHOLED_REPLY, BLACKHOLED_REPLY]);
  assert.equal(bench.queue().inFlight, 1);
  bench.deliver(bench.connections[0]!);
  bench.add(1);
  assert.equal(bench.failures.length, 4, 'and what comes afterwards');
  assert.equal(bench.sent.length, 1);
});

test('blackhole: so does mail that comes from another queue, although its next attempt is later', () => {
  const bench = new SchedulerBench({ isBlackholed: true });
  addDelayed(bench, 60_000);
  bench.scheduler.run(bench.at);
  assert.deepEqual(bench.failures, [BLACKHOLED_REPLY]);
});

test('blackhole goes before a suspension: the mail is disposed of, not kept', () => {
  const bench = new SchedulerBench({ isBlackholed: true, suspendedUntil: SUSPENDED_WITHOUT_END });
  bench.add(1);
  assert.deepEqual(bench.failures, [BLACKHOLED_REPLY]);
});

/** Quiet hours under one rule, in UTC; the bench begins at 00:16:40 of a Thursday. */
function withCurfew(rule: string, settings: Partial<DeliverySettings> = {}): SchedulerBench {
  const read = readSchedule(`* a.example on ${rule}`);
  assert.ok(read.kind === 'rules');
  const schedule = new CurfewSchedule('quiet', read.rules, UTC_ZONE);
  return new SchedulerBench(settings, undefined, undefined, (binding, domain) =>
    schedule.curfewOf(binding, 'default', domain),
  );
}
const UNTIL_ONE_MS = 2_600_000;

test('quiet hours: nothing begins in them, everything at their end, other domains go on', () => {
  const bench = withCurfew('* 0 * * *');
  bench.add(3);
  bench.add(1, 'b.example');
  assert.equal(bench.queue().hold?.kind, 'curfew');
  assert.deepEqual(
    bench.connections.map(({ queue }) => queue.domain),
    ['b.example'],
  );
  bench.later(UNTIL_ONE_MS - 1);
  assert.equal(bench.connections.length, 1);
  bench.later(1);
  assert.equal(bench.connections.length, 2);
  assert.deepEqual(bench.failures, []);
});

test('quiet hours that begin: what is busy ends its message and leaves, what is idle or waits gives way', () => {
  const bench = withCurfew('* 1 * * *', { maxOutboundConnections: 1 });
  bench.add(3);
  bench.establish();
  bench.later(UNTIL_ONE_MS - 1);
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.sent.length, 2, 'a millisecond before');
  bench.later(1);
  bench.deliver(bench.connections[0]!);
  assert.equal(bench.sent.length, 2);
  assert.equal(bench.connections[0]!.state, 'leaving');
  bench.close(bench.connections[0]!);
  assert.equal(bench.queue().hold?.kind, 'curfew');
  bench.later(3_600_000);
  assert.equal(bench.connections.length, 1);
});

test('quiet hours that begin while a queue waits for room: it waits for them to end, and for room again', () => {
  const bench = withCurfew('* 1 * * *', { bindingConnections: 0 });
  bench.add(1);
  assert.equal(bench.queue().waits.length, 1);
  bench.later(UNTIL_ONE_MS);
  assert.equal(bench.queue().waits.length, 0);
  assert.equal(bench.queue().hold?.kind, 'curfew');
  bench.later(3_600_000);
  assert.equal(bench.queue().waits.length, 1);
});

test('mail expires on time: in quiet hours', () => {
  const bench = withCurfew('* * * * *', { messageExpirationMs: 5_000_000 });
  bench.add(2);
  bench.later(4_999_999);
  assert.deepEqual(bench.failures, []);
  bench.later(1);
  assert.deepEqual(bench.failures, [EXPIRED_REPLY, EXPIRED_REPLY]);
});
