// The reserve in the scheduler: connections above the node's limit for queues that have none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeLimits, RESERVE_INTERVAL_MS, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';

/** A node of 3 whose slots one domain holds with messages that do not end. */
function loaded(reserve: number, settings: ConstructorParameters<typeof SchedulerBench>[0] = {}): SchedulerBench {
  const bench = new SchedulerBench(settings, 3, reserve);
  bench.add(200, 'busy.example');
  bench.establish();
  assert.equal(bench.connections.length, 3);
  return bench;
}

const domains = (bench: SchedulerBench): string[] => bench.connections.slice(3).map(({ queue }) => queue.domain);

test('a sweep serves those without a connection, the oldest mail first, one connection each, up to the sum', () => {
  const bench = loaded(2);
  for (const [domain, ageMs] of [
    ['young.example', 1],
    ['old.example', 3],
    ['middle.example', 2],
  ] as const) {
    const { at } = bench;
    bench.at = { ...at, wall: (at.wall - ageMs) as typeof at.wall };
    bench.add(50, domain);
    bench.at = at;
  }
  bench.later(RESERVE_INTERVAL_MS - 1);
  assert.deepEqual(domains(bench), []);
  bench.later(1);
  assert.deepEqual(domains(bench), ['old.example', 'middle.example']);
  bench.later(RESERVE_INTERVAL_MS);
  assert.equal(bench.connections.length, 5, 'the sum is never passed');
  bench.close(bench.connections[4]!);
  assert.equal(bench.connections.length, 4, 'not before the next sweep');
  bench.later(RESERVE_INTERVAL_MS);
  assert.equal(bench.connections.length, 5);
});

test('without a reserve nobody gets more', () => {
  const bench = loaded(0);
  bench.add(1, 'other.example');
  bench.later(10 * RESERVE_INTERVAL_MS);
  assert.equal(bench.connections.length, 3);
});

for (const [title, settings] of [
  ['of the domain', { maxOutboundConnections: 0 }],
  ['of the binding', { bindingConnections: 0 }],
  ['of a scope', { scopeLimits: [{ key: 'stanza', limit: 0 }] }],
  ['of the host', { hostLimit: () => 0 }],
  ['of a scope of the host', { hostScopeLimits: () => [{ key: 'stanza', limit: 0 }] }],
] as const) {
  test(`the reserve keeps to the limit ${title}, and the next queue is served`, () => {
    const bench = loaded(1);
    bench.settingsOf = (_, domain) => (domain === 'first.example' ? settings : {});
    bench.add(1, 'first.example');
    bench.later(1);
    bench.add(1, 'second.example');
    bench.later(RESERVE_INTERVAL_MS);
    assert.deepEqual(domains(bench), ['second.example']);
  });
}

test('connections of the reserve are no surplus, and make none of the others', () => {
  const bench = loaded(1, { maxOutboundConnections: 3 });
  bench.add(50, 'other.example');
  bench.later(RESERVE_INTERVAL_MS);
  assert.equal(bench.connections.length, 4);
  bench.scheduler.reconfigure(nodeLimits(3, 1), bench.at);
  bench.scheduler.run(bench.at);
  bench.establish();
  const [first] = bench.connections;
  bench.deliver(first!);
  assert.equal(first!.state, 'busy');
});

test('a lowered limit of the node makes surplus of ordinary connections, however large the reserve', () => {
  const bench = loaded(200);
  bench.add(50, 'other.example');
  bench.later(RESERVE_INTERVAL_MS);
  bench.establish();
  bench.scheduler.reconfigure(nodeLimits(1, 200), bench.at);
  for (const connection of [...bench.connections]) bench.deliver(connection);
  const left = bench.connections.filter(({ state }) => state !== 'leaving');
  assert.deepEqual(
    left.map(({ queue }) => queue.domain),
    ['busy.example', 'other.example'],
  );
});

test('a lowered sum makes surplus of any connection', () => {
  const bench = loaded(2);
  for (const domain of ['x.example', 'y.example']) bench.add(3, domain); // who want no second one
  bench.later(RESERVE_INTERVAL_MS);
  bench.establish();
  assert.equal(bench.connections.length, 5);
  bench.scheduler.reconfigure(nodeLimits(3, 0), bench.at);
  for (const connection of [...bench.connections]) bench.deliver(connection);
  assert.equal(bench.connections.filter(({ state }) => state !== 'leaving').length, 3);
});

test('who waits is handed a slot after a quantum although the reserve is in use', () => {
  const bench = loaded(1);
  bench.add(50, 'second.example');
  bench.later(RESERVE_INTERVAL_MS);
  bench.establish();
  bench.add(1, 'third.example');
  for (let round = 0; round < 25; round++) {
    for (const connection of [...bench.connections]) if (connection.state === 'busy') bench.deliver(connection);
    for (const connection of [...bench.connections]) if (connection.state === 'leaving') bench.close(connection);
    bench.establish();
  }
  assert.ok(bench.sent.some(({ connection }) => connection.queue.domain === 'third.example'));
});

test('an idle connection of the reserve goes when somebody has none', () => {
  const bench = loaded(1);
  bench.add(1, 'second.example');
  bench.later(RESERVE_INTERVAL_MS);
  bench.establish();
  const fourth = bench.connections[3]!;
  bench.deliver(fourth);
  assert.equal(fourth.state, 'idle');
  bench.add(1, 'third.example');
  assert.deepEqual(bench.quits, [fourth]);
});

test('an unlimited node needs no reserve, and arms nothing', () => {
  const bench = new SchedulerBench({ bindingConnections: 1 }, NO_LIMIT, 5);
  bench.add(5, 'a.example');
  bench.add(5, 'b.example');
  bench.later(RESERVE_INTERVAL_MS);
  assert.equal(bench.connections.length, 1);
});
