// Why mail of a queue waits, where each shard has a part of the queue. Limits are the same in all shards, and so is their use,
// which is counted in memory that they share (docs/decisions/0004); mail and connections are added up.
import {
  byRoom,
  HOLDERS_MAX,
  type Holder,
  type LimitUse,
  type QueueExplanation,
  type ThrottleUse,
  type WaitReason,
} from '../core/delivery/queue-explanation.ts';
import { sum } from './every-shard.ts';

/** How much is said by a reason: that of the shard in which mail waits goes before that of one in which none does. */
const RANKS: Partial<Record<WaitReason['kind'], number>> = { empty: 0, blackholed: 1, retryTime: 2, served: 3 };
const RANK_OF_WAITING = 4;

const rankOf = ({ reason }: QueueExplanation): number => RANKS[reason.kind] ?? RANK_OF_WAITING;

/** @param parts of one queue, in the order of the shards; null where it is not known */
export function joinExplanations(parts: readonly (QueueExplanation | null)[]): QueueExplanation | null {
  const known = parts.filter((one) => one !== null);
  const [first, ...others] = known;
  if (first === undefined) return null;
  return withTotals(
    others.reduce((best, one) => (saysMore(one, best) ? one : best), first),
    known,
  );
}

/**
 * Of a message: it waits in one shard, for what its part of the queue waits for.
 * @param own that part
 */
export function joinAround(own: QueueExplanation, parts: readonly (QueueExplanation | null)[]): QueueExplanation {
  const known = parts.filter((one) => one !== null);
  return withTotals(own, known.length === 0 ? [own] : known);
}

function saysMore(one: QueueExplanation, other: QueueExplanation): boolean {
  const [rank, otherRank] = [rankOf(one), rankOf(other)];
  if (rank !== otherRank) return rank > otherRank;
  if (one.reason.kind === 'retryTime' && other.reason.kind === 'retryTime') return one.reason.at < other.reason.at;
  return (one.waitingMs ?? 0) > (other.waitingMs ?? 0);
}

function withTotals(shown: QueueExplanation, parts: readonly QueueExplanation[]): QueueExplanation {
  const limits = joinLimits(parts.flatMap((one) => one.limits));
  const { reason } = shown;
  return {
    ...shown,
    active: sum(parts.map((one) => one.active)),
    delayed: sum(parts.map((one) => one.delayed)),
    connections: sum(parts.map((one) => one.connections)),
    wanted: Math.max(...parts.map((one) => one.wanted)), // each reckons with the mail of all
    reason: reason.kind === 'limit' ? { ...reason, limits: sameAs(reason.limits, limits) } : reason,
    limits,
    throttles: joinThrottles(parts.flatMap((one) => one.throttles)),
  };
}

/** The same counter and limit is one row. Shards look one after the other, so the highest figures are shown. */
function joinLimits(limits: readonly LimitUse[]): LimitUse[] {
  const joined = new Map<string, LimitUse>();
  for (const one of limits) {
    const key = keyOf(one);
    const before = joined.get(key);
    joined.set(
      key,
      before === undefined
        ? one
        : { ...before, open: Math.max(before.open, one.open), peak: Math.max(before.peak, one.peak) },
    );
  }
  return [...joined.values()];
}

/** The same window is one row, with the least room that any shard saw. */
function joinThrottles(throttles: readonly ThrottleUse[]): ThrottleUse[] {
  const sorted = throttles.toSorted(byRoom);
  return sorted.filter((one, place) => sorted.findIndex(({ value }) => value.key === one.value.key) === place);
}

const keyOf = ({ counter, limit, option }: LimitUse): string => `${counter} ${limit} ${option}`;

function sameAs(limits: readonly LimitUse[], joined: readonly LimitUse[]): LimitUse[] {
  const byKey = new Map(joined.map((one) => [keyOf(one), one]));
  return limits.map((one) => byKey.get(keyOf(one)) ?? one);
}

/** Whose connections count on the limits that are full, in all shards. */
export function withHolders(found: QueueExplanation, holders: readonly Holder[]): QueueExplanation {
  const { reason } = found;
  return reason.kind === 'limit' ? { ...found, reason: { ...reason, holders: joinHolders(holders) } } : found;
}

function joinHolders(holders: readonly Holder[]): Holder[] {
  const joined = new Map<string, Holder>();
  for (const one of holders) {
    const key = `${one.binding} ${one.domain}`;
    const connections = (joined.get(key)?.connections ?? 0) + one.connections;
    joined.set(key, { ...one, connections });
  }
  return [...joined.values()].sort((a, b) => b.connections - a.connections).slice(0, HOLDERS_MAX);
}
