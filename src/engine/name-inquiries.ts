// What the operator asks of the name service and of routes (core/console/dns-view.ts). Mail has nothing of it but routes
// that are renewed; answers to the operator's own questions are kept beside, a hundred at most.
import type { DnsView, KeptAnswer, LookupFigures } from '../core/console/dns-view.ts';
import { inPages, type Pages, type Pauses } from '../core/console/pages.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { DnsAnswer, DnsType } from '../core/routing/dns-answer.ts';
import type { Resolver } from './ports.ts';
import type { RoutedMail, Routes } from './routes.ts';
import type { Turns } from './turn.ts';

export interface NameInquiryParts extends Pauses {
  readonly turns: Turns;
  readonly scheduler: Scheduler;
  readonly routes: Routes;
  readonly resolver: Resolver;
  settingsOf(binding: string, domain: DomainName): DeliverySettings;
}

const KEPT_MAX = 100;
const DEFAULT_BINDING = 'default';

interface Kept {
  readonly name: DomainName;
  readonly type: DnsType;
  readonly answer: DnsAnswer;
  readonly until: number;
}

export class NameInquiries implements DnsView {
  readonly #parts: NameInquiryParts;
  /** By type and name, the one kept longest first. */
  readonly #kept = new Map<string, Kept>();
  /** Domains that {@link dig} looked up, the one asked for longest ago first. */
  readonly #dug = new Set<DomainName>();
  #lookups = 0;
  #hits = 0;

  constructor(parts: NameInquiryParts) {
    this.#parts = parts;
  }

  async dig(domain: DomainName): Promise<void> {
    const { turns, routes } = this.#parts;
    const at = turns.begin();
    routes.lookUp(domain, this.#mailOf(domain).settings, at);
    turns.end(at);
    this.#dug.delete(domain);
    this.#dug.add(domain);
    for (const oldest of this.#dug) {
      if (this.#dug.size <= KEPT_MAX) break;
      this.#dug.delete(oldest);
    }
  }

  /** The mail as which {@link dig} looked a route up; null when nobody asked. Domains may share a route that is known. */
  dug(domain: DomainName): RoutedMail | null {
    return this.#dug.has(domain) ? this.#mailOf(domain) : null;
  }

  #mailOf(domain: DomainName): RoutedMail {
    return { binding: DEFAULT_BINDING, domain, settings: this.#parts.settingsOf(DEFAULT_BINDING, domain) };
  }

  async refresh(domain: DomainName | null): Promise<number | null> {
    const { turns, routes, scheduler } = this.#parts;
    if (domain === null) return routes.forget();
    const queues = scheduler.queues.queuesByDomain.get(domain);
    if (queues === undefined) return null;
    const at = turns.begin();
    const count = routes.refresh(queues, at);
    turns.end(at);
    return count;
  }

  async submit(name: DomainName, type: DnsType): Promise<void> {
    const { turns, resolver } = this.#parts;
    resolver.query(name, type, (answer) => {
      const key = `${type} ${name}`;
      const lifeMs = answer.kind === 'unavailable' ? 60_000 : answer.ttlSeconds * 1000;
      this.#kept.delete(key);
      this.#kept.set(key, { name, type, answer, until: turns.clock().mono + lifeMs });
      for (const oldest of this.#kept.keys()) {
        if (this.#kept.size <= KEPT_MAX) break;
        this.#kept.delete(oldest);
      }
    });
  }

  async lookup(name: DomainName, type: DnsType): Promise<KeptAnswer | null> {
    this.#lookups += 1;
    const kept = this.#kept.get(`${type} ${name}`);
    const left = kept === undefined ? 0 : kept.until - this.#parts.turns.clock().mono;
    if (kept === undefined || left <= 0) return null;
    this.#hits += 1;
    const { answer } = kept;
    return { name, type, answer, ttlSeconds: Math.ceil(left / 1000) };
  }

  async lookupFigures(): Promise<LookupFigures> {
    return { lookups: this.#lookups, hits: this.#hits };
  }

  kept(): Pages<KeptAnswer> {
    return inPages(this.#alive(), this.#parts);
  }

  *#alive(): Iterable<KeptAnswer> {
    const now = this.#parts.turns.clock().mono;
    for (const { name, type, answer, until } of this.#kept.values()) {
      if (until > now) yield { name, type, answer, ttlSeconds: Math.ceil((until - now) / 1000) };
    }
  }
}
