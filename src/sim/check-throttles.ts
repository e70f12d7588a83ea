// The promise of the throttles, checked on the wire: in no span of the time of a throttle more connections are opened, or
// more messages begun, than it lets through. A connection counts when it is opened, unless the connect fails; the first
// message of a connection counts with it when it is begun as soon as the receiver is ready, any other when it is begun.
// Knows nothing of the engine; which throttle counts what is worked out in throttle-rates.ts.
import type { InForce } from './in-force.ts';
import type { Link } from './link.ts';
import type { Situation } from './situation.ts';
import { type Destination, type Rate, type Throttled, ThrottleRates } from './throttle-rates.ts';

/** Something that counts in a throttle, with what that let through at the time. */
interface Counted {
  readonly rate: Rate;
  readonly link: Link;
  /** Corrected at a start of the process, which knows times of earlier ones by the wall clock only. */
  atMs: number;
  /** How far the wall clock had been set forward until then. */
  readonly wallAdvancedMs: number;
}

interface Tracked {
  readonly binding: string;
  readonly openedAtMs: number;
  readonly openedUnder: InForce;
  domain: string | null;
  heardAtMs: number;
  messages: number;
  /** The latest message, as long as no recipient of it was named. */
  begun: { readonly atMs: number; readonly under: InForce; readonly isFirst: boolean } | null;
}

/** Windows of this length and more survive a restart (docs/throttles.md). */
const DURABLE_MS = 10_000;

export class ThrottleCheck {
  readonly #situation: Situation;
  readonly #links = new Map<Link, Tracked>();
  /** By throttle, in order of time. */
  readonly #counted = new Map<string, Counted[]>();
  readonly #rates = new WeakMap<InForce, ThrottleRates>();
  readonly #hostByAddress = new Map<string, string | null>();
  #life = 0;
  #bornAtMs = 0;

  constructor(situation: Situation) {
    this.#situation = situation;
    for (const { hosts } of situation.scenario.network.domains) {
      for (const { host, addresses } of hosts) {
        for (const address of addresses) {
          const known = this.#hostByAddress.get(address);
          this.#hostByAddress.set(address, known === undefined || known === host ? host : null);
        }
      }
    }
  }

  opening(link: Link): void {
    const { force, world } = this.#situation;
    this.#noticeStart();
    const domain = this.#situation.domainOf(link.target.address);
    const binding = this.#situation.bindingOf(link.source);
    const openedAtMs = world.elapsedMs;
    const tracked = { binding, openedAtMs, openedUnder: force, domain, heardAtMs: -1, messages: 0, begun: null };
    this.#links.set(link, tracked);
    for (const rate of this.#ratesOf('connections', this.#destination(link, tracked), force))
      this.#count(rate, link, openedAtMs);
  }

  /** No connection came about, as far as we can know. */
  failed(link: Link): void {
    for (const counted of this.#counted.values()) {
      const index = counted.findIndex((one) => one.link === link);
      if (index >= 0) counted.splice(index, 1);
    }
    this.#links.delete(link);
  }

  heard(link: Link): void {
    const tracked = this.#links.get(link);
    if (tracked !== undefined) tracked.heardAtMs = this.#situation.world.elapsedMs;
  }

  beginsMessage(link: Link): void {
    const tracked = this.#links.get(link);
    if (tracked === undefined) return;
    const atMs = this.#situation.world.elapsedMs;
    const isFirst = tracked.messages === 0 && tracked.heardAtMs === atMs;
    tracked.messages++;
    tracked.begun = { atMs, under: this.#situation.force, isFirst };
  }

  /** Tells for which domain the message is that was begun, and so for which the connection is. */
  namesDomain(link: Link, domain: string): void {
    const tracked = this.#links.get(link);
    if (tracked === undefined) return;
    const { begun } = tracked;
    tracked.begun = null;
    const isKnown = this.#situation.domainOf(link.target.address) !== null || !tracked.openedUnder.migrates;
    if (tracked.domain === null && isKnown) {
      const { binding } = tracked;
      const of = (to: Destination) => this.#ratesOf('connections', to, tracked.openedUnder);
      for (const rate of of({ binding, domain, host: null, address: null }))
        this.#count(rate, link, tracked.openedAtMs);
    }
    tracked.domain = domain;
    // What was opened for a sibling takes the tokens of its first message here and now, any other took them when it was opened.
    if (begun === null || (begun.isFirst && !isKnown)) return;
    const to = this.#destination(link, tracked);
    const atOpening = begun.isFirst ? this.#ratesOf('messages', to, tracked.openedUnder) : [];
    for (const rate of this.#ratesOf('messages', to, begun.under)) {
      const taken = atOpening.find(({ name }) => name === rate.name);
      this.#count(taken ?? rate, link, taken === undefined ? begun.atMs : tracked.openedAtMs);
    }
  }

  #destination({ target }: Link, { binding, domain }: Tracked): Destination {
    const { address } = target;
    return { binding, domain, host: this.#hostByAddress.get(address) ?? null, address };
  }

  #ratesOf(what: Throttled, to: Destination, force: InForce): readonly Rate[] {
    let rates = this.#rates.get(force);
    if (rates === undefined) {
      rates = new ThrottleRates(force.settings);
      this.#rates.set(force, rates);
    }
    return rates.of(what, to);
  }

  #count(rate: Rate, link: Link, atMs: number): void {
    const { world } = this.#situation;
    if (rate.periodMs < DURABLE_MS && atMs - this.#bornAtMs < rate.periodMs)
      world.violation(`${link} counts in ${nameOf(rate)} ${atMs - this.#bornAtMs} ms after the start of the process`);
    let counted = this.#counted.get(rate.name);
    if (counted === undefined) {
      counted = [];
      this.#counted.set(rate.name, counted);
    }
    let index = counted.length;
    while (index > 0 && counted[index - 1]!.atMs > atMs) index--;
    counted.splice(index, 0, { rate, link, atMs, wallAdvancedMs: world.wallAdvancedMs });
    for (; index < counted.length; index++) this.#checkSpan(counted, index);
  }

  /** The span that ends with an event, half open at its other end. */
  #checkSpan(counted: readonly Counted[], last: number): void {
    const { rate, atMs, link } = counted[last]!;
    let first = last;
    while (first > 0 && counted[first - 1]!.atMs + rate.periodMs > atMs + ROUNDING_MS) first--;
    const events = last - first + 1;
    if (events > rate.count)
      this.#situation.world.violation(`${link} is number ${events} in a span of ${nameOf(rate)}`);
  }

  /** A process that starts knows of earlier ones what long windows have kept, by the wall clock. */
  #noticeStart(): void {
    const { life, bornAtMs, world } = this.#situation;
    if (life === this.#life) return;
    this.#life = life;
    this.#bornAtMs = bornAtMs;
    for (const [name, counted] of this.#counted) {
      const kept = counted.filter(({ rate }) => rate.periodMs >= DURABLE_MS);
      for (const one of kept) one.atMs -= world.wallAdvancedMs - one.wallAdvancedMs;
      this.#counted.set(
        name,
        kept.sort((a, b) => a.atMs - b.atMs),
      );
    }
  }
}

/** The engine's clock and ours differ by a constant, so sums of times differ in their last bits. */
const ROUNDING_MS = 1e-6;

function nameOf({ name, count, periodMs }: Rate): string {
  return `${name} (${count} in ${periodMs} ms)`;
}
