// The routes of queues: asks the route table with what the queue's settings say, and the name service for the table; and
// the table of MTA-STS policies, where the mail of a domain keeps to the one of the domain.
import type { Moment } from '../core/base/moment.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Route } from '../core/mail/hosts.ts';
import type { HeldPolicy } from '../core/mail/sts-policy.ts';
import type { RoutePolicy } from '../core/routing/route-policy.ts';
import { type RouteRequest, routeKey } from '../core/routing/route-request.ts';
import { type RouteInspection, RouteTable } from '../core/routing/route-table.ts';
import { underPolicy } from '../core/routing/sts-route.ts';
import { StsTable } from '../core/routing/sts-table.ts';
import type { Resolver, StsPolicies } from './ports.ts';
import type { Turns } from './turn.ts';

interface Asked {
  /** What the request was made of; another object when the configuration changes. */
  readonly settings: DeliverySettings;
  readonly request: RouteRequest;
  readonly key: string;
  /** The last route under a policy, and what it was made of. */
  under: { readonly route: Route; readonly held: HeldPolicy; readonly result: Route } | null;
}

export class Routes {
  /** Without a queue nobody is told. */
  readonly #table: RouteTable<MailQueue | null>;
  /** Null where no domain has policies. */
  readonly sts: StsTable<MailQueue> | null;
  readonly #policyOf: (domain: DomainName) => RoutePolicy;
  readonly #askedByQueue = new WeakMap<MailQueue, Asked>();

  /** @param ready the route of a queue that was told null is there */
  constructor(
    turns: Turns,
    resolver: Resolver,
    stsPolicies: StsPolicies | undefined,
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
    this.sts = stsPolicies === undefined ? null : stsTable(turns, resolver, stsPolicies, ready);
  }

  /** Null while it is looked up. */
  routeOf(queue: MailQueue, at: Moment): Route | null {
    const asked = this.#askedFor(queue);
    const held = this.#heldFor(queue, asked, at);
    const route = this.#table.routeOf(asked.request, asked.key, queue, at.mono);
    return route === null || held === undefined ? null : under(asked, route, held);
  }

  /** Undefined while it is looked up. A gateway and `routes` are the operator's word, not that of the domain. */
  #heldFor(queue: MailQueue, { request }: Asked, at: Moment): HeldPolicy | null | undefined {
    const { domain, settings } = queue;
    if (this.sts === null || !settings.usesMtaSts || request.gateway !== null || request.routes.length > 0) return null;
    return this.sts.policyOf(domain, { aliasesMax: settings.stsAliasesMax }, queue, at);
  }

  /** What is known of the route of a queue, for listings; null when nothing is. */
  inspect(queue: MailQueue, at: Moment): RouteInspection | null {
    const asked = this.#askedFor(queue);
    const inspected = this.#table.inspect(asked.key, at.mono);
    const held = queue.settings.usesMtaSts ? (this.sts?.inspect(queue.domain, at)?.held ?? null) : null;
    if (inspected === null || inspected.route === null || held === null) return inspected;
    return { ...inspected, route: underPolicy(inspected.route, held) };
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
      asked = { settings, request, key: routeKey(request), under: null };
      this.#askedByQueue.set(queue, asked);
    }
    return asked;
  }
}

/** One object for one route and policy, so that who keeps candidates sees that they are the same. */
function under(asked: Asked, route: Route, held: HeldPolicy | null): Route {
  if (held === null) return route;
  if (asked.under?.route !== route || asked.under.held !== held)
    asked.under = { route, held, result: underPolicy(route, held) };
  return asked.under.result;
}

function stsTable(
  turns: Turns,
  resolver: Resolver,
  policies: StsPolicies,
  ready: (queue: MailQueue) => void,
): StsTable<MailQueue> {
  const inTurn = (act: (at: Moment) => void): void => {
    const at = turns.begin();
    act(at);
    turns.end(at);
  };
  return new StsTable<MailQueue>(
    {
      query: (name, type, answered) => resolver.query(name, type, (answer) => inTurn((at) => answered(answer, at))),
      fetchPolicy: (domain, done) => policies.fetchPolicy(domain, (fetched) => inTurn((at) => done(fetched, at))),
      keep: (domain, held) => policies.keep(domain, held),
      ready,
    },
    policies.saved,
  );
}
