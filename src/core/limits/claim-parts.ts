// How a claim is put together out of what a connection needs, and what one needs that another does not.
import type { Limit } from '../base/limit.ts';
import type { Claim, CounterIndex } from './cells.ts';

/** A counter with the limit of a connection, and the bound where it is another. */
export type ClaimPart = readonly [counter: CounterIndex, limit: Limit, bound?: Limit];

/** Builds a claim from parts in any order, one for each counter. */
export function makeClaim(parts: readonly ClaimPart[]): Claim {
  const sorted = [...parts].sort((a, b) => a[0] - b[0]);
  const limits = sorted.map((part) => part[1]);
  const bounds = sorted.map((part) => part[2] ?? part[1]);
  return { counters: sorted.map((part) => part[0]), limits, bounds };
}

/** What of `next` is not held already. */
export function without(next: Claim, held: Claim): Claim {
  const parts: ClaimPart[] = [];
  for (let at = 0; at < next.counters.length; at++) {
    if (!held.counters.includes(next.counters[at]!))
      parts.push([next.counters[at]!, next.limits[at]!, next.bounds[at]!]);
  }
  return makeClaim(parts);
}
