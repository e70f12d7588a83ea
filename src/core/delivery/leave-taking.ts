// When an open connection goes although it could carry more: its queue is not to use it, it was opened under settings that
// are not in force any more, it has carried what it may, a limit was lowered below it, or another queue waits for one of
// its slots and it has served its own for a quantum.
import type { Moment } from '../base/moment.ts';
import type { Ledger } from '../limits/ledger.ts';
import type { OutboundConnection } from './outbound-connection.ts';
import { isOrderedToWait } from './standing-orders.ts';

const QUANTUM_MS = 1000;
const QUANTUM_MESSAGES = 20;

/** @param isThrottled there is mail for it, but no token: then others do not wait for the end of its quantum */
export function mustLeave(connection: OutboundConnection, ledger: Ledger, at: Moment, isThrottled: boolean): boolean {
  const { queue, claim } = connection;
  const { settings } = queue;
  if (connection.isOutdated || isOrderedToWait(queue, at)) return true;
  const most = settings.maxDeliveriesPerConnection;
  if (most > 0 && connection.deliveries >= most) return true;
  if (ledger.isSurplus(claim)) return true;
  const hasServedQuantum =
    connection.quantumMessages >= QUANTUM_MESSAGES ||
    (connection.quantumMessages > 0 && at.mono - connection.quantumStartedAt >= QUANTUM_MS);
  if (!hasServedQuantum && queue.active.size > 0 && !isThrottled) return false;
  // Once it has served its quantum it is the next to go, however long after that somebody comes.
  return ledger.isAwaited(claim, queue, queue.active.size > 0 && !isThrottled);
}
