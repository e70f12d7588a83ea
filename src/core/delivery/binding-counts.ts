// What is counted for a binding over all its domains: what waits now, and what happened since the last reset.
import type { MessageTotals } from '../queue/message-totals.ts';

export class BindingCounts implements MessageTotals {
  active = 0;
  delayed = 0;
  /** Messages on a connection now. */
  inFlight = 0;
  /** Since the last reset. */
  received = 0;
  delivered = 0;
  failed = 0;

  /** Forgets what happened; what waits goes on waiting. */
  reset(): void {
    this.received = 0;
    this.delivered = 0;
    this.failed = 0;
  }
}
