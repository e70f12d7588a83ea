// The share of a queue's connections that a shard may open, where each shard has a part of the queue (design decision 26): all
// tasks together ask for so many connections, and all connections together are to be below that. A part that has fewer than
// it has tasks waits meanwhile for a place. One without a connection waits for that of the next connection that goes, however
// many the others have: they give one up for it. With one shard nothing of this is called.
import type { Limit } from '../base/limit.ts';
import type { Claim, Ledger } from '../limits/ledger.ts';
import type { WaitList } from '../limits/wait-list.ts';
import { allocationTarget } from './allocation.ts';
import type { MailQueue } from './mail-queue.ts';

/** Tasks of the part in this shard, those on a connection included. */
const ownTasks = ({ active, inFlight }: MailQueue): number => active.size + inFlight;

/** Tells the others how much there is in this shard: before its own share is reckoned. */
export function tellTasks(ledger: Ledger, queue: MailQueue): void {
  ledger.shares.tellTasks(queue.pairCounter, ownTasks(queue));
}

/** How many connections all parts together are to have. */
export function targetOverShards(
  ledger: Ledger,
  queue: MailQueue,
  tasks = ledger.shares.tasks(queue.pairCounter),
): Limit {
  const { maxOutboundConnections, connectionsPerMessage } = queue.settings;
  return allocationTarget(tasks, maxOutboundConnections, connectionsPerMessage);
}

/** As many as there are tasks here, and never more. */
export function ownTarget(queue: MailQueue): number {
  return Math.min(ownTasks(queue), queue.settings.maxOutboundConnections);
}

/** Below how many connections of all parts this one may open another. */
export function shareLimit(ledger: Ledger, queue: MailQueue, tasks?: number): Limit {
  const { pairCounter, settings } = queue;
  const target = targetOverShards(ledger, queue, tasks);
  // What is on its way out is replaced at once, as with one shard, unless another part could have its place.
  const replaced = ledger.isWaitedForElsewhere(pairCounter) ? 0 : queue.leaving;
  const limit = queue.hasNoConnection ? Math.max(target, queue.place) : target + replaced;
  return Math.min(limit, settings.maxOutboundConnections);
}

/** What a connection of the queue takes, its own counter below its share: the claim is held by the limits in force. */
export function withinShare(ledger: Ledger, queue: MailQueue, claim: Claim): Claim {
  if (!ledger.isShared) return claim;
  const limits = [...claim.limits];
  limits[claim.counters.indexOf(queue.pairCounter)] = shareLimit(ledger, queue);
  return { ...claim, limits };
}

/** The part waits until there is room below its share. */
export function awaitPlace(ledger: Ledger, queue: MailQueue): void {
  const { pairCounter, settings } = queue;
  const tasks = ledger.shares.tasks(pairCounter);
  if (queue.hasNoConnection) {
    // The place of the next that goes, though more are open than the tasks ask for: nobody has opened one beyond that.
    queue.place = Math.min(
      Math.max(shareLimit(ledger, queue, tasks), ledger.open(pairCounter)),
      settings.maxOutboundConnections,
    );
  }
  ledger.wait(queue, pairCounter, shareLimit(ledger, queue, tasks), tasks);
}

function listOf({ waits, pairCounter }: MailQueue): WaitList | null {
  for (const { list } of waits) if (list.counter === pairCounter && list.tasksSeen > 0) return list;
  return null;
}

export const awaitsPlace = (queue: MailQueue): boolean => listOf(queue) !== null;

/** Whether the part waits for less than it may have, because of more tasks or no connection any more, or for nothing at all. */
export function waitsInVain(ledger: Ledger, queue: MailQueue): boolean {
  const list = listOf(queue);
  if (list === null) return false;
  if (queue.connections.size - queue.leaving >= ownTarget(queue)) return true;
  return (queue.hasNoConnection && queue.place === 0) || shareLimit(ledger, queue) > list.limit;
}

/** The part has taken what it wants: parts in other shards that may have what is left are told. */
export function offerRest(ledger: Ledger, queue: MailQueue): void {
  tellTasks(ledger, queue);
  const { pairCounter } = queue;
  if (ledger.isWaitedForElsewhere(pairCounter)) ledger.shares.offer(pairCounter, targetOverShards(ledger, queue));
}
