// How many connections a queue should have for the mail it holds (design decision 26).
import { type Limit, NO_LIMIT } from '../base/limit.ts';

/** Connections per waiting message at the start of the curve, by connection_allocation_aggressiveness. */
export const AGGRESSIVENESS = { normal: 0.3, high: 0.75 } as const;

/**
 * The number of connections to have open for `waiting` tasks (those on a connection now included) under `limit`:
 * L(1 - e^(-kq/L)), at least one and never more than there are tasks. Within one per cent of the limit it is the limit.
 */
export function allocationTarget(waiting: number, limit: Limit, perMessage: number): number {
  if (waiting === 0 || limit === 0) return 0;
  if (limit === NO_LIMIT) return Math.min(waiting, Math.max(1, Math.ceil(perMessage * waiting)));
  const share = limit * (1 - Math.exp((-perMessage * waiting) / limit));
  const target = share >= 0.99 * limit ? limit : Math.max(1, Math.ceil(share));
  return Math.min(waiting, target, limit);
}
