// When a queue is to be looked at again although nothing happens to it: delayed mail is due, active mail expires, a hold
// ends. One timer for each queue; what wakes it otherwise is in the scheduler's header.
import { type Moment, type MonoMs, monoOf } from '../base/moment.ts';
import type { Timers } from '../base/timers.ts';
import { expiresAt } from './expiry.ts';
import type { MailQueue } from './mail-queue.ts';
import { ordersChangeAt } from './standing-orders.ts';

/** Sets the queue's timer to the next moment at which it has something to do by itself. */
export function setNextLook(timers: Timers, queue: MailQueue, at: Moment): void {
  const next = nextLookAt(queue, at);
  if (next === null) timers.clear(queue.timer);
  else timers.set(queue.timer, next);
}

/** Null when time alone changes nothing for it. */
function nextLookAt(queue: MailQueue, at: Moment): MonoMs | null {
  let next = Number.POSITIVE_INFINITY;
  const dueAt = queue.delayed.nextDueAt;
  if (dueAt !== null) next = monoOf(dueAt, at);
  const oldest = queue.active.oldestReceivedAt;
  if (oldest !== null) {
    const { hold } = queue;
    const expiresIn = expiresAt(queue, oldest) - at.wall;
    const scan = queue.settings.delayedQueueScanIntervalMs;
    next = Math.min(next, at.mono + (expiresIn > 0 ? expiresIn : scan));
    if (hold?.kind === 'hostsDown') next = Math.min(next, hold.until);
    if (queue.tryHostsAt !== null) next = Math.min(next, queue.tryHostsAt);
    const ordersChange = ordersChangeAt(queue, at);
    if (ordersChange !== null) next = Math.min(next, monoOf(ordersChange, at));
    if (hold?.kind === 'addressMissing') next = Math.min(next, at.mono + scan);
  }
  return next === Number.POSITIVE_INFINITY ? null : (next as MonoMs);
}
