// Active mail that is past its time and that no connection is going to fetch. It ends whatever keeps its queue: a limit, a
// throttle, a suspension, a host. Mail that a connection will fetch has its last attempt instead, unless the operator
// wants none (docs/delivery.md, "Expiration").
import type { Moment, WallMs } from '../base/moment.ts';
import type { Task } from '../queue/task.ts';
import type { MailQueue } from './mail-queue.ts';
import { isOrderedToWait } from './standing-orders.ts';

/** When a task of the queue that was received then has been undelivered for message_expiration. */
export function expiresAt(queue: MailQueue, receivedAt: WallMs): WallMs {
  return (receivedAt + queue.settings.messageExpirationMs) as WallMs;
}

/** Takes the expired tasks out of the active queue, one with each step; the oldest is the first to expire. */
export function* takeExpired(queue: MailQueue, at: Moment): Generator<Task> {
  if (!queue.settings.neverAttemptExpired && (isServed(queue, at) || queue.hold?.kind === 'resolving')) return;
  for (;;) {
    const oldest = queue.active.oldestReceivedAt;
    if (oldest === null || at.wall < expiresAt(queue, oldest)) return;
    yield queue.active.take()!;
  }
}

/** Whether a connection is going to fetch the queue's mail. One that has no token is not going to in time. */
function isServed(queue: MailQueue, at: Moment): boolean {
  if (queue.hold?.kind === 'throttled' || isOrderedToWait(queue, at)) return false;
  return queue.connections.size > queue.leaving;
}
