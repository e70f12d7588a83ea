// Mail that does not wait until all hosts of its domain are known (Fully_Resolve_Before_SMTP = false).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { DeliverySettings } from './settings.ts';

const [BETTER, WORSE] = [candidate('127.0.0.1', 1), candidate('127.0.0.2', 2)];

function benchWith(first: Candidate, settings: Partial<DeliverySettings> = {}): SchedulerBench {
  const bench = new SchedulerBench({ connectTimeoutToDelayMs: 0, mxFailuresToDelay: 1, ...settings });
  bench.route = { kind: 'partial', candidates: [first] };
  bench.add(3);
  return bench;
}

/** The lookup has ended. */
function complete(bench: SchedulerBench): void {
  bench.route = { kind: 'hosts', candidates: [BETTER, WORSE], ttlMs: 60_000 };
  bench.scheduler.routeReady(bench.queue());
  bench.scheduler.run(bench.at);
}

const opened = (bench: SchedulerBench): string[] => bench.connections.map((one) => one.candidate.address);

test('the first host is connected to, and further connections go to better ones', () => {
  const bench = benchWith(WORSE);
  assert.ok(bench.connections.length > 0);
  assert.deepEqual(new Set(opened(bench)), new Set(['127.0.0.2']));
  const before = bench.connections.length;
  complete(bench);
  bench.add(50);
  assert.ok(bench.connections.length > before);
  assert.deepEqual(new Set(opened(bench).slice(before)), new Set(['127.0.0.1']));
});

test('a first host that fails is no attempt and delays nothing: the others are waited for', () => {
  const bench = benchWith(WORSE);
  while (bench.connections.length > 0) bench.failConnect(bench.connections[0]!);
  assert.deepEqual(bench.queue().hold, { kind: 'resolving' });
  assert.deepEqual([bench.failures, bench.queue().active.size], [[], 3]);
  complete(bench);
  assert.deepEqual(new Set(opened(bench)), new Set(['127.0.0.1']));
});

test('a first host that is full is not waited for alone', () => {
  const bench = benchWith(WORSE, { hostLimit: (_, address) => (address === '127.0.0.2' ? 1 : 2) });
  bench.add(100);
  assert.deepEqual(opened(bench), ['127.0.0.2']);
  assert.deepEqual([bench.queue().hold, bench.queue().waits.length], [{ kind: 'resolving' }, 0]);
  complete(bench);
  assert.deepEqual(opened(bench), ['127.0.0.2', '127.0.0.1', '127.0.0.1']);
});

test('a first host that the source address cannot reach fails no mail', () => {
  const bench = benchWith({ ...candidate('::1', 1), family: 6 }, { bindAddress: '127.0.0.9' });
  assert.deepEqual([bench.failures, bench.queue().hold], [[], { kind: 'resolving' }]);
  complete(bench);
  assert.deepEqual(new Set(opened(bench)), new Set(['127.0.0.1']));
});
