// What a report is about: one configuration, or two with the same traffic and the same receivers, row beside row.
import { printable } from '../core/base/printable.ts';
import type { Figures, Row } from './figures.ts';

export interface Outcome {
  /** What the traffic was, in words. */
  readonly traffic: string;
  /** Null for the receivers that stand in for a file. */
  readonly receivers: string | null;
  readonly seed: number;
  readonly startsAt: Date;
  /** Of the last arrival. */
  readonly lastArrivalAt: Date;
  /** What one should know when reading the figures. */
  readonly notes: readonly string[];
  readonly candidate: Figures;
  readonly against: Figures | null;
}

export interface RowPair {
  readonly binding: string | null;
  readonly domain: string | null;
  readonly candidate: Row;
  /** Null without another configuration. */
  readonly against: Row | null;
}

export function counted(messages: number): string {
  return `${messages} message${messages === 1 ? '' : 's'}`;
}

/** `2026-01-01T12:00:00Z`; parts of a second only where there are any. */
export function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

/** `all`, a binding, or `binding domain`. Names come from traces, so from anybody. */
export function titleOf({
  binding,
  domain,
}: {
  readonly binding: string | null;
  readonly domain: string | null;
}): string {
  if (binding === null) return 'all';
  return printable(domain === null ? `binding ${binding}` : `${binding} ${domain}`);
}

export function pairOfAll({ candidate, against }: Outcome): RowPair {
  return { binding: null, domain: null, candidate: candidate.all, against: against?.all ?? null };
}

export function pairsOfBindings({ candidate, against }: Outcome): readonly RowPair[] {
  return pairUp(candidate.bindings, against?.bindings ?? null);
}

/** Those with most messages first. */
export function pairsOfQueues({ candidate, against }: Outcome): readonly RowPair[] {
  return pairUp(candidate.queues, against?.queues ?? null);
}

/** In the order of the candidate; what only the other has (behind another gateway) comes at the end. */
function pairUp(candidate: readonly Row[], against: readonly Row[] | null): readonly RowPair[] {
  if (against === null) {
    return candidate.map((row) => ({ binding: row.binding, domain: row.domain, candidate: row, against: null }));
  }
  const key = ({ binding, domain }: Row): string => `${binding}\n${domain}`;
  const others = new Map(against.map((row) => [key(row), row]));
  const pairs = candidate.map((row): RowPair => {
    const other = others.get(key(row)) ?? nothingIn(row);
    others.delete(key(row));
    return { binding: row.binding, domain: row.domain, candidate: row, against: other };
  });
  for (const row of others.values()) {
    pairs.push({ binding: row.binding, domain: row.domain, candidate: nothingIn(row), against: row });
  }
  return pairs;
}

function nothingIn(row: Row): Row {
  return {
    ...row,
    limit: null,
    received: 0,
    delivered: 0,
    failed: 0,
    left: 0,
    connections: 0,
    peak: 0,
    p50: null,
    p95: null,
    p99: null,
    most: null,
    shares: () => [],
    backlogPeak: 0,
    drainedAt: null,
    refusals: { tooManyConnections: 0, connectionUsedUp: 0, transient: 0, tooFast: 0, permanent: 0, down: 0 },
    course: () => ({ backlog: [], open: [], delivered: [], refused: [] }),
  };
}
