// When the engine is woken: at the time of its next timer, and at the latest in a minute while it has any. Timers run by the
// monotonic clock, and who waits for a time of the wall clock has had that worked out; so the wall clock is looked at in
// every turn, and whoever set it, a machine that slept included, is noticed within that minute.
import type { Moment, MonoMs } from '../core/base/moment.ts';
import { Timers } from '../core/base/timers.ts';
import type { Clock } from './ports.ts';

/** How long it may go unnoticed at most that the wall clock was set. */
export const WALL_LOOK_MS = 60_000;
/** The clocks are read one after the other and count in different units; less than that is not worth a look at all queues. */
const JUMP_MS_LEAST = 1000;

export class WakeUps {
  readonly timers = new Timers();
  readonly #clock: Clock;
  /** Wall clock minus monotonic clock, when waits for the wall clock were worked out. */
  #offsetMs: number;
  #wakesAt: MonoMs | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = offsetOf(clock.now());
  }

  /** By how much the wall clock was set forward (or, negative, back) since it was last said to have been; else 0. */
  jumpAt(at: Moment): number {
    const jumpMs = offsetOf(at) - this.#offsetMs;
    if (Math.abs(jumpMs) < JUMP_MS_LEAST) return 0;
    this.#offsetMs = offsetOf(at);
    return jumpMs;
  }

  /** The clock has come to a time that was asked for. */
  fire(at: Moment): void {
    this.#wakesAt = null;
    this.timers.advance(at.mono);
  }

  /** Asks the clock for the next time, if it is not asked already. */
  arm(at: Moment): void {
    const next = this.timers.nextAt;
    if (next === null) return;
    const wakeAt = Math.min(next, at.mono + WALL_LOOK_MS) as MonoMs;
    if (this.#wakesAt !== null && this.#wakesAt <= wakeAt) return;
    this.#wakesAt = wakeAt;
    this.#clock.wakeAt(wakeAt);
  }
}

const offsetOf = ({ wall, mono }: Moment): number => wall - mono;
