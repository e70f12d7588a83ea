// How many questions for exchangers there may be in a time (dns_rate_limit_*): never more than so many in any span of the
// period. Who comes when there have been as many waits in order; who comes when as many wait as may is asked at once, as the
// reference has it, since a limit that is to spare a name server must not stop the mail.
import { addMono, type MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';

export interface QueryLimit {
  /** At least one. */
  readonly queries: number;
  readonly periodMs: number;
  /** Questions that may wait. */
  readonly waitingMax: number;
}

/** What the console shows of it. */
export interface PacerFigures extends QueryLimit {
  readonly waiting: number;
  /** Since the start or the last reset: asked at once, made to wait, asked after that, and asked in spite of the limit. */
  readonly immediate: number;
  readonly queued: number;
  readonly drained: number;
  readonly overflow: number;
}

export class QueryPacer {
  readonly #timers: Timers;
  readonly #limit: () => QueryLimit | null;
  readonly #now: () => MonoMs;
  readonly #timer = new Timer(() => this.#askWaiting());
  /** When those of the current period were asked, the oldest at `#first`. */
  #askedAt: MonoMs[] = [];
  #first = 0;
  readonly #waiting = new Set<() => void>();
  #counts = { immediate: 0, queued: 0, drained: 0, overflow: 0 };

  /** @param limit the one in force; null: none @param now the time of the turn that is open */
  constructor(timers: Timers, limit: () => QueryLimit | null, now: () => MonoMs) {
    this.#timers = timers;
    this.#limit = limit;
    this.#now = now;
  }

  /** Null without a limit. */
  get figures(): PacerFigures | null {
    const limit = this.#limit();
    return limit === null ? null : { ...limit, waiting: this.#waiting.size, ...this.#counts };
  }

  resetFigures(): void {
    this.#counts = { immediate: 0, queued: 0, drained: 0, overflow: 0 };
  }

  /** Calls `ask` now or in a later turn. */
  pass(ask: () => void): void {
    const limit = this.#limit();
    if (limit === null) {
      ask();
    } else if (this.#waiting.size === 0 && this.#takeRoom(limit)) {
      this.#counts.immediate += 1;
      ask();
    } else if (this.#waiting.size >= limit.waitingMax) {
      this.#counts.overflow += 1;
      ask();
    } else {
      this.#counts.queued += 1;
      this.#waiting.add(ask);
      this.#arm(limit);
    }
  }

  #askWaiting(): void {
    const limit = this.#limit();
    for (const ask of this.#waiting) {
      if (limit !== null && !this.#takeRoom(limit)) break;
      this.#waiting.delete(ask);
      this.#counts.drained += 1;
      ask();
    }
    if (limit !== null && this.#waiting.size > 0) this.#arm(limit);
  }

  /** @returns whether there was any */
  #takeRoom({ queries, periodMs }: QueryLimit): boolean {
    const now = this.#now();
    while (this.#first < this.#askedAt.length && now - this.#askedAt[this.#first]! >= periodMs) this.#first += 1;
    if (this.#first > 1000 && 2 * this.#first > this.#askedAt.length) {
      this.#askedAt = this.#askedAt.slice(this.#first);
      this.#first = 0;
    }
    if (this.#askedAt.length - this.#first >= queries) return false;
    this.#askedAt.push(now);
    return true;
  }

  /** For when the next may be asked. A limit that was lowered meanwhile lets more of the period go by. */
  #arm({ queries, periodMs }: QueryLimit): void {
    const leaving = this.#askedAt[this.#askedAt.length - queries] ?? this.#askedAt[this.#first]!;
    this.#timers.set(this.#timer, addMono(leaving, periodMs));
  }
}
