// Nobody waits for a slot that an idle connection holds, however the two came about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerBench } from '../../../test/support/scheduler-bench.ts';

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
