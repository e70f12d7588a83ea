// Questions for exchangers of several shards, which are counted in one window (core/limits/windows.ts): a shard where nobody waits
// leaves room for those who do, and of these the longest wait goes first, whichever shard it is in.
import { addMono, type MonoMs } from '../core/base/moment.ts';
import type { Priority } from '../core/limits/cells.ts';
import { Throttle } from '../core/limits/throttle.ts';
import { priorityOf } from '../core/limits/wait-priority.ts';
import type { Window, Windows } from '../core/limits/windows.ts';
import type { QueryRate, QueryWindow } from '../core/routing/asked-queries.ts';

const KEY = 'dns_rate_limit';
/** Between two looks while there is room that is left to others. */
const LEFT_LOOK_MS = 10;

export class SharedQueries implements QueryWindow {
  readonly #windows: Windows;
  #window: Window | null = null;
  #rate: QueryRate = { queries: 0, periodMs: 0 };
  #priority: Priority = 0;

  constructor(windows: Windows) {
    this.#windows = windows;
  }

  take(rate: QueryRate, now: MonoMs, isWaiting: boolean): boolean {
    const window = this.#windowOf(rate);
    this.#windows.hold(now);
    const before = isWaiting ? this.#windows.before(window, this.#priority) : this.#windows.waitingElsewhere(window);
    const isTaken = window.free(now) > before && window.take(now);
    this.#windows.letGo();
    return isTaken;
  }

  nextTryAt(rate: QueryRate, now: MonoMs): MonoMs {
    const window = this.#windowOf(rate);
    return window.free(now) > 0 ? addMono(now, LEFT_LOOK_MS) : window.recoversAt(now);
  }

  /** After one was asked, who is the first here now has a new place behind those of other shards. */
  setWaiting(count: number): void {
    if (this.#window === null) return;
    this.#priority = count === 0 ? 0 : priorityOf(this.#windows.ticket(), true);
    this.#windows.publish(this.#window, this.#priority, count);
  }

  #windowOf(rate: QueryRate): Window {
    const { queries, periodMs } = rate;
    if (this.#window === null) {
      this.#window = this.#windows.begin(KEY, new Throttle(queries, periodMs), new Throttle(queries, periodMs));
    } else if (queries !== this.#rate.queries || periodMs !== this.#rate.periodMs) {
      this.#window.change(queries, periodMs);
    }
    this.#rate = rate;
    return this.#window;
  }
}
