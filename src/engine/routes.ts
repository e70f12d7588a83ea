// The routes of queues: asks the route table with what the queue's settings say, and the name service for the table; and
// the table of MTA-STS policies, where the mail of a domain keeps to the one of the domain.
import type { Moment } from '../core/base/moment.ts';
import type { MailQueue } from '../core/delivery/mail-queue.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { KnownRoute, Route } from '../core/mail/hosts.ts';
import type { HeldPolicy } from '../core/mail/sts-policy.ts';
import type { CountedPolicy } from '../core/records/tls-counts.ts';
import { type Fault, stsPolicy, tlsaPolicy, UNNAMED } from '../core/records/tls-verdict.ts';
import type { QueryPacer } from '../core/routing/query-pacer.ts';
import type { RoutePolicy } from '../core/routing/route-policy.ts';
import { type RouteRequest, routeKey } from '../core/routing/route-request.ts';
import { type RouteInspection, RouteTable } from '../core/routing/route-table.ts';
import { NO_NAMED_EXCHANGER_REPLY, underPolicy } from '../core/routing/sts-route.ts';
import { StsTable } from '../core/routing/sts-table.ts';
import type { NameService } from './name-service.ts';
import type { Resolver, StsPolicies } from './ports.ts';
import type { Turns } from './turn.ts';

interface Asked {
  /** What the request was made of; another object when the configuration changes. */
  readonly settings: DeliverySettings;
  readonly request: RouteRequest;
  readonly key: string;
  /** The last route under a policy, and what it was made of. */
  under: { readonly route: KnownRoute; readonly held: HeldPolicy; readonly result: KnownRoute } | null;
}

/** Mail as far as its route goes: that of a queue, or of none yet. */
export type RoutedMail = Pick<MailQueue, 'binding' | 'domain' | 'settings'>;

type PolicyFailed = (domain: DomainName, policy: CountedPolicy, fault: Fault) => void;

/** RFC 8460 section 4.3.2.2. */
const FAILURE_TYPES = {
  fetch: 'sts-policy-fetch-error',
  untrusted: 'sts-webpki-invalid',
  form: 'sts-policy-invalid',
} as const;

export class Routes {
  /** Without a queue nobody is told. */
  readonly #table: RouteTable<MailQueue | null>;
  /** Of questions for exchangers. */
  readonly pacer: QueryPacer;
  /** Null where no domain has policies. */
  readonly sts: StsTable<MailQueue> | null;
  readonly #policyOf: (domain: DomainName) => RoutePolicy;
  readonly #failed: PolicyFailed;
  readonly #askedByQueue = new WeakMap<RoutedMail, Asked>();

  /**
   * @param ready the route of a queue that was told null is there
   * @param failed a policy of a domain keeps its mail from being sent, or could not be had
   */
  constructor(
    turns: Turns,
    resolver: NameService,
    stsPolicies: StsPolicies | undefined,
    policyOf: (domain: DomainName) => RoutePolicy,
    ready: (queue: MailQueue) => void,
    failed: PolicyFailed = () => {},
  ) {
    this.#policyOf = policyOf;
    this.#failed = failed;
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
      isOutage: () => resolver.isDown,
      unproved: ({ domain, gateway, routes }, host, reason) => {
        if (gateway === null && routes.length === 0)
          failed(domain, tlsaPolicy(host, []), { type: 'dnssec-invalid', reason });
      },
    });
    this.pacer = resolver.pacer;
    resolver.whenBack((at) => this.#table.resume(at.mono));
    this.sts = stsPolicies === undefined ? null : stsTable(turns, resolver, stsPolicies, ready, failed);
  }

  /** Null while it is looked up. */
  routeOf(queue: MailQueue, at: Moment): Route | null {
    const asked = this.#askedFor(queue);
    const held = this.#heldFor(queue, asked, at);
    const route = this.#table.routeOf(asked.request, asked.key, queue, at.mono);
    if (route?.kind === 'outage') return route;
    if (route === null || held === undefined) return null;
    if (route.kind !== 'partial') return this.#under(asked, route, held);
    return held === null ? route : null; // a policy is kept to by all hosts, or there is none to send to
  }

  /** One object for one route and policy, so that who keeps candidates sees that they are the same. */
  #under(asked: Asked, route: KnownRoute, held: HeldPolicy | null): KnownRoute {
    if (held === null) return route;
    if (asked.under?.route !== route || asked.under.held !== held) {
      const result = underPolicy(route, held);
      asked.under = { route, held, result };
      if (result.kind === 'unroutable' && result.reply === NO_NAMED_EXCHANGER_REPLY)
        this.#failed(asked.request.domain, stsPolicy(asked.request.domain, held.policy), UNNAMED);
    }
    return asked.under.result;
  }

  /** Undefined while it is looked up. A gateway and `routes` are the operator's word, not that of the domain. */
  #heldFor(queue: MailQueue, { request }: Asked, at: Moment): HeldPolicy | null | undefined {
    const { domain, settings } = queue;
    if (this.sts === null || !settings.usesMtaSts || request.gateway !== null || request.routes.length > 0) return null;
    return this.sts.policyOf(domain, { aliasesMax: settings.stsAliasesMax }, queue, at);
  }

  /** What is known of the route of a queue, for listings; null when nothing is. */
  inspect(queue: RoutedMail, at: Moment): RouteInspection | null {
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
    const policy = this.#policyOf(domain);
    const takesFirst = !settings.fullyResolves && !policy.isRelayed;
    return { domain, gateway, routes, port, useIpv6, usesDane, takesFirst, policy };
  }

  #askedFor(queue: RoutedMail): Asked {
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

function stsTable(
  turns: Turns,
  resolver: Resolver,
  policies: StsPolicies,
  ready: (queue: MailQueue) => void,
  failed: PolicyFailed,
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
      failed: (domain, how, reason) => failed(domain, stsPolicy(domain, null), { type: FAILURE_TYPES[how], reason }),
      ready,
    },
    policies.saved,
  );
}
