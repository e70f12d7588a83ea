// What a test receiver counts: connections at this moment and at most, messages and recipients, for each source address,
// destination and domain.
//
// The rule (design decision 6): a connection counts from accept until the sink itself calls end or destroy, or sees the
// peer's FIN or RST; it is counted down before the call. One that was already reset when accepted never counts. The
// domain of a connection is known from its first RCPT on, and it counts there from then on; so exact peaks of a
// (source, domain) come from a destination of its own for each domain.

/** A figure of the sink. The fields change; copy what is to be kept. */
export interface Gauge {
  /** Connections that are open. */
  readonly now: number;
  /** Most that were ever open at once. */
  readonly peak: number;
  /** Connections since the start. */
  readonly opened: number;
  /** Messages answered with 250 after the final dot. */
  readonly messages: number;
  /** Recipients of these messages. */
  readonly recipients: number;
}

/** What a gauge is about; what is left out is summed over. */
export interface Counted {
  /** Address of the client. */
  readonly source?: string;
  /** `address:port` that it connected to. */
  readonly destination?: string;
  /** Lower case. Not together with a destination. */
  readonly domain?: string;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NOTHING: Gauge = { now: 0, peak: 0, opened: 0, messages: 0, recipients: 0 };

export class SinkCounts {
  readonly #gaugesByKey = new Map<string, { readonly of: Counted; readonly gauge: Mutable<Gauge> }>();
  readonly total: Gauge;

  constructor() {
    this.total = this.gaugeFor({});
  }

  /** The figure as it stands, zero for what was never seen. */
  of(counted: Counted): Gauge {
    return this.#gaugesByKey.get(keyOf(counted))?.gauge ?? NOTHING;
  }

  /** Everything that was seen, as copies. */
  rows(): (Counted & Gauge)[] {
    return [...this.#gaugesByKey.values()].map(({ of, gauge }) => ({ ...of, ...gauge }));
  }

  /** Counts a connection that was just accepted. */
  open(source: string, destination: string): CountedConnection {
    return new CountedConnection(this, source, [
      this.gaugeFor({}),
      this.gaugeFor({ source }),
      this.gaugeFor({ destination }),
      this.gaugeFor({ source, destination }),
    ]);
  }

  /** For {@link CountedConnection}. */
  gaugeFor(of: Counted): Mutable<Gauge> {
    const key = keyOf(of);
    let found = this.#gaugesByKey.get(key);
    if (found === undefined) {
      found = { of, gauge: { ...NOTHING } };
      this.#gaugesByKey.set(key, found);
    }
    return found.gauge;
  }
}

/** The count of one connection, up to its `close`. */
export class CountedConnection {
  readonly #counts: SinkCounts;
  readonly #source: string;
  readonly #gauges: Mutable<Gauge>[];
  readonly #gaugesByDomain = new Map<string, readonly Mutable<Gauge>[]>();
  #isOpen = true;

  constructor(counts: SinkCounts, source: string, gauges: Mutable<Gauge>[]) {
    this.#counts = counts;
    this.#source = source;
    this.#gauges = gauges;
    gauges.forEach(countUp);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Counts the connection under a domain, too, unless it does already. */
  addDomain(domain: string): void {
    if (!this.#isOpen || this.#gaugesByDomain.has(domain)) return;
    const gauges = [this.#counts.gaugeFor({ domain }), this.#counts.gaugeFor({ source: this.#source, domain })];
    gauges.forEach(countUp);
    this.#gaugesByDomain.set(domain, gauges);
  }

  /** @param domains one for each recipient */
  addMessage(domains: readonly string[]): void {
    for (const gauge of this.#gauges) {
      gauge.messages += 1;
      gauge.recipients += domains.length;
    }
    for (const [domain, gauges] of this.#gaugesByDomain) {
      let recipients = 0;
      for (const other of domains) if (other === domain) recipients += 1;
      if (recipients === 0) continue;
      for (const gauge of gauges) {
        gauge.messages += 1;
        gauge.recipients += recipients;
      }
    }
  }

  /** Counts the connection down, once. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#gauges.forEach(countDown);
    for (const gauges of this.#gaugesByDomain.values()) gauges.forEach(countDown);
  }
}

function countUp(gauge: Mutable<Gauge>): void {
  gauge.now += 1;
  gauge.opened += 1;
  if (gauge.now > gauge.peak) gauge.peak = gauge.now;
}

function countDown(gauge: Mutable<Gauge>): void {
  gauge.now -= 1;
}

const keyOf = ({ source = '', destination = '', domain = '' }: Counted): string => `${source} ${destination} ${domain}`;
