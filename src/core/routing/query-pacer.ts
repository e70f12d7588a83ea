// How many questions for exchangers there may be in a time (dns_rate_limit_*): never more than so many in any span of the
// period. Who comes when there have been as many waits in order; who comes when as many wait as may is asked at once, as the
// reference has it, since a limit that is to spare a name server must not stop the mail.
import type { MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';
import { AskedQueries, type QueryRate, type QueryWindow } from './asked-queries.ts';

export interface QueryLimit extends QueryRate {
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
  readonly #window: QueryWindow;
  readonly #waiting = new Set<() => void>();
  #counts = { immediate: 0, queued: 0, drained: 0, overflow: 0 };

  /** @param limit the one in force; null: none @param now the time of the turn that is open */
  constructor(
    timers: Timers,
    limit: () => QueryLimit | null,
    now: () => MonoMs,
    window: QueryWindow = new AskedQueries(),
  ) {
    this.#timers = timers;
    this.#limit = limit;
    this.#now = now;
    this.#window = window;
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
    } else if (this.#waiting.size === 0 && this.#window.take(limit, this.#now(), false)) {
      this.#counts.immediate += 1;
      ask();
    } else if (this.#waiting.size >= limit.waitingMax) {
      this.#counts.overflow += 1;
      ask();
    } else {
      this.#counts.queued += 1;
      this.#waiting.add(ask);
      if (this.#waiting.size === 1) this.#window.setWaiting(1, this.#now());
      this.#arm(limit);
    }
  }

  #askWaiting(): void {
    const limit = this.#limit();
    for (const ask of this.#waiting) {
      if (limit !== null && !this.#window.take(limit, this.#now(), true)) break;
      this.#waiting.delete(ask);
      this.#window.setWaiting(this.#waiting.size, this.#now());
      this.#counts.drained += 1;
      ask();
    }
    if (limit !== null && this.#waiting.size > 0) this.#arm(limit);
  }

  #arm(limit: QueryLimit): void {
    this.#timers.set(this.#timer, this.#window.nextTryAt(limit, this.#now()));
  }
}
