// What the scheduler has done for it: the engine does it, tests stand in for it.
import type { Claim } from '../limits/ledger.ts';
import type { AttemptSource, Failure } from '../mail/disposition.ts';
import type { Candidate, Route } from '../mail/hosts.ts';
import type { Task } from '../queue/task.ts';
import type { Allocation } from './claims.ts';
import type { MailQueue } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';

/** Called in order; only `resume` calls back at once, with `next` of the scheduler. */
export interface Actions {
  /** Connects; the slots of `claim` are taken. */
  open(queue: MailQueue, candidate: Candidate, claim: Claim, allocation: Allocation): OutboundConnection;
  /** Gives an idle connection its next message. */
  resume(connection: OutboundConnection): void;
  /** Says QUIT on an idle connection, or gives one up that is not established; it is leaving from now on. */
  quit(connection: OutboundConnection): void;
  /** A task's attempt ended before any session took it; `task` is in no queue any more. */
  attemptFailed(queue: MailQueue, task: Task, failure: Failure, source: AttemptSource): void;
  /** The route to the queue's domain, or null while it is looked up (then `routeReady` of the scheduler). */
  routeOf(queue: MailQueue): Route | null;
  hasLocalAddress(address: string): boolean;
  /** A connection was wanted and held back for want of descriptors. */
  descriptorsExhausted(): void;
}
