// What the console is told of domains: their queues added up, and for one of them the exchangers as host selection sees
// them, with its sessions.
import type { DomainDetail, DomainRow, ExchangerDetail } from '../core/console/server-view.ts';
import type { HostTimesTable } from '../core/delivery/host-times.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { protectionTowards } from '../core/delivery/protection.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import { STAGE_NAMES } from '../core/mail/disposition.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Candidate } from '../core/mail/hosts.ts';
import type { OutboundSession } from './outbound-session.ts';
import type { RoutedMail, Routes } from './routes.ts';
import type { Turns } from './turn.ts';

export interface DomainDetailParts {
  readonly turns: Turns;
  readonly scheduler: Scheduler;
  readonly routes: Routes;
  readonly hostTimes: HostTimesTable;
  readonly sessions: ReadonlyMap<OutboundConnection, OutboundSession>;
  /** The mail as which the operator looked a route up; null when nobody asked. */
  dug(domain: DomainName): RoutedMail | null;
}

/** How many other queues are looked at for domains that share an address. */
const SHARING_LOOKS_MAX = 1000;
const SHARING_ROWS_MAX = 4;

export class DomainDetails {
  readonly #parts: DomainDetailParts;

  constructor(parts: DomainDetailParts) {
    this.#parts = parts;
  }

  *rows(): Iterable<DomainRow> {
    for (const [domain, queues] of this.#parts.scheduler.queues.queuesByDomain) yield domainRow(domain, queues);
  }

  /** Counting only what is in that binding. */
  *rowsOfBinding(binding: string): Iterable<DomainRow> {
    for (const queue of this.#parts.scheduler.queues.values()) {
      if (queue.binding === binding) yield domainRow(queue.domain, [queue]);
    }
  }

  /** Null for a domain that has no mail and that nobody has looked up. */
  detail(domain: DomainName): DomainDetail | null {
    const queues = this.#parts.scheduler.queues.queuesByDomain.get(domain) ?? [];
    const at = this.#parts.turns.clock();
    const [first, ...others] = queues;
    // Bindings may differ in routes and gateway; the queue with the most to do is the one that is asked about. Without
    // mail there is what `dig` looked up.
    const shown =
      first === undefined
        ? this.#parts.dug(domain)
        : others.reduce((best, queue) => (isBusier(queue, best) ? queue : best), first);
    if (shown === null) return null;
    const inspected = this.#parts.routes.inspect(shown, at);
    const isKnown = inspected !== null && (inspected.route !== null || inspected.isBeingLookedUp);
    if (first === undefined && !isKnown) return null;
    const route = inspected?.route ?? null;
    const ttlSeconds = Math.ceil((inspected?.ttlMs ?? 0) / 1000);
    const sum = domainRow(domain, queues);
    return {
      domain,
      exchangers: route?.kind === 'hosts' ? this.#exchangers(shown, queues, route.candidates, ttlSeconds) : [],
      unroutable: route?.kind === 'unroutable' ? route.reply : null,
      ownHost: route?.kind === 'hosts' ? (route.ownHost ?? null) : null,
      ttlSeconds,
      consecutiveFailures: Math.max(0, ...queues.map((queue) => queue.consecutiveFailures)),
      active: sum.active,
      delayed: sum.delayed,
      delivered: sum.delivered,
      failed: queues.reduce((failed, queue) => failed + queue.failed, 0),
      sessions: queues.flatMap((queue) =>
        Array.from(queue.connections, (connection) => {
          const session = this.#parts.sessions.get(connection)!;
          const { address } = connection.candidate;
          const stage = STAGE_NAMES[session.stage];
          return { id: session.number, address, stage, stageMs: at.mono - session.stageSince };
        }),
      ),
    };
  }

  /** @param queues all those of the domain: each binding remembers failures by itself */
  #exchangers(
    shown: RoutedMail,
    queues: readonly MailQueue[],
    candidates: readonly Candidate[],
    ttlSeconds: number,
  ): ExchangerDetail[] {
    const { scheduler, hostTimes } = this.#parts;
    const { mono } = this.#parts.turns.clock();
    const failureOf = ({ binding, settings }: RoutedMail, candidate: Candidate) =>
      scheduler.hostStates.failure(binding, candidate.address, mono, protectionTowards(settings, candidate));
    const next = candidates.find((candidate) => failureOf(shown, candidate) === null);
    const exchangers = new Map<string, ExchangerDetail & { addresses: ExchangerDetail['addresses'][number][] }>();
    for (const candidate of candidates) {
      const { host, preference, address, family } = candidate;
      const key = `${preference} ${host}`;
      const exchanger = exchangers.get(key) ?? { host, preference, ttlSeconds, addresses: [] };
      exchangers.set(key, exchanger);
      const failures = queues.flatMap((queue) => {
        const failure = failureOf(queue, candidate);
        return failure === null ? [] : [{ binding: queue.binding, since: failure.since }];
      });
      const { connectMs, deliverMs } = hostTimes.peek(address);
      exchanger.addresses.push({
        address,
        family,
        connectMs,
        deliverMs,
        failedAgoMs: failures.length === 0 ? null : mono - Math.max(...failures.map(({ since }) => since)),
        setAsideBy: failures.length === queues.length ? [] : failures.map(({ binding }) => binding),
        isNext: candidate === next,
        alsoUsedBy: this.#othersAt(address, shown.domain),
      });
    }
    return [...exchangers.values()];
  }

  /** Other domains whose mail may go to an address, as far as a bounded look finds them. */
  #othersAt(address: string, domain: DomainName): { domain: DomainName; preference: number }[] {
    const { scheduler, routes, turns } = this.#parts;
    const found: { domain: DomainName; preference: number }[] = [];
    let looks = 0;
    for (const [other, [queue]] of scheduler.queues.queuesByDomain) {
      if (++looks > SHARING_LOOKS_MAX || found.length === SHARING_ROWS_MAX) break;
      if (other === domain || queue === undefined) continue;
      const route = routes.inspect(queue, turns.clock())?.route;
      const same = route?.kind === 'hosts' ? route.candidates.find((one) => one.address === address) : undefined;
      if (same !== undefined) found.push({ domain: other, preference: same.preference });
    }
    return found;
  }
}

function domainRow(domain: DomainName, queues: readonly MailQueue[]): DomainRow {
  const row = { domain, connections: 0, active: 0, delayed: 0, delivered: 0 };
  for (const queue of queues) {
    row.connections += queue.connections.size;
    row.active += queue.activeMessages;
    row.delayed += queue.delayed.messages;
    row.delivered += queue.delivered;
  }
  return row;
}

function isBusier(one: MailQueue, other: MailQueue): boolean {
  if (one.connections.size !== other.connections.size) return one.connections.size > other.connections.size;
  return one.activeMessages > other.activeMessages;
}
