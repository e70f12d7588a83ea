// One turn of the loop: the event, then everything the scheduler can do now, then the next wake-up. Every port callback
// that enters the engine stands between `begin` and `end`, so that time is stamped once and nothing waits for a poll.
import type { Moment } from '../core/base/moment.ts';

export interface Turns {
  /** The time outside of any turn, for listings. */
  clock(): Moment;
  /** The time of the turn that is open. */
  readonly now: Moment;
  /** Opens a turn. @returns the time of all that happens in it */
  begin(): Moment;
  /** Closes it: queues that may have something to do do it, and the clock is set to the next timer. */
  end(at: Moment): void;
}
