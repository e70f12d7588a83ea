// How many connections a queue gets that has a part in each of two or three shards: all together as many as all mail asks for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { addMono } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { Ledger } from '../limits/ledger.ts';
import { LedgerControl } from '../limits/ledger-control.ts';
import { LedgerMemory } from '../limits/ledger-memory.ts';
import { SharedCells } from '../limits/shared-cells.ts';
import { UNIVERSAL_KEYS } from './claims.ts';
import { explainQueue } from './queue-explanation.ts';
import type { DeliverySettings } from './settings.ts';

const QUANTUM_MESSAGES = 20;
/** So few connections that one does for a hundred messages. */
const ONE_FOR_MANY = { maxOutboundConnections: NO_LIMIT, connectionsPerMessage: 0.01 };

function shardsOf(count: number, settings: Partial<DeliverySettings> = {}) {
  const memory = LedgerMemory.make({ shards: count, counters: 64 }, [1, 2, 3, 4]);
  const control = new LedgerControl(memory, UNIVERSAL_KEYS);
  const shards = Array.from({ length: count }, (_, shard) => {
    control.admit(shard);
    return new SchedulerBench(settings, NO_LIMIT, 0, undefined, new Ledger(new SharedCells(memory, shard)));
  });
  for (const shard of shards) shard.scheduler.run(shard.at);
  return { control, shards: shards as [SchedulerBench, SchedulerBench, ...SchedulerBench[]] };
}

const counts = (shards: readonly SchedulerBench[]): number[] => shards.map(({ connections }) => connections.length);

/** Those that were rung look until nobody is any more. */
function settle(shards: readonly SchedulerBench[]): void {
  for (let round = 0; round < 5; round++) for (const shard of shards) shard.scheduler.run(shard.at);
}

const ROWS: readonly [
  id: string,
  limit: number,
  mail: readonly [here: number, there: number],
  connections: readonly [here: number, there: number],
][] = [
  ['a part is counted with the other: 10 ask for 3, 20 for 6', NO_LIMIT, [10, 10], [3, 3]],
  ['none has more than it has messages, and none goes to another instead', NO_LIMIT, [100, 1], [30, 1]],
  ['the curve is that of the sum: 32 ask for 9, 64 for 15', 32, [32, 32], [9, 6]],
  ['a part without a connection waits where the mail of both asks for one', NO_LIMIT, [1, 1], [1, 0]],
  ['and gets one where it asks for two', NO_LIMIT, [3, 1], [1, 1]],
  ['the limit is that of both', 4, [100, 100], [4, 0]],
  ['a limit of 0 opens nothing', 0, [10, 10], [0, 0]],
];
for (const [id, maxOutboundConnections, [here, there], expected] of ROWS) {
  test(id, () => {
    const { shards } = shardsOf(2, { maxOutboundConnections });
    shards[0].add(here);
    shards[1].add(there);
    settle(shards);
    assert.deepEqual(counts(shards), expected);
  });
}

test('mail of a shard that cannot use what it asks for has another open it', () => {
  const { shards } = shardsOf(2);
  shards[1].scheduler.pause(addMono(shards[1].at.mono, 1000));
  shards[0].add(10);
  assert.deepEqual(counts(shards), [3, 0]);
  shards[1].add(10);
  settle(shards);
  assert.deepEqual(counts(shards), [6, 0]);
});

test('who waits for the share of its queue is told when a connection goes', () => {
  const { shards } = shardsOf(2);
  const [one, other] = shards;
  one.add(3);
  other.add(7);
  settle(shards);
  assert.deepEqual(counts(shards), [1, 2]);
  other.add(10);
  settle(shards);
  assert.deepEqual(counts(shards), [1, 5]);
  one.establish();
  one.scheduler.startLeaving(one.connections[0]!);
  one.close(one.connections[0]!);
  settle(shards);
  assert.equal(one.connections.length + other.connections.length, 6);
});

test('a connection is given up after its quantum for the part of its queue that has none, and for no other', () => {
  const { shards } = shardsOf(2, ONE_FOR_MANY);
  const [one, other] = shards;
  one.add(60);
  other.add(1);
  settle(shards);
  assert.deepEqual(counts(shards), [1, 0]);
  assert.equal(other.queue().waitsSince, other.at.mono);
  one.establish();
  const connection = one.connections[0]!;
  for (let sent = 1; sent < QUANTUM_MESSAGES; sent++) one.deliver(connection);
  assert.equal(connection.state, 'busy');
  one.deliver(connection);
  assert.equal(connection.state, 'leaving');
  settle(shards);
  assert.deepEqual(counts(shards), [1, 0], 'its place is for the other part');
  one.close(connection);
  settle(shards);
  assert.deepEqual(counts(shards), [0, 1]);
  // Now the first part has none, and the other nothing to send any more.
  other.establish();
  other.deliver(other.connections[0]!);
  settle(shards);
  assert.equal(other.connections[0]!.state, 'leaving');
  other.close(other.connections[0]!);
  settle(shards);
  assert.deepEqual(counts(shards), [1, 0]);
});

test('parts with connections leave each other the busy ones', () => {
  const { shards } = shardsOf(2, ONE_FOR_MANY);
  const [one, other] = shards;
  one.add(250);
  other.add(60);
  settle(shards);
  assert.deepEqual(counts(shards), [3, 1]);
  one.establish();
  for (const connection of one.connections) for (let sent = 0; sent < 30; sent++) one.deliver(connection);
  settle(shards);
  assert.ok(one.connections.every(({ state }) => state === 'busy'));
});

test('one with nothing to do goes at once, and the part without any has its place beyond what the mail asks for', () => {
  const { shards } = shardsOf(2, { maxOutboundConnections: NO_LIMIT });
  const [one, other] = shards;
  one.add(20);
  one.establish();
  for (let sent = 0; sent < 15; sent++) one.deliver(one.connections[0]!);
  assert.equal(one.connections.filter(({ state }) => state === 'idle').length, 1, 'five messages are on the way');
  other.add(2);
  settle(shards);
  const leaving = one.connections.filter(({ state }) => state === 'leaving');
  assert.equal(leaving.length, 1);
  one.close(leaving[0]!);
  settle(shards);
  assert.deepEqual(counts(shards), [5, 1], 'seven messages ask for three, and who had some keeps them');
});

test('a part without a connection goes before those that first hear of more mail', () => {
  const { shards } = shardsOf(2, ONE_FOR_MANY);
  const [one, other] = shards;
  one.add(60);
  other.add(1);
  settle(shards);
  one.add(200);
  assert.deepEqual(counts(shards), [2, 0], 'the third of three places is not taken');
  settle(shards);
  assert.deepEqual(counts(shards), [2, 1]);
});

test('mail of a shard that ended asks for nothing', () => {
  const { control, shards } = shardsOf(3);
  const [one, other, third] = shards;
  one.add(10);
  other.add(10);
  settle(shards);
  assert.equal(one.ledger.shares.tasks(one.queue().pairCounter), 20);
  control.ended(1);
  settle([one, third!]);
  assert.ok(control.recover());
  settle([one, third!]);
  assert.equal(one.ledger.shares.tasks(one.queue().pairCounter), 10);
});

test('why tells of the target of all mail, and of a part that waits for a place', () => {
  const { shards } = shardsOf(2, ONE_FOR_MANY);
  const [one, other] = shards;
  one.add(60);
  other.add(1);
  settle(shards);
  const loaded = loadConfiguration('mail.conf', () => ({ text: '' }));
  assert.ok(loaded.kind === 'loaded');
  const explain = (shard: SchedulerBench) => {
    const { ledger, scheduler, connections, at } = shard;
    const { nodeLimits, hostStates } = scheduler;
    const node = { total: 0, descriptors: 1, ordinary: 2 };
    const parts = { configuration: loaded.configuration, ledger, node, nodeLimits, hostStates, connections };
    const { wanted, reason, waitingMs } = explainQueue(shard.queue(), parts, at);
    return { wanted, reason, waitingMs };
  };
  other.later(700);
  assert.deepEqual(explain(one), { wanted: 1, reason: { kind: 'served' }, waitingMs: null });
  assert.deepEqual(explain(other), { wanted: 1, reason: { kind: 'place', open: 1 }, waitingMs: 700 });
  one.add(200);
  settle(shards);
  assert.deepEqual(explain(other), { wanted: 3, reason: { kind: 'served' }, waitingMs: null });
});
