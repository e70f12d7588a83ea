// The promise of the limits, checked where the receivers stand: by source address (binding), by address, and by domain.
// A link counts from the SYN until nobody at the receiving side can count it any more, which is what the receiver sees
// and a little more; so a connection that is opened while a counter is at its limit is found at once, whatever the
// engine believes. Knows nothing of the engine.
import type { Limit } from '../core/base/limit.ts';
import { NO_LIMIT } from '../core/base/limit.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { Link } from './network.ts';
import type { Burst } from './plan-traffic.ts';
import type { Situation } from './situation.ts';

/** One thing that is counted, with the links that count now. */
class Counter {
  readonly name: string;
  readonly links = new Set<Link>();
  readonly limit: () => Limit;
  visible = 0;
  /** The most that receivers could see at once. */
  peak = 0;

  constructor(name: string, limit: () => Limit) {
    this.name = name;
    this.limit = limit;
  }

  /** Links that may carry more mail as far as both ends have said. */
  get serving(): number {
    let count = 0;
    for (const link of this.links) if (link.isServing) count++;
    return count;
  }
}

interface Tracked {
  readonly link: Link;
  readonly binding: string;
  readonly counters: Counter[];
  readonly openedUnder: Configuration;
  readonly openedAs: number;
  domain: string | null;
  isVisible: boolean;
}

export class ConnectionCheck {
  readonly #situation: Situation;
  readonly #counters = new Map<string, Counter>();
  readonly #tracked = new Map<Link, Tracked>();
  #opened = 0;

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  opening(link: Link): void {
    const situation = this.#situation;
    const binding = situation.bindingOf(link.source);
    const { address } = link.target;
    const domain = situation.domainOf(address);
    const counters = [
      this.#counter('node', () => situation.nodeCeiling()),
      this.#counter(`binding ${binding}`, () => situation.bindingLimit(binding)),
      this.#counter(`address ${binding} ${address}`, () => situation.addressLimit(binding, address)),
    ];
    if (domain !== null) counters.push(this.#pair(binding, domain));
    const openedUnder = situation.configuration;
    this.#tracked.set(link, {
      link,
      binding,
      counters,
      openedUnder,
      openedAs: this.#opened++,
      domain,
      isVisible: false,
    });
    for (const counter of counters) {
      counter.links.add(link);
      if (counter.links.size > counter.limit())
        this.#violation(`${link} is opened above the limit ${counter.limit()} of ${counter.name}`);
    }
    if (situation.world.elapsedMs < situation.openingAtMs)
      this.#violation(`${link} is opened too soon after an unclean stop`);
    if (situation.state === 'stopping') this.#violation(`${link} is opened during an orderly stop`);
    const { descriptorLimit } = link.network.conditions;
    const reserve = descriptorLimit >= 512 ? 128 : Math.floor(descriptorLimit / 4);
    if (link.network.links.size > Math.max(0, descriptorLimit - reserve))
      this.#violation(`${link} takes a descriptor of the reserve`);
  }

  accepted(link: Link): void {
    const tracked = this.#tracked.get(link)!;
    tracked.isVisible = true;
    for (const counter of tracked.counters) countVisible(counter);
  }

  vanished(link: Link): void {
    const tracked = this.#tracked.get(link)!;
    this.#tracked.delete(link);
    for (const counter of tracked.counters) {
      counter.links.delete(link);
      if (tracked.isVisible) counter.visible--;
    }
  }

  /** The engine begins a message on the link. */
  beginsMessage(link: Link): void {
    const tracked = this.#tracked.get(link);
    if (tracked === undefined || !link.isServing) return; // the peer is gone, we do not know yet
    for (const counter of tracked.counters) {
      if (counter.serving > counter.limit())
        this.#violation(`${link} begins a message, but is surplus: the limit of ${counter.name} is ${counter.limit()}`);
    }
  }

  /** A recipient was named on the link, so it serves that domain. */
  learnDomain(link: Link, domain: string): void {
    const tracked = this.#tracked.get(link);
    if (tracked === undefined || tracked.domain === domain) return;
    if (tracked.domain !== null) {
      this.#violation(`${link} serves ${tracked.domain} and ${domain}`);
      return;
    }
    tracked.domain = domain;
    const counter = this.#pair(tracked.binding, domain);
    tracked.counters.push(counter);
    counter.links.add(link);
    if (tracked.isVisible) countVisible(counter);
    // Those that are known to count now all counted when the last of them was opened.
    let last = tracked;
    for (const other of counter.links) {
      const candidate = this.#tracked.get(other)!;
      if (candidate.openedAs > last.openedAs) last = candidate;
    }
    const limit = this.#situation.pairLimit(tracked.binding, domain, last.openedUnder);
    if (counter.links.size > limit)
      this.#violation(`${last.link} was opened above the limit ${limit} of ${counter.name}`);
  }

  /** A configuration took force: what is above its limits now must be gone in time. */
  reconfigured(): void {
    const { world, scenario } = this.#situation;
    const { configuration, life } = this.#situation;
    if (![...this.#counters.values()].some((counter) => counter.links.size > counter.limit())) return;
    world.after(scenario.configuration.lastTransactionMs, () => {
      if (this.#situation.configuration !== configuration || this.#situation.life !== life) return;
      for (const counter of this.#counters.values()) {
        if (counter.links.size > counter.limit())
          this.#violation(
            `${counter.name} has ${counter.links.size} connections long after its limit fell to ${counter.limit()}`,
          );
      }
    });
  }

  /** At the end of a turn: an idle connection above a limit has said QUIT. */
  surplusIdle(link: Link): string | null {
    const tracked = this.#tracked.get(link);
    if (tracked === undefined || !link.isServing) return null;
    const above = tracked.counters.find((counter) => counter.serving > counter.limit());
    return above === undefined ? null : above.name;
  }

  /** A link among those that are idle which holds a slot of the counter. */
  idleHolder(name: string, idle: Iterable<Link>): Link | null {
    const counter = this.#counters.get(name);
    if (counter === undefined || counter.limit() === 0) return null;
    for (const link of idle) if (counter.links.has(link)) return link;
    return null;
  }

  /** After a run in which so much mail waited: the lowest of the limits was reached, as receivers saw it. */
  checkReached({ binding, domain, transactions }: Burst): void {
    const situation = this.#situation;
    const limit = situation.pairLimit(binding, domain);
    const { hosts } = situation.domains.get(domain)!;
    const atHosts = hosts.flatMap(({ host, addresses }) =>
      addresses.map((address) => situation.hostLimit(binding, host, address)),
    );
    const expected = Math.min(
      limit,
      situation.nodeLimit(),
      situation.bindingLimit(binding),
      atHosts.reduce((sum, one) => sum + one, 0),
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

  #pair(binding: string, domain: string): Counter {
    return this.#counter(`pair ${binding} ${domain}`, () => this.#situation.pairLimit(binding, domain));
  }

  #counter(name: string, limit: () => Limit): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new Counter(name, () => (this.#situation.state === 'down' ? NO_LIMIT : limit()));
      this.#counters.set(name, counter);
    }
    return counter;
  }

  #violation(claim: string): void {
    this.#situation.world.violation(claim);
  }
}

function countVisible(counter: Counter): void {
  counter.visible++;
  counter.peak = Math.max(counter.peak, counter.visible);
}
