// The routes of queues: asks the route table with what the queue's settings say, and the name service for the table.
import type { Moment } from '../core/base/moment.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Route } from '../core/mail/hosts.ts';
import type { RoutePolicy } from '../core/routing/route-policy.ts';
import { type RouteRequest, routeKey } from '../core/routing/route-request.ts';
import { type RouteInspection, RouteTable } from '../core/routing/route-table.ts';
import type { Resolver } from './ports.ts';
import type { Turns } from './turn.ts';

interface Asked {
  /** What the request was made of; another object when the configuration changes. */
  readonly settings: DeliverySettings;
  readonly request: RouteRequest;
  readonly key: string;
}

export class Routes {
  /** Without a queue nobody is told. */
  readonly #table: RouteTable<MailQueue | null>;
  readonly #policyOf: (domain: DomainName) => RoutePolicy;
  readonly #askedByQueue = new WeakMap<MailQueue, Asked>();

  /** @param ready the route of a queue that was told null is there */
  constructor(
    turns: Turns,
    resolver: Resolver,
    policyOf: (domain: DomainName) => RoutePolicy,
    ready: (queue: MailQueue) => void,
  ) {
    this.#policyOf = policyOf;
    this.#table = new RouteTable<MailQueue | null>({
      query: (name, type, answered) =>
        resolver.query(name, type, (answer) => {
          const at = turns.begin();
          answered(answer, at.mono);
          turns.end(at);
        }),
      ready: (queue) => {
        if (queue !== null) ready(queue);
      },
    });
  }

  /** Null while it is looked up. */
  routeOf(queue: MailQueue, at: Moment): Route | null {
    const { request, key } = this.#askedFor(queue);
    return this.#table.routeOf(request, key, queue, at.mono);
  }

  /** What is known of the route of a queue, for listings; null when nothing is. */
  inspect(queue: MailQueue, at: Moment): RouteInspection | null {
    return this.#table.inspect(this.#askedFor(queue).key, at.mono);
  }

  /** Every route is looked up again when it is next needed; for when the name servers changed. */
  forget(): number {
    this.#table.refreshAll();
    return this.#table.size;
  }

  /** The routes of these queues are looked up again now. @returns how many there are */
  refresh(queues: readonly MailQueue[], at: Moment): number {
    const keys = new Set(queues.map((queue) => this.#askedFor(queue).key));
    for (const key of keys) this.#table.refresh(key, at.mono);
    return keys.size;
  }

  /** Looks a route up again, or for the first time, though no mail needs it. */
  lookUp(domain: DomainName, settings: DeliverySettings, at: Moment): void {
    const request = this.#requestOf(domain, settings);
    const key = routeKey(request);
    if (!this.#table.refresh(key, at.mono)) this.#table.routeOf(request, key, null, at.mono);
  }

  #requestOf(domain: DomainName, settings: DeliverySettings): RouteRequest {
    const { gateway, routes, remotePort: port, useIpv6, usesDane } = settings;
    return { domain, gateway, routes, port, useIpv6, usesDane, policy: this.#policyOf(domain) };
  }

  #askedFor(queue: MailQueue): Asked {
    const { domain, settings } = queue;
    let asked = this.#askedByQueue.get(queue);
    if (asked?.settings !== settings) {
      const request = this.#requestOf(domain, settings);
      asked = { settings, request, key: routeKey(request) };
      this.#askedByQueue.set(queue, asked);
    }
    return asked;
  }
}
