// The Clock port: the system's clocks and one timer.
import { type Moment, type MonoMs, monoMs, wallMs } from '../core/base/moment.ts';
import type { Clock } from '../engine/ports.ts';

/** Of Node's timers; a longer wait is taken up again when it fires. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class SystemClock implements Clock {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param wake called at the time asked for, or somewhat earlier when that is far away */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  now(): Moment {
    return { wall: wallMs(Date.now()), mono: monoMs(performance.now()) };
  }

  wakeAt(at: MonoMs): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delay = Math.min(TIMER_MS_MAX, Math.max(0, Math.ceil(at - performance.now())));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#wake();
    }, delay);
  }

  /** Nothing is woken any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
