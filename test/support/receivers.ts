// Test receivers for a running server: an address of loopback for each domain, so that its connections are counted
// exactly, and the routes that lead there.
import type { TestContext } from 'node:test';
import { TEST_ID_HEADER } from '../../src/cli/sink-arrivals.ts';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import type { Counted, Gauge } from '../../src/cli/sink-counts.ts';
import { openSink, type Sink, type SinkMessage } from '../../src/cli/sink-server.ts';

export interface ReceiversOptions {
  readonly behaviour?: Partial<SinkBehaviour>;
  readonly onMessage?: (message: SinkMessage) => void;
}

export class Receivers {
  readonly sink: Sink;
  readonly #endpointsByDomain: ReadonlyMap<string, string>;

  private constructor(sink: Sink, domains: readonly string[]) {
    this.sink = sink;
    this.#endpointsByDomain = new Map(domains.map((domain, index) => [domain, sink.endpoints[index]!]));
  }

  static async open(t: TestContext, domains: readonly string[], options: ReceiversOptions = {}): Promise<Receivers> {
    const { behaviour = {}, onMessage } = options;
    const sink = await openSink({
      listen: domains.map((_, index) => ({ address: `127.0.1.${index + 1}`, port: 0, behaviour })),
      idHeader: TEST_ID_HEADER,
      ...(onMessage === undefined ? {} : { onMessage }),
    });
    t.after(() => sink.close());
    return new Receivers(sink, domains);
  }

  /** `address:port` of the receiver of a domain. */
  endpoint(domain: string): string {
    return this.#endpointsByDomain.get(domain)!;
  }

  /** Domain stanzas that route each domain to its receiver. */
  get routes(): string {
    return Array.from(this.#endpointsByDomain, ([domain, endpoint]) => {
      const [address, port] = endpoint.split(':');
      return `Domain "${domain}" { Routes = ( "smtp://${address}?port=${port}" ) }\n`;
    }).join('');
  }

  /** What a source address had at the receiver of a domain; all sources when it is left out. */
  count(domain: string, source?: string): Gauge {
    return this.sink.counts.of({ destination: this.endpoint(domain), ...(source === undefined ? {} : { source }) });
  }

  /** Applies a behaviour to every receiver. */
  behave(behaviour: Partial<SinkBehaviour>): void {
    for (const endpoint of this.#endpointsByDomain.values()) this.sink.setBehaviour(endpoint, behaviour);
  }

  /** Starts to watch how many connections there are. @returns the most there have been since */
  watchPeak(counted: Counted): () => number {
    let peak = this.sink.counts.of(counted).now;
    this.sink
      .when(() => {
        peak = Math.max(peak, this.sink.counts.of(counted).now);
        return false;
      })
      .catch(() => {}); // the sink was closed: the test is over
    return () => peak;
  }

  /** Waits until every accepted message has arrived. */
  async whenArrived(acceptedById: ReadonlyMap<string, readonly string[]>): Promise<void> {
    let expected = 0;
    for (const recipients of acceptedById.values()) expected += recipients.length;
    const { arrivals } = this.sink;
    await this.sink.when(() => arrivals.distinct >= expected && arrivals.check(acceptedById).missing.length === 0);
  }
}
