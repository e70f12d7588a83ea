// The promise of the limits, checked where the receivers stand: by source address (binding), by address, and by domain.
// A link counts from the SYN until nobody at the receiving side can count it any more, which is what the receiver sees
// and a little more; so a connection that is opened while a counter is at its limit is found at once, whatever the
// engine believes. Knows nothing of the engine.

import type { Limit } from '../core/base/limit.ts';
import { NO_LIMIT } from '../core/base/limit.ts';
import { reserveMaintenanceInterval } from '../core/config/options/connection-options.ts';
import { ThrottleCheck } from './check-throttles.ts';
import type { InForce } from './in-force.ts';
import type { Link } from './link.ts';
import type { Burst } from './plan-traffic.ts';
import type { Situation } from './situation.ts';

/** One thing that is counted, with the links that count now. */
class Counter {
  readonly name: string;
  readonly links = new Set<Link>();
  visible = 0;
  /** The most that receivers could see at once. */
  peak = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Links that may carry more mail as far as both ends have said. */
  get serving(): number {
    let count = 0;
    for (const link of this.links) if (link.isServing) count++;
    return count;
  }
}

/** A counter against the limit that it has for one link. */
interface Claim {
  readonly counter: Counter;
  limit(force: InForce): Limit;
}

interface Tracked {
  readonly link: Link;
  readonly binding: string;
  /** Those that do not change while the link lives, but for the domain that is learnt. */
  readonly claims: Claim[];
  /** The sums over scopes in force now that the link counts in. */
  sums: readonly Claim[];
  readonly openedUnder: InForce;
  readonly openedAs: number;
  /** Counters that it came into later, when it went from one domain to another. */
  readonly moved: Map<Counter, { readonly openedAs: number; readonly openedUnder: InForce }>;
  domain: string | null;
  isVisible: boolean;
}

export class ConnectionCheck {
  readonly #situation: Situation;
  readonly #counters = new Map<string, Counter>();
  readonly #tracked = new Map<Link, Tracked>();
  readonly #throttles: ThrottleCheck;
  #opened = 0;
  /** When connections of the reserve were opened last, and in which life of the process. */
  #reserveAt = { ms: Number.NEGATIVE_INFINITY, life: 0 };

  constructor(situation: Situation) {
    this.#situation = situation;
    this.#throttles = new ThrottleCheck(situation);
  }

  opening(link: Link): void {
    this.#throttles.opening(link);
    const situation = this.#situation;
    const binding = situation.bindingOf(link.source);
    const { address } = link.target;
    const domain = situation.domainOf(address);
    const node = this.#counter('node');
    const claims: Claim[] = [
      { counter: node, limit: (force) => force.nodeCeiling },
      { counter: this.#counter(`binding ${binding}`), limit: (force) => force.bindingLimit(binding) },
      {
        counter: this.#counter(`address ${binding} ${address}`),
        limit: () => situation.addressLimit(binding, address),
      },
    ];
    if (domain !== null) claims.push(this.#pairClaim(binding, domain));
    const openedAs = this.#opened++;
    const openedUnder = situation.force;
    const tracked = {
      ...{ link, binding, claims, sums: [], openedUnder, openedAs, domain },
      moved: new Map(),
      isVisible: false,
    };
    this.#tracked.set(link, tracked);
    for (const { counter } of claims) counter.links.add(link);
    this.#countSums(tracked);
    for (const { counter, limit } of this.#claimsOf(tracked)) {
      if (counter.links.size > limit(openedUnder))
        this.#violation(`${link} is opened above the limit ${limit(openedUnder)} of ${counter.name}`);
    }
    if (node.links.size > situation.force.nodeLimit) this.#checkReserve(link, binding, domain);
    if (!situation.isAnybodys(address)) this.#violation(`${link} is opened to where no mail goes`);
    if (!situation.configuration.hasBinding(binding)) this.#violation(`${link} is opened for a binding that is gone`);
    if (domain !== null) {
      const { suspendedUntil, isBlackholed } = openedUnder.termsOf(binding, domain);
      if (suspendedUntil > situation.world.moment.wall)
        this.#violation(`${link} is opened for ${domain}, which is suspended`);
      if (isBlackholed) this.#violation(`${link} is opened for ${domain}, which is blackholed`);
      if (situation.isQuiet(binding, domain)) this.#violation(`${link} is opened for ${domain} in its quiet hours`);
    }
    if (situation.world.elapsedMs < situation.openingAtMs)
      this.#violation(`${link} is opened too soon after an unclean stop`);
    if (situation.state === 'stopping') this.#violation(`${link} is opened during an orderly stop`);
    const { descriptorLimit } = link.network.conditions;
    const reserve = descriptorLimit >= 512 ? 128 : Math.floor(descriptorLimit / 4);
    if (link.network.links.size > Math.max(0, descriptorLimit - reserve))
      this.#violation(`${link} takes a descriptor of the reserve`);
  }

  /** Above the node's limit a connection is for a queue without any, and they come once in an interval. */
  #checkReserve(link: Link, binding: string, domain: string | null): void {
    const { world, life, configuration } = this.#situation;
    const { elapsedMs } = world;
    if (domain !== null && this.#pair(binding, domain).links.size > 1)
      this.#violation(`${link} is opened out of the reserve, though ${binding} has another connection to ${domain}`);
    const intervalMs = 1000 * configuration.value(reserveMaintenanceInterval);
    const { ms } = this.#reserveAt;
    if (this.#reserveAt.life === life && elapsedMs !== ms && elapsedMs - ms < intervalMs)
      this.#violation(`${link} is opened out of the reserve ${elapsedMs - ms} ms after the last`);
    this.#reserveAt = { ms: elapsedMs, life };
  }

  accepted(link: Link): void {
    const tracked = this.#tracked.get(link)!;
    tracked.isVisible = true;
    for (const { counter } of this.#claimsOf(tracked)) countVisible(counter);
  }

  vanished(link: Link): void {
    const tracked = this.#tracked.get(link)!;
    this.#tracked.delete(link);
    for (const { counter } of this.#claimsOf(tracked)) leave(counter, tracked);
  }

  /** The engine was told that there is no connection. */
  failed(link: Link): void {
    this.#throttles.failed(link);
  }

  /** The engine was told what the receiver says. */
  heard(link: Link): void {
    this.#throttles.heard(link);
  }

  /** The engine begins a message on the link. */
  beginsMessage(link: Link): void {
    this.#throttles.beginsMessage(link);
    const tracked = this.#tracked.get(link);
    if (tracked === undefined || !link.isServing) return; // the peer is gone, we do not know yet
    const above = this.#surplus(tracked);
    if (above !== null)
      this.#violation(`${link} begins a message, but is surplus: the limit of ${above.name} is ${above.limit}`);
  }

  /** A recipient was named on the link, so it serves that domain. */
  learnDomain(link: Link, domain: string): void {
    this.#throttles.namesDomain(link, domain);
    const tracked = this.#tracked.get(link);
    if (tracked === undefined || tracked.domain === domain) return;
    const { address } = link.target;
    const { force } = this.#situation;
    if (tracked.domain !== null && !this.#situation.areSiblings(address, tracked.domain, domain)) {
      this.#violation(`${link} serves ${tracked.domain} and ${domain}`);
      return;
    }
    const pair = this.#pairClaim(tracked.binding, domain);
    const before = new Set(this.#claimsOf(tracked).map(({ counter }) => counter));
    if (tracked.domain !== null) leave(tracked.claims.pop()!.counter, tracked);
    // One that has carried nothing yet may have been opened for a sibling, and counts for this domain from now on then.
    const mayHaveMoved = tracked.domain !== null || (force.migrates && this.#situation.domainOf(address) === null);
    tracked.domain = domain;
    tracked.claims.push(pair);
    pair.counter.links.add(link);
    if (tracked.isVisible) countVisible(pair.counter);
    this.#countSums(tracked);
    const entered = this.#claimsOf(tracked).filter(({ counter }) => !before.has(counter));
    if (mayHaveMoved)
      for (const { counter } of entered) tracked.moved.set(counter, { openedAs: this.#opened++, openedUnder: force });
    for (const claim of entered) this.#checkLastOpened(claim);
  }

  /** Those that are known to count now all counted when the last of them was opened, or came to serve the domain. */
  #checkLastOpened({ counter }: Claim): void {
    let last: Tracked | null = null;
    const enteredAs = (tracked: Tracked): number => (tracked.moved.get(counter) ?? tracked).openedAs;
    for (const link of counter.links) {
      const candidate = this.#tracked.get(link)!;
      if (last === null || enteredAs(candidate) > enteredAs(last)) last = candidate;
    }
    const { link, openedUnder, moved } = last!;
    const claim = this.#claimsOf(last!).find((other) => other.counter === counter)!;
    const limit = Math.max(claim.limit(openedUnder), claim.limit(moved.get(counter)?.openedUnder ?? openedUnder));
    if (counter.links.size > limit) this.#violation(`${link} was opened above the limit ${limit} of ${counter.name}`);
  }

  /** A configuration takes force: what is open counts by it from now on. */
  reconfiguring(): void {
    for (const tracked of this.#tracked.values()) this.#countSums(tracked);
  }

  /** A configuration took force: what is above its limits now must be gone in time. */
  reconfigured(): void {
    const { world, scenario, force, life } = this.#situation;
    if (this.#above() === null) return;
    world.after(scenario.configuration.lastTransactionMs, () => {
      if (this.#situation.force !== force || this.#situation.life !== life) return;
      const above = this.#above();
      if (above === null) return;
      const { name, links, limit } = above;
      this.#violation(`${name} has ${links} connections long after its limit fell to ${limit}`);
    });
  }

  #above(): { name: string; links: number; limit: Limit } | null {
    const { force } = this.#situation;
    if (this.#situation.state === 'down') return null;
    for (const tracked of this.#tracked.values()) {
      for (const { counter, limit } of this.#claimsOf(tracked)) {
        const links = counter.links.size;
        if (links > limit(force)) return { name: counter.name, links, limit: limit(force) };
      }
    }
    return null;
  }

  /** At the end of a turn: an idle connection above a limit has said QUIT. */
  surplusIdle(link: Link): string | null {
    const tracked = this.#tracked.get(link);
    return tracked === undefined || !link.isServing ? null : (this.#surplus(tracked)?.name ?? null);
  }

  #surplus(tracked: Tracked): { name: string; limit: Limit } | null {
    const { force, state } = this.#situation;
    if (state === 'down') return null;
    for (const { counter, limit } of this.#claimsOf(tracked))
      if (counter.serving > limit(force)) return { name: counter.name, limit: limit(force) };
    return null;
  }

  /** A link among those that are idle which holds a slot of the counter. */
  idleHolder(name: string, idle: Iterable<Link>): Link | null {
    const counter = this.#counters.get(name);
    if (counter === undefined) return null;
    for (const link of idle) if (counter.links.has(link) && link.isServing) return link;
    return null;
  }

  /** After a run in which so much mail waited: the lowest of the limits was reached, as receivers saw it. */
  checkReached({ binding, domain, transactions }: Burst): void {
    const situation = this.#situation;
    const limit = situation.force.pairLimit(binding, domain);
    const inScopes = situation.force.sumsOf({ binding, domain, host: null, address: null });
    const expected = Math.min(
      limit,
      situation.force.nodeLimit,
      situation.force.bindingLimit(binding),
      this.#atHosts(binding, domain),
      ...inScopes.map((sum) => sum.limit),
    );
    // Some are delivered before the last have come. 16 times the limit is what reaches it (docs/limits.md).
    const waiting = transactions * 0.75;
    if (limit === NO_LIMIT ? waiting * 0.3 < expected : waiting < 16 * limit) return;
    const { peak } = this.#pair(binding, domain);
    if (peak !== expected)
      this.#violation(
        `with ${transactions} messages, ${binding} had ${peak} connections to ${domain}, not ${expected}`,
      );
  }

  /** What the hosts of the domain can take together: each sum over hosts is of one address, one host or all of them. */
  #atHosts(binding: string, domain: string): Limit {
    const situation = this.#situation;
    const hosts = situation.reachable(binding, situation.domains.get(domain)!);
    const addresses = hosts.flatMap((host) => host.addresses.map((address) => ({ host: host.host, address })));
    const limits = new Map<string, { limit: Limit; members: Set<string> }>();
    for (const { host, address } of addresses) {
      for (const sum of situation.force.sumsOf({ binding, domain: null, host, address })) {
        const known = limits.get(sum.name) ?? { limit: sum.limit, members: new Set() };
        known.members.add(address);
        limits.set(sum.name, known);
      }
    }
    const room = (members: readonly string[], plain: Limit): Limit => {
      const ofExactly = [...limits.values()].filter(
        (sum) => sum.members.size === members.length && members.every((member) => sum.members.has(member)),
      );
      return Math.min(plain, ...ofExactly.map((sum) => sum.limit));
    };
    let all = 0;
    for (const { host, addresses: ofHost } of hosts) {
      const each = ofHost.map((address) => room([address], situation.force.hostLimit(binding, host, address)));
      all += room(
        ofHost,
        each.reduce((sum, one) => sum + one, 0),
      );
    }
    return room(
      addresses.map(({ address }) => address),
      all,
    );
  }

  /** The link counts in the sums that are in force now. */
  #countSums(tracked: Tracked): void {
    const { link, domain } = tracked;
    const seen = this.#situation.seen(link.source, link.target.address, domain);
    const before = tracked.sums;
    tracked.sums = this.#situation.force.sumsOf(seen).map(({ name }) => ({
      counter: this.#counter(name),
      limit: (force) => force.sumsOf(seen).find((sum) => sum.name === name)?.limit ?? NO_LIMIT,
    }));
    const counters = new Set(tracked.sums.map(({ counter }) => counter));
    for (const { counter } of before) if (!counters.has(counter)) leave(counter, tracked);
    for (const counter of counters) {
      if (counter.links.has(link)) continue;
      counter.links.add(link);
      if (tracked.isVisible) countVisible(counter);
    }
  }

  #claimsOf({ claims, sums }: Tracked): readonly Claim[] {
    return [...claims, ...sums];
  }

  /** After a run in which more waited for the node's limit than it let go. */
  checkReserveUsed(): void {
    const { peak } = this.#counter('node');
    if (peak <= this.#situation.force.nodeLimit)
      this.#violation(`the reserve was not used: there were ${peak} connections`);
  }

  #pair(binding: string, domain: string): Counter {
    return this.#counter(`pair ${binding} ${domain}`);
  }

  #pairClaim(binding: string, domain: string): Claim {
    return { counter: this.#pair(binding, domain), limit: (force) => force.pairLimit(binding, domain) };
  }

  #counter(name: string): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new Counter(name);
      this.#counters.set(name, counter);
    }
    return counter;
  }

  #violation(claim: string): void {
    this.#situation.world.violation(claim);
  }
}

function leave(counter: Counter, { link, isVisible }: Tracked): void {
  counter.links.delete(link);
  if (isVisible) counter.visible--;
}

function countVisible(counter: Counter): void {
  counter.visible++;
  counter.peak = Math.max(counter.peak, counter.visible);
}
