// Who goes first among those who wait, as one number that fits a shared cell: who has no connection before who has one, then
// the longest wait, told by tickets that all shards draw from one roll. 0 is nobody.
import type { Priority } from './cells.ts';

const TICKET_BITS = 30;
const TICKETS = 2 ** TICKET_BITS - 1;
const HAS_CONNECTION = 2 ** TICKET_BITS;

export function priorityOf(ticket: number, hasNoConnection: boolean): Priority {
  return (ticket & TICKETS || 1) | (hasNoConnection ? 0 : HAS_CONNECTION);
}

/** Whether `one` goes before `other`; nobody who waits goes after all. Tickets go round: half a roll (536,870,912) is far. */
export function goesBefore(one: Priority, other: Priority): boolean {
  if (one === 0 || other === 0) return one !== 0;
  const hasOne = one & HAS_CONNECTION;
  return hasOne === (other & HAS_CONNECTION) ? (one - other) << (32 - TICKET_BITS) < 0 : hasOne === 0;
}
