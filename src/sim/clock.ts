// The Clock port in virtual time. The wake-up may come a little late, as a real timer does, and never early.
import type { Moment, MonoMs } from '../core/base/moment.ts';
import type { Random } from '../core/base/random.ts';
import type { Clock } from '../engine/ports.ts';
import { between, happens, type Scheduled, type World } from './world.ts';

/** The Clock of one process life; {@link SimulatedClock.stop} silences it when the process is gone. */
export class SimulatedClock implements Clock {
  readonly #world: World;
  readonly #random: Random;
  readonly #wake: () => void;
  #next: Scheduled | null = null;
  #stopped = false;

  constructor(world: World, wake: () => void) {
    this.#world = world;
    this.#random = world.random.stream('clock');
    this.#wake = wake;
  }

  now(): Moment {
    return this.#world.moment;
  }

  wakeAt(at: MonoMs): void {
    this.#world.cancel(this.#next);
    this.#next = null;
    if (this.#stopped || at === Number.POSITIVE_INFINITY) return;
    const late = happens(this.#random, 0.2) ? between(this.#random, 0, 5) : 0;
    this.#next = this.#world.after(Math.max(0, at - this.#world.mono) + late, () => {
      this.#next = null;
      this.#wake();
    });
  }

  /** Whether the engine has asked to be woken. */
  get isArmed(): boolean {
    return this.#next !== null;
  }

  stop(): void {
    this.#stopped = true;
    this.#world.cancel(this.#next);
    this.#next = null;
  }
}
