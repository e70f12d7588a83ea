// What is counted of a queue, of a binding, and of the whole server.
import { Course } from './course.ts';
import { Histogram } from './histogram.ts';

/** Why a receiver took no mail, or no connection. */
export type RefusalKind =
  /** 421 in its banner: more connections of this source than it takes. */
  | 'tooManyConnections'
  /** 421 between messages: more messages than it takes on a connection. */
  | 'connectionUsedUp'
  /** 4yz for a recipient. */
  | 'transient'
  /** 4yz for a recipient: more messages in this minute than it takes from a source. */
  | 'tooFast'
  /** 5yz for a recipient. */
  | 'permanent'
  /** A connection that did not come about, or broke, since the exchanger was down. */
  | 'down';

export type Refusals = Readonly<Record<RefusalKind, number>>;

export class Tally {
  readonly course = new Course();
  readonly deliveryTimes = new Histogram();
  readonly refusals: Record<RefusalKind, number> = {
    tooManyConnections: 0,
    connectionUsedUp: 0,
    transient: 0,
    tooFast: 0,
    permanent: 0,
    down: 0,
  };
  received = 0;
  delivered = 0;
  failed = 0;
  connections = 0;
  open = 0;
  peak = 0;
  backlogPeak = 0;
  /** When nothing was left, in milliseconds since the start; counts while nothing is. */
  drainedAt = 0;

  /** Messages that wait or are on a connection. */
  get backlog(): number {
    return this.received - this.delivered - this.failed;
  }

  addReceived(messages: number, step: number): void {
    this.received += messages;
    const { backlog } = this;
    if (backlog > this.backlogPeak) this.backlogPeak = backlog;
    const now = this.course.at(step);
    now.backlog = backlog;
    if (backlog > now.backlogMax) now.backlogMax = backlog;
  }

  addConnection(): void {
    this.connections += 1;
  }

  /** A connection counts here from now on. */
  addOpen(step: number): void {
    this.open += 1;
    if (this.open > this.peak) this.peak = this.open;
    const now = this.course.at(step);
    now.open = this.open;
    if (this.open > now.openMax) now.openMax = this.open;
  }

  /** It counts here no longer. */
  removeOpen(step: number): void {
    this.open -= 1;
    this.course.at(step).open = this.open;
  }

  addDelivered(afterMs: number, step: number, at: number): void {
    this.delivered += 1;
    this.deliveryTimes.add(afterMs);
    const now = this.course.at(step);
    now.delivered += 1;
    now.backlog = this.backlog;
    if (now.backlog === 0) this.drainedAt = at;
  }

  addFailed(step: number, at: number): void {
    this.failed += 1;
    const now = this.course.at(step);
    now.backlog = this.backlog;
    if (now.backlog === 0) this.drainedAt = at;
  }

  addRefused(kind: RefusalKind, count: number, step: number): void {
    this.refusals[kind] += count;
    this.course.at(step).refused += count;
  }
}
