// Whether a queue of a shard at rest lacks nothing for one more connection: design decision 26, for the part of the queue that
// this shard has. Looked at from outside, in the counters themselves. And whether it waits for what others hold for nothing.
import type { MonoMs } from '../../src/core/base/moment.ts';
import { allocationTarget } from '../../src/core/delivery/allocation.ts';
import { claimFor, hostCounters } from '../../src/core/delivery/claims.ts';
import { chooseHost } from '../../src/core/delivery/host-choice.ts';
import type { LimitedCounter, MailQueue } from '../../src/core/delivery/mail-queue.ts';
import { COLD, HOT, LEAVING, type LedgerMemory, OPEN } from '../../src/core/limits/ledger-memory.ts';
import { NO_COUNTER } from '../../src/core/limits/wait-list.ts';
import type { SchedulingShard } from './scheduling-shard.ts';

export function couldOpen(queue: MailQueue, shard: SchedulingShard, memory: LedgerMemory, now: MonoMs): boolean {
  const { settings, connections, leaving, active, inFlight, hold } = queue;
  if (active.size === 0) return false;
  if (queue.idle.length > 0) return true;
  const { maxOutboundConnections, connectionsPerMessage } = settings;
  const target = allocationTarget(active.size + inFlight, maxOutboundConnections, connectionsPerMessage);
  if (hold !== null || connections.size - leaving >= target) return false;
  const hasRoom = ({ counter, limit }: LimitedCounter): boolean => memory.hot[counter * HOT + OPEN]! < limit;
  const { ledger, node, scheduler } = shard;
  const choice = chooseHost(queue.candidates, queue, scheduler.hostStates, { below: () => 0 }, now, (candidate) =>
    hostCounters(ledger, queue, candidate).every(hasRoom),
  );
  if (choice.kind !== 'chosen') return false;
  const { counters, limits } = claimFor(ledger, queue, choice.candidate, node, scheduler.nodeLimits, 'ordinary');
  return counters.every((counter, at) => hasRoom({ counter, limit: limits[at]! }));
}

/** A counter that is full, for which the queue waits without any connection, while nobody gives a slot of it back; or null. */
export function starvedOf({ waits, active, hasNoConnection }: MailQueue, memory: LedgerMemory): number | null {
  if (active.size === 0 || !hasNoConnection) return null;
  for (const { list } of waits) {
    const { counter, limit } = list;
    if (counter === NO_COUNTER || memory.hot[counter * HOT + OPEN] !== limit) continue;
    if (memory.cold[counter * COLD + LEAVING] === 0) return counter;
  }
  return null;
}
