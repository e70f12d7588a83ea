// Nobody waits for a slot that an idle connection holds, however the two came about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESERVE_INTERVAL_MS, SchedulerBench } from '../../../test/support/scheduler-bench.ts';

test('the slot that was on its way to somebody goes to another: then the idle connection gives up its own', () => {
  const bench = new SchedulerBench({ scopeLimits: [{ key: 'sum', limit: 2 }] });
  bench.settingsOf = (_, domain) => (domain === 'c.example' ? { maxOutboundConnections: 1 } : {});
  bench.add(3, 'c.example');
  bench.add(1, 'a.example');
  bench.establish();
  const [ofC, ofA] = bench.connections;
  bench.add(1, 'b.example');
  // One slot of the sum is to come back, and one waits for it: a's connection may stay. c waits for its own limit.
  bench.scheduler.startLeaving(ofC!);
  bench.deliver(ofA!);
  assert.equal(ofA!.state, 'idle');
  bench.close(ofC!);
  assert.deepEqual(
    bench.connections.map(({ queue }) => queue.domain),
    ['a.example', 'c.example'],
    'c was the first to be woken',
  );
  assert.deepEqual(bench.quits, [ofA]);
  bench.close(ofA!);
  assert.deepEqual(
    bench.connections.map(({ queue }) => queue.domain),
    ['c.example', 'b.example'],
  );
});

test('a queue loses its last connection while it waits: the idle connection of another goes', () => {
  const bench = new SchedulerBench({}, 1, 2);
  bench.add(5, 'a.example');
  bench.add(1, 'b.example');
  bench.later(RESERVE_INTERVAL_MS);
  bench.establish();
  const [ofA, ofB] = bench.connections;
  // Above the limit of the node only those wait that have no connection, so b's may stay.
  bench.deliver(ofB!);
  assert.equal(ofB!.state, 'idle');
  bench.scheduler.startLeaving(ofA!);
  bench.close(ofA!);
  assert.deepEqual(bench.quits, [ofB]);
  bench.close(ofB!);
  assert.deepEqual(
    bench.connections.map(({ queue }) => queue.domain),
    ['a.example'],
  );
});
