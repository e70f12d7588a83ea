// What came of a rehearsal, as figures: one row for all mail, for each binding, and for each queue.
import { type Limit, NO_LIMIT } from '../core/base/limit.ts';
import type { FullCourse } from './course.ts';
import type { Histogram } from './histogram.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { Refusals, Tally } from './tally.ts';

export interface Row {
  /** Null for all mail. */
  readonly binding: string | null;
  /** Null for all mail of a binding. */
  readonly domain: string | null;
  /** Lowest limit on its connections; null when there is none. */
  readonly limit: number | null;
  readonly received: number;
  readonly delivered: number;
  readonly failed: number;
  /** Neither delivered nor failed when the rehearsal ended. */
  readonly left: number;
  readonly connections: number;
  readonly peak: number;
  /** Milliseconds from reception to delivery; null when nothing was delivered. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly most: number | null;
  /** Shares of what was delivered, ascending, and the milliseconds that each does not exceed. Empty without deliveries. */
  shares(): readonly (readonly [share: number, ms: number])[];
  readonly backlogPeak: number;
  /** Milliseconds since the start; null when something is left. */
  readonly drainedAt: number | null;
  readonly refusals: Refusals;
  /** With every step; made anew with each call. */
  course(): FullCourse;
}

export interface Figures {
  /** Of the configuration. */
  readonly file: string;
  readonly stepMs: number;
  /** Until the last thing happened, in milliseconds since the start. */
  readonly durationMs: number;
  readonly all: Row;
  readonly bindings: readonly Row[];
  /** Those with most messages first. */
  readonly queues: readonly Row[];
  /** Percentiles of deliveries in each step, of all mail; null where there was none. */
  readonly deliveryTimes: {
    readonly p50: readonly (number | null)[];
    readonly p95: readonly (number | null)[];
    readonly p99: readonly (number | null)[];
  };
}

export function figuresOf(rehearsal: Rehearsal, file: string): Figures {
  const { places, nodeLimits } = rehearsal;
  const { stepMs } = places.scale;
  const length = places.all.course.lastStep + 1;
  const row = (binding: string | null, domain: string | null, limit: Limit, tally: Tally): Row => ({
    binding,
    domain,
    limit: limit === NO_LIMIT ? null : limit,
    received: tally.received,
    delivered: tally.delivered,
    failed: tally.failed,
    left: tally.backlog,
    connections: tally.connections,
    peak: tally.peak,
    p50: tally.deliveryTimes.percentile(0.5),
    p95: tally.deliveryTimes.percentile(0.95),
    p99: tally.deliveryTimes.percentile(0.99),
    most: tally.deliveryTimes.most,
    shares: () => sharesOf(tally.deliveryTimes),
    backlogPeak: tally.backlogPeak,
    drainedAt: tally.backlog === 0 ? tally.drainedAt : null,
    refusals: tally.refusals,
    course: () => tally.course.full(length),
  });
  const steps = Array.from({ length }, (_, step) => places.deliveriesByStep[step]);
  const inSteps = (share: number) => steps.map((times) => times?.percentile(share) ?? null);
  return {
    file,
    stepMs,
    durationMs: rehearsal.at.mono,
    all: row(null, null, nodeLimits.ceiling, places.all),
    bindings: Array.from(places.bindings, ([name, { limit, tally }]) => row(name, null, limit, tally)).sort(byMessages),
    queues: Array.from(places.values(), ({ origin, own }) =>
      row(origin.binding, origin.domain, origin.limit, own),
    ).sort(byMessages),
    deliveryTimes: { p50: inSteps(0.5), p95: inSteps(0.95), p99: inSteps(0.99) },
  };
}

const SHARES = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 1];

function sharesOf(times: Histogram): readonly (readonly [number, number])[] {
  return times.count === 0 ? [] : SHARES.map((share) => [share, times.percentile(share)!] as const);
}

function byMessages(a: Row, b: Row): number {
  const [nameOfA, nameOfB] = [`${a.binding} ${a.domain}`, `${b.binding} ${b.domain}`];
  return b.received - a.received || (nameOfA < nameOfB ? -1 : nameOfA > nameOfB ? 1 : 0);
}
