import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { wallMs } from '../base/moment.ts';
import { makeTask } from '../queue/task.ts';
import { allocationTarget } from './allocation.ts';
import { NO_VALID_HOSTS } from './connection-opener.ts';

for (const [id, waiting, limit, k, target] of [
  ['no mail', 0, 32, 0.3, 0],
  ['one message', 1, 32, 0.3, 1],
  ['the page: limit 32, 25 waiting, normal', 25, 32, 0.3, 7],
  ['the page: limit 32, 100 waiting, normal', 100, 32, 0.3, 20],
  ['the page: limit 32, 50 waiting, high', 50, 32, 0.75, 23],
  ['16 times the limit reaches it', 512, 32, 0.3, 32],
  ['limit 1', 5, 1, 0.3, 1],
  ['limit 0', 5, 0, 0.3, 0],
  ['no limit', 100, NO_LIMIT, 0.3, 30],
  ['never more than there are messages', 2, 1000, 0.75, 2],
] as const) {
  test(`allocation target, ${id}: ${target}`, () => assert.equal(allocationTarget(waiting, limit, k), target));
}

test('with 16 times the limit waiting the limit is reached and not passed', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 5 });
  bench.add(200);
  assert.equal(bench.connections.length, 5);
  bench.establish();
  for (let round = 0; round < 30; round++) for (const connection of [...bench.connections]) bench.deliver(connection);
  assert.equal(bench.connections.length, 5);
});

test('a connection without mail stays idle and serves the next message', () => {
  const bench = new SchedulerBench();
  bench.add(1);
  bench.establish();
  const [connection] = bench.connections;
  bench.deliver(connection!);
  assert.equal(connection!.state, 'idle');
  bench.add(1);
  assert.equal(bench.connections.length, 1);
  assert.equal(bench.sent.length, 2);
});

test('an idle connection gives its slot up when another queue waits for the binding total', () => {
  const bench = new SchedulerBench({ bindingConnections: 1 });
  bench.add(1, 'a.example');
  bench.establish();
  bench.deliver(bench.connections[0]!);
  bench.add(1, 'b.example');
  assert.equal(bench.quits.length, 1);
  assert.equal(bench.connections.length, 1, 'nothing opens before the slot is back');
  bench.close(bench.quits[0]!);
  assert.equal(bench.connections[0]!.queue.domain, 'b.example');
});

test('a busy queue hands its slot over after a quantum, not after every message', () => {
  const bench = new SchedulerBench({}, 1);
  bench.add(100, 'a.example');
  bench.add(1, 'b.example');
  bench.establish();
  const [connection] = bench.connections;
  let messages = 0;
  for (; connection!.state === 'busy'; messages++) bench.deliver(connection!);
  assert.equal(messages, 20);
  bench.close(connection!);
  assert.equal(bench.connections[0]!.queue.domain, 'b.example', 'who has no connection goes first');
});

test('a connection that has served its quantum before somebody comes goes after its message', () => {
  const bench = new SchedulerBench({}, 1);
  bench.add(100, 'a.example');
  bench.establish();
  const [connection] = bench.connections;
  for (let message = 0; message < 25; message++) bench.deliver(connection!);
  bench.add(1, 'b.example');
  assert.equal(connection!.state, 'busy');
  bench.deliver(connection!);
  assert.equal(connection!.state, 'leaving');
});

test('lowering a limit: busy connections leave after their message, and only the surplus', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 10 });
  bench.add(400);
  bench.establish();
  bench.settings = { maxOutboundConnections: 3 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  for (const connection of [...bench.connections]) bench.deliver(connection);
  const leaving = bench.connections.filter((connection) => connection.state === 'leaving');
  assert.equal(leaving.length, 7);
  for (const connection of leaving) bench.close(connection);
  assert.equal(bench.connections.length, 3);
  bench.settings = { maxOutboundConnections: 10 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 10);
});

test('lowering a limit closes idle surplus at once, the newest first', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 4 });
  bench.add(64);
  bench.establish();
  for (let round = 0; round < 16; round++) for (const connection of bench.connections) bench.deliver(connection);
  const idle = bench.connections.filter((connection) => connection.state === 'idle');
  assert.equal(idle.length, 4);
  bench.settings = { maxOutboundConnections: 1 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  assert.deepEqual(bench.quits, idle.slice(1).reverse());
});

test('a full address is passed over for its sibling, then the next preference; all full: mail stays active', () => {
  const bench = new SchedulerBench({ hostLimit: () => 2 });
  bench.route = {
    kind: 'hosts',
    candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 10), candidate('127.0.0.3', 20)],
    ttlMs: 60_000,
  };
  bench.add(600);
  const count = (address: string) => bench.connections.filter((one) => one.candidate.address === address).length;
  assert.deepEqual([count('127.0.0.1'), count('127.0.0.2'), count('127.0.0.3')], [2, 2, 2]);
  assert.equal(bench.failures.length, 0);
  bench.close(bench.connections.find((one) => one.candidate.address === '127.0.0.2')!);
  assert.deepEqual([count('127.0.0.1'), count('127.0.0.2'), count('127.0.0.3')], [2, 2, 2], 'the freed slot is used');
});

test('a refused address is set aside and the next candidate is tried at once, without a failed attempt', () => {
  const bench = new SchedulerBench();
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1', 10), candidate('127.0.0.2', 20)], ttlMs: 60_000 };
  bench.add(1);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.connections[0]!.candidate.address, '127.0.0.2');
  assert.deepEqual(bench.failures, []);
  bench.failConnect(bench.connections[0]!);
  assert.deepEqual(bench.failures, [NO_VALID_HOSTS]);
});

test('with every host set aside, mail waits until the first may be tried again', () => {
  const bench = new SchedulerBench();
  bench.add(3);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.failures.length, 1);
  assert.equal(bench.connections.length, 0);
  bench.later(119_999);
  assert.equal(bench.connections.length, 0);
  bench.later(1);
  assert.equal(bench.connections.length, 1);
});

test('mail that nobody fetches fails at its expiration', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 0 });
  bench.add(2);
  bench.later(86_399_999);
  assert.equal(bench.failures.length, 0);
  bench.later(1);
  assert.equal(bench.failures.length, 2);
});

test('a pause after trouble of this node marks no host down and ends by itself', () => {
  const bench = new SchedulerBench();
  bench.scheduler.nodeTrouble(bench.at);
  bench.add(1);
  assert.equal(bench.connections.length, 0);
  bench.later(1000);
  assert.equal(bench.connections.length, 1);
  assert.deepEqual(bench.failures, []);
});

test('max_deliveries_per_connection: the connection leaves and the rest goes over another', () => {
  const bench = new SchedulerBench({ maxOutboundConnections: 1, maxDeliveriesPerConnection: 2 });
  bench.add(3);
  bench.establish();
  const [connection] = bench.connections;
  bench.deliver(connection!);
  bench.deliver(connection!);
  assert.equal(connection!.state, 'leaving');
  bench.close(connection!);
  bench.establish();
  assert.equal(bench.sent.length, 3);
});

test('a task with more recipients than max_recipients_per_batch goes in several', () => {
  const bench = new SchedulerBench({ maxRecipientsPerBatch: 2 });
  const queue = bench.queue();
  bench.add(1);
  const whole = queue.active.take()!;
  bench.scheduler.addActive(queue, makeTask(whole.stored, [0, 1, 2, 3, 4], 0, wallMs(0)));
  bench.scheduler.run(bench.at);
  bench.establish();
  for (let round = 0; round < 3; round++) bench.deliver(bench.connections[0]!);
  assert.deepEqual(
    bench.sent.map((one) => one.task.recipients),
    [[0, 1], [2, 3], [4]],
  );
});

test('a task that is cut into batches wants as many connections as the batches do', () => {
  const bench = new SchedulerBench({ maxRecipientsPerBatch: 1, connectionsPerMessage: 1 });
  const queue = bench.queue();
  bench.add(1);
  const whole = queue.active.take()!;
  bench.scheduler.addActive(queue, makeTask(whole.stored, [0, 1], 0, wallMs(0)));
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 1);
  bench.establish();
  assert.equal(bench.connections.length, 2);
});

test('a connection that leaves is replaced at once where there is room, not when it is gone', () => {
  const bench = new SchedulerBench();
  bench.add(4);
  assert.equal(bench.connections.length, 2);
  bench.establish();
  bench.scheduler.startLeaving(bench.connections[0]!);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 3);
});

test('a host that answers after all is used again at once by the queue that had set it aside', () => {
  const bench = new SchedulerBench();
  bench.add(7);
  assert.equal(bench.connections.length, 3);
  bench.failConnect(bench.connections[0]!);
  assert.equal(bench.connections.length, 2);
  bench.scheduler.hostAnswered(bench.connections[0]!);
  bench.scheduler.run(bench.at);
  assert.equal(bench.connections.length, 3);
});

test('a host that answers to one queue of a binding is used at once by the others that had given up', () => {
  const bench = new SchedulerBench();
  bench.add(7, 'a.example');
  bench.failConnect(bench.connections[0]!);
  bench.add(1, 'b.example');
  assert.equal(bench.queue('b.example').hold?.kind, 'hostsDown');
  bench.scheduler.hostAnswered(bench.connections[0]!);
  bench.scheduler.run(bench.at);
  assert.equal(bench.queue('b.example').connections.size, 1);
});

test('a queue whose mail expired while it waited for room waits no longer', () => {
  const bench = new SchedulerBench({ bindingConnections: 0 });
  bench.add(1);
  const waiting = () => [...bench.ledger.counters()].reduce((sum, counter) => sum + counter.waiting, 0);
  assert.equal(waiting(), 1);
  bench.later(86_400_000);
  assert.equal(bench.failures.length, 1);
  assert.equal(waiting(), 0);
});
