// Whether a connection gets its next message before the receiver has answered the current one (`smtp_pipelining = overlap`).
// It saves a round trip for each message, but a slot then comes free one message later than without. Where another queue could
// want that slot, and a round trip is little beside the time that the receiver takes, the slot is worth more.
import type { Ledger } from '../limits/ledger.ts';
import type { HostTimes } from './host-times.ts';
import type { OutboundConnection } from './outbound-connection.ts';

/** What is saved has to be so much of the time from the content to its reply. */
const SHARE_WORTHWHILE = 0.2;

export function mayWorkAhead(connection: OutboundConnection, ledger: Ledger, times: Readonly<HostTimes>): boolean {
  return times.connectMs >= times.deliverMs * SHARE_WORTHWHILE || !holdsSlotForOthers(connection, ledger);
}

/** One of its counters is full, and not of its own queue alone: whoever comes for that has to wait for one to be given back. */
function holdsSlotForOthers({ claim, queue }: OutboundConnection, ledger: Ledger): boolean {
  const { counters, limits } = claim;
  for (let at = 0; at < counters.length; at++) {
    if (counters[at] !== queue.pairCounter && ledger.open(counters[at]!) >= limits[at]!) return true;
  }
  return false;
}
