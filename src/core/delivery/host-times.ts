// How long addresses take to connect and to accept a message: decayed averages, for people who look at a domain.

/** Averages of one address; 0 before the first sample. */
export class HostTimes {
  connectMs = 0;
  deliverMs = 0;

  connected(ms: number): void {
    this.connectMs = this.connectMs === 0 ? ms : this.connectMs + (ms - this.connectMs) * WEIGHT;
  }

  delivered(ms: number): void {
    this.deliverMs = this.deliverMs === 0 ? ms : this.deliverMs + (ms - this.deliverMs) * WEIGHT;
  }
}

/** Of a new sample. */
const WEIGHT = 0.1;
const MOST_ADDRESSES = 50_000;
const NO_TIMES: Readonly<HostTimes> = new HostTimes();

export class HostTimesTable {
  readonly #timesByAddress = new Map<string, HostTimes>();

  /** For a connection to keep. The address used first is forgotten first when there are too many. */
  timesOf(address: string): HostTimes {
    let times = this.#timesByAddress.get(address);
    if (times === undefined) {
      times = new HostTimes();
      this.#timesByAddress.set(address, times);
      if (this.#timesByAddress.size > MOST_ADDRESSES) {
        for (const oldest of this.#timesByAddress.keys()) {
          this.#timesByAddress.delete(oldest);
          break;
        }
      }
    }
    return times;
  }

  /** What is known of an address. */
  peek(address: string): Readonly<HostTimes> {
    return this.#timesByAddress.get(address) ?? NO_TIMES;
  }
}
