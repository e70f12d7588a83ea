// Which of several exchangers a connection goes to (RFC 5321 section 5.1).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';

/** Connections per address of so many messages, each with a connection of its own. */
function spread(preferences: Readonly<Record<string, number>>, count: number): Map<string, number> {
  const bench = new SchedulerBench({ maxOutboundConnections: NO_LIMIT });
  const candidates = Object.entries(preferences).map(([address, preference]) => ({
    ...candidate(address),
    preference,
  }));
  bench.route = { kind: 'hosts', candidates, ttlMs: 60_000 };
  bench.add(count);
  const counts = new Map<string, number>();
  for (const { candidate: chosen } of bench.connections) {
    counts.set(chosen.address, (counts.get(chosen.address) ?? 0) + 1);
  }
  return counts;
}

test('equal preferences are taken at random, each of them about as often', () => {
  const counts = spread({ '192.0.2.1': 10, '192.0.2.2': 10, '192.0.2.3': 10 }, 3000);
  assert.equal(counts.size, 3);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(total > 100, `${total} connections`);
  for (const [address, count] of counts)
    assert.ok(count > total / 5 && count < total / 2, `${address} has ${count} of ${total}`);
});

test('a worse preference gets nothing while a better one has room and answers', () => {
  const counts = spread({ '192.0.2.1': 10, '192.0.2.2': 10, '192.0.2.3': 11 }, 300);
  assert.deepEqual([...counts.keys()].sort(), ['192.0.2.1', '192.0.2.2']);
});
