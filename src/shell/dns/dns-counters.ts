// What the console's `summary` says about the name service, since start or the last reset.
import type { SummaryFigures } from '../../core/console/server-view.ts';
import type { DnsType } from '../../engine/ports.ts';

/** Who answers, for people: the console prints it as "DNS Resolver". */
const RESOLVER_NAME = 'headgate';

interface Count {
  queries: number;
  timeouts: number;
}

export class DnsCounters {
  #byType: Record<DnsType, Count> = freshCounts();
  #answers = 0;
  #totalMs = 0;
  #peakMs = 0;

  noteQuery(type: DnsType): void {
    this.#byType[type].queries += 1;
  }

  /** No server gave any sign of life. */
  noteTimeout(type: DnsType): void {
    this.#byType[type].timeouts += 1;
  }

  /** @param ms from the first datagram of a question to the response that answered it */
  noteAnswer(ms: number): void {
    this.#answers += 1;
    this.#totalMs += ms;
    this.#peakMs = Math.max(this.#peakMs, ms);
  }

  reset(): void {
    this.#byType = freshCounts();
    this.#answers = 0;
    this.#totalMs = 0;
    this.#peakMs = 0;
  }

  /** @param pending questions without an answer at this moment */
  figures(pending: number): SummaryFigures['dns'] {
    return {
      resolver: RESOLVER_NAME,
      a: { ...this.#byType.A },
      aaaa: { ...this.#byType.AAAA },
      mx: { ...this.#byType.MX },
      txt: { ...this.#byType.TXT },
      pending,
      responsePeakMs: this.#peakMs,
      responseAverageMs: this.#answers === 0 ? 0 : this.#totalMs / this.#answers,
    };
  }
}

const freshCounts = (): Record<DnsType, Count> => ({
  MX: { queries: 0, timeouts: 0 },
  A: { queries: 0, timeouts: 0 },
  AAAA: { queries: 0, timeouts: 0 },
  CNAME: { queries: 0, timeouts: 0 },
  TLSA: { queries: 0, timeouts: 0 },
  TXT: { queries: 0, timeouts: 0 },
});
