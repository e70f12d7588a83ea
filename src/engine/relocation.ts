// Mail that waits goes to another queue, by a command of the operator or because of its exchangers. The spool keeps where
// it is, so that a restart finds it there.
import type { Moment } from '../core/base/moment.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import type { QueuePlace } from '../core/mail/message.ts';
import type { Task } from '../core/queue/task.ts';
import type { DelayNotices } from './delay-notices.ts';
import type { Spool, StoredContent } from './ports.ts';

export type Place = 'active' | 'delayed';

export interface RelocationParts {
  readonly scheduler: Scheduler;
  readonly spool: Spool;
  readonly delays: DelayNotices;
}

/** @param task in no queue any more; its retries and its time stay what they are */
export function relocate(parts: RelocationParts, task: Task, place: Place, to: QueuePlace, at: Moment): void {
  const { scheduler, spool, delays } = parts;
  const stored = task.stored as StoredContent;
  const queue = scheduler.queues.queueFor(to.binding, to.routingDomain);
  for (const index of task.recipients) {
    delays.ended(stored, index);
    spool.requeue(stored, index, to);
  }
  delays.waits(stored, task.recipients, queue.settings);
  if (place === 'active') scheduler.addActive(queue, task);
  else scheduler.addDelayed(queue, task, at);
}
