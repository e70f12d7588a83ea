// When questions of the current period were asked. Others may ask out of the same window (QueryWindow): here there is nobody else.
import { addMono, type MonoMs } from '../base/moment.ts';

export interface QueryRate {
  /** At least one. */
  readonly queries: number;
  readonly periodMs: number;
}

/** Where questions are counted: never more than so many in any span of the period. */
export interface QueryWindow {
  /** Counts a question if there is room for it. @param isWaiting it is that of the one who has waited for the longest here */
  take(rate: QueryRate, now: MonoMs, isWaiting: boolean): boolean;
  /** When to try again, after {@link take} has found no room. */
  nextTryAt(rate: QueryRate, now: MonoMs): MonoMs;
  /** So many wait here from now on. */
  setWaiting(count: number, now: MonoMs): void;
}

export class AskedQueries implements QueryWindow {
  /** The oldest that counts at `#first`. */
  #askedAt: MonoMs[] = [];
  #first = 0;

  take({ queries, periodMs }: QueryRate, now: MonoMs): boolean {
    while (this.#first < this.#askedAt.length && now - this.#askedAt[this.#first]! >= periodMs) this.#first += 1;
    if (this.#first > 1000 && 2 * this.#first > this.#askedAt.length) {
      this.#askedAt = this.#askedAt.slice(this.#first);
      this.#first = 0;
    }
    if (this.#askedAt.length - this.#first >= queries) return false;
    this.#askedAt.push(now);
    return true;
  }

  /** A limit that was lowered meanwhile lets more of the period go by. */
  nextTryAt({ queries, periodMs }: QueryRate): MonoMs {
    const leaving = this.#askedAt[this.#askedAt.length - queries] ?? this.#askedAt[this.#first]!;
    return addMono(leaving, periodMs);
  }

  setWaiting(): void {}
}
