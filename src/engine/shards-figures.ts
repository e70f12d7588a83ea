// Figures of several shards as those of one server. What is counted is added up; of times, the longest is meant. Connections of
// the server and of a binding are counted in memory that shards share (docs/decisions/0004): each says those of all.
import type { BindingRow, DnsCount, DomainDetail, DomainRow, SummaryFigures } from '../core/console/server-view.ts';
import type { PacerFigures } from '../core/routing/query-pacer.ts';
import { sum } from './every-shard.ts';
import { shownId } from './shard-ids.ts';

export function joinSummaries(all: readonly SummaryFigures[]): SummaryFigures {
  const total = (figure: (one: SummaryFigures) => number): number => sum(all.map(figure));
  const count = (figure: (dns: SummaryFigures['dns']) => DnsCount): DnsCount => ({
    queries: total(({ dns }) => figure(dns).queries),
    timeouts: total(({ dns }) => figure(dns).timeouts),
  });
  const answered = (dns: SummaryFigures['dns']): number =>
    Math.max(0, dns.a.queries + dns.aaaa.queries + dns.mx.queries + dns.txt.queries - dns.pending);
  const answers = total(({ dns }) => answered(dns));
  return {
    outboundConnections: Math.max(...all.map((one) => one.outboundConnections)),
    inboundConnections: total((one) => one.inboundConnections),
    domains: total((one) => one.domains),
    activeMessages: total((one) => one.activeMessages),
    delayedMessages: total((one) => one.delayedMessages),
    totalMessages: total((one) => one.totalMessages),
    dns: {
      resolver: all[0]!.dns.resolver,
      a: count((dns) => dns.a),
      aaaa: count((dns) => dns.aaaa),
      mx: count((dns) => dns.mx),
      txt: count((dns) => dns.txt),
      pending: total(({ dns }) => dns.pending),
      responsePeakMs: Math.max(...all.map(({ dns }) => dns.responsePeakMs)),
      responseAverageMs: answers === 0 ? 0 : total(({ dns }) => dns.responseAverageMs * answered(dns)) / answers,
      limiter: joinPacers(all.map(({ dns }) => dns.limiter ?? null)),
    },
    delivered: total((one) => one.delivered),
    failed: total((one) => one.failed),
    rejected: total((one) => one.rejected),
    received: total((one) => one.received),
    sinceResetSeconds: Math.max(...all.map((one) => one.sinceResetSeconds)),
    uptimeSeconds: Math.max(...all.map((one) => one.uptimeSeconds)),
  };
}

/** Shards ask within one rate, and each has a part of the queue. */
function joinPacers(all: readonly (PacerFigures | null)[]): PacerFigures | null {
  const limiters = all.filter((one) => one !== null);
  const [first] = limiters;
  if (first === undefined) return null;
  const total = (figure: (one: PacerFigures) => number): number => sum(limiters.map(figure));
  return {
    ...first,
    waiting: total((one) => one.waiting),
    waitingMax: total((one) => one.waitingMax),
    immediate: total((one) => one.immediate),
    queued: total((one) => one.queued),
    drained: total((one) => one.drained),
    overflow: total((one) => one.overflow),
  };
}

export function joinDomains(one: DomainRow, other: DomainRow): DomainRow {
  return {
    domain: one.domain,
    connections: one.connections + other.connections,
    active: one.active + other.active,
    delayed: one.delayed + other.delayed,
    delivered: one.delivered + other.delivered,
  };
}

export function joinBindings(one: BindingRow, other: BindingRow): BindingRow {
  return {
    group: one.group,
    binding: one.binding,
    isGone: one.isGone && other.isGone,
    connections: Math.max(one.connections, other.connections), // 0 in one that has none of its own
    active: one.active + other.active,
    total: one.total + other.total,
    delivered: one.delivered + other.delivered,
    failed: one.failed + other.failed,
    received: one.received + other.received,
    resident: one.resident + other.resident,
  };
}

/**
 * A domain in all shards. Each looks hosts up and sets addresses aside for itself: shown is the route of the one with the
 * most connections, or else the most mail, and of an address the latest failure of any.
 * @param details in the order of the shards; null where it is not known
 */
export function joinDetails(details: readonly (DomainDetail | null)[]): DomainDetail | null {
  const known = details.filter((one) => one !== null);
  if (known.length === 0) return null;
  const shown = known.reduce((best, one) => (isBusier(one, best) ? one : best));
  const total = (figure: (one: DomainDetail) => number): number => sum(known.map(figure));
  return {
    ...shown,
    exchangers: shown.exchangers.map((exchanger) => ({
      ...exchanger,
      addresses: exchanger.addresses.map((address) => {
        const failures = addressesOf(known, address.address).filter((one) => one.failedAgoMs !== null);
        const latest = Math.min(...failures.map((one) => one.failedAgoMs!));
        const failure = failures.find((one) => one.failedAgoMs === latest) ?? address;
        return { ...address, failedAgoMs: failure.failedAgoMs, setAsideBy: failure.setAsideBy };
      }),
    })),
    consecutiveFailures: Math.max(...known.map((one) => one.consecutiveFailures)),
    active: total((one) => one.active),
    delayed: total((one) => one.delayed),
    delivered: total((one) => one.delivered),
    failed: total((one) => one.failed),
    sessions: details.flatMap((one, index) =>
      (one?.sessions ?? []).map((session) => ({ ...session, id: shownId(session.id, index, details.length) })),
    ),
  };
}

function addressesOf(details: readonly DomainDetail[], address: string) {
  return details.flatMap(({ exchangers }) =>
    exchangers.flatMap(({ addresses }) => addresses.filter((one) => one.address === address)),
  );
}

/** A route that is known goes before one that is not. */
function isBusier(one: DomainDetail, other: DomainDetail): boolean {
  const [isKnown, wasKnown] = [one.exchangers.length > 0, other.exchangers.length > 0];
  if (isKnown !== wasKnown) return isKnown;
  if (one.sessions.length !== other.sessions.length) return one.sessions.length > other.sessions.length;
  return one.active > other.active;
}
