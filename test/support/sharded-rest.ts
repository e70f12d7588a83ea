// Whether a queue of a shard at rest lacks nothing for one more connection: design decision 26, for all parts of the queue
// together. Looked at from outside, in the counters and queues themselves. And whether it waits for what others hold for nothing.
import type { MonoMs } from '../../src/core/base/moment.ts';
import { allocationTarget } from '../../src/core/delivery/allocation.ts';
import { claimFor, hostCounters } from '../../src/core/delivery/claims.ts';
import { chooseHost } from '../../src/core/delivery/host-choice.ts';
import type { LimitedCounter, MailQueue } from '../../src/core/delivery/mail-queue.ts';
import type { OutboundConnection } from '../../src/core/delivery/outbound-connection.ts';
import { COLD, HOT, LEAVING, type LedgerMemory, OPEN, OWN, OWN_TASKS } from '../../src/core/limits/ledger-memory.ts';
import { NO_COUNTER } from '../../src/core/limits/wait-list.ts';
import type { SchedulingShard } from './scheduling-shard.ts';
import { type ShardedPlan, settingsFor } from './sharded-plan.ts';

/** Of all parts of a queue, by its counter. */
export function tasksOf(shards: readonly SchedulingShard[]): ReadonlyMap<number, number> {
  const tasks = new Map<number, number>();
  for (const { scheduler } of shards) {
    for (const { pairCounter, active, inFlight } of scheduler.queues.values())
      tasks.set(pairCounter, (tasks.get(pairCounter) ?? 0) + active.size + inFlight);
  }
  return tasks;
}

/** What shards say of the tasks that they have, where that is not what they have. */
export function* wronglyTold(
  shards: readonly SchedulingShard[],
  memory: LedgerMemory,
  tasks: ReadonlyMap<number, number>,
): Generator<string> {
  for (let index = 0; index < memory.counters; index++) {
    const had = tasks.get(index) ?? 0;
    const told = shards.reduce((sum, { number }) => sum + memory.own(number)[index * OWN + OWN_TASKS]!, 0);
    if (told !== had) yield `shards tell of ${told} tasks of counter ${index}, and have ${had}`;
  }
}

/** Of all parts of the queue. While others have other limits in force, the lowest: they cannot know of more. */
export function lowestTarget(
  { pairCounter, domain }: MailQueue,
  tasks: ReadonlyMap<number, number>,
  shards: readonly SchedulingShard[],
  plan: ShardedPlan,
): number {
  const targets = shards.map(({ version }) => {
    const { maxOutboundConnections, connectionsPerMessage } = settingsFor(plan, version, domain);
    return allocationTarget(tasks.get(pairCounter)!, maxOutboundConnections, connectionsPerMessage);
  });
  return Math.min(...targets);
}

/** @param target of all parts of the queue, by the limits of each shard the lowest */
export function couldOpen(
  queue: MailQueue,
  target: number,
  shard: SchedulingShard,
  memory: LedgerMemory,
  now: MonoMs,
): boolean {
  const { connections, leaving, active, inFlight, hold, pairCounter } = queue;
  if (active.size === 0) return false;
  if (queue.idle.length > 0) return true;
  if (hold !== null || connections.size - leaving >= active.size + inFlight) return false;
  if (memory.hot[pairCounter * HOT + OPEN]! >= target) return false;
  const hasRoom = ({ counter, limit }: LimitedCounter): boolean => memory.hot[counter * HOT + OPEN]! < limit;
  const { ledger, node, scheduler } = shard;
  const choice = chooseHost(queue.candidates, queue, scheduler.hostStates, { below: () => 0 }, now, (candidate) =>
    hostCounters(ledger, queue, candidate).every(hasRoom),
  );
  if (choice.kind !== 'chosen') return false;
  const { counters, limits } = claimFor(ledger, queue, choice.candidate, node, scheduler.nodeLimits, 'ordinary');
  return counters.every((counter, at) => hasRoom({ counter, limit: counter === pairCounter ? target : limits[at]! }));
}

/**
 * How many connections are open beyond those that the mail of all parts asks for, as far as their shards have told of it: not
 * counted are those on their way out, and what a part has that has no other connection, which may be in place of another.
 */
export function beyondTarget({ queue }: OutboundConnection, memory: LedgerMemory): number {
  const { settings, pairCounter, hasNoConnection } = queue;
  if (hasNoConnection) return 0;
  const { maxOutboundConnections, connectionsPerMessage } = settings;
  let tasks = 0;
  for (let shard = 0; shard < memory.shards; shard++) tasks += memory.own(shard)[pairCounter * OWN + OWN_TASKS]!;
  const open = memory.hot[pairCounter * HOT + OPEN]! - memory.cold[pairCounter * COLD + LEAVING]!;
  return open - allocationTarget(tasks, maxOutboundConnections, connectionsPerMessage);
}

/** A counter that is full, for which the queue waits without any connection, while nobody gives a slot of it back; or null. */
export function starvedOf({ waits, active, hasNoConnection }: MailQueue, memory: LedgerMemory): number | null {
  if (active.size === 0 || !hasNoConnection) return null;
  for (const { list } of waits) {
    const { counter, limit } = list;
    const open = memory.hot[counter * HOT + OPEN]!;
    if (counter === NO_COUNTER || (list.tasksSeen > 0 ? open < limit : open !== limit)) continue;
    if (memory.cold[counter * COLD + LEAVING] === 0) return counter;
  }
  return null;
}
