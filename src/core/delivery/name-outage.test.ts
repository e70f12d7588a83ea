import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { EXPIRED_REPLY } from '../queue/retry-schedule.ts';

test('in an outage of the name service mail waits without a record, and goes out when it is over', () => {
  const bench = new SchedulerBench();
  bench.route = { kind: 'outage' };
  for (let count = 0; count < 3; count++) bench.add(1);
  for (let hour = 0; hour < 20; hour++) bench.later(3_600_000);
  assert.deepEqual([bench.failures, bench.connections.length, bench.stalled], [[], 0, []]);
  const [queue] = [...bench.scheduler.queues.values()];
  assert.deepEqual(queue!.hold, { kind: 'nameServiceDown' });
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1')], ttlMs: 60_000 };
  bench.scheduler.routeReady(queue!);
  bench.later(0);
  assert.ok(bench.connections.length > 0);
  assert.equal(queue!.hold, null);
});

test('mail expires in an outage at its time, as in any wait, and not before', () => {
  const bench = new SchedulerBench({ messageExpirationMs: 86_400_000 });
  bench.route = { kind: 'outage' };
  bench.add(1);
  bench.later(86_399_000);
  assert.deepEqual(bench.failures, []);
  bench.later(1000);
  assert.deepEqual(bench.failures, [EXPIRED_REPLY]);
});
