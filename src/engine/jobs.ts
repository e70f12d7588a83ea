// Work of the operator that may be about a million messages: a generator that yields whenever it has done its part of a
// turn. What a job does happens in turns of the loop; others' events come in between.
import { addMono } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import type { Turns } from './turn.ts';

/** What a job waits for: the next turn, or a call of what it is given, which comes outside of any turn. */
export type Pause = 'nextTurn' | ((resume: () => void) => void);
export type Job<T> = Generator<Pause, T>;

/** How long others have their say. */
const PAUSE_MS = 1;

export class Jobs {
  readonly #turns: Turns;
  readonly #timers: Timers;

  constructor(turns: Turns, timers: Timers) {
    this.#turns = turns;
    this.#timers = timers;
  }

  /** Begins the job in a turn of its own. Outside of any turn. */
  run<T>(job: Job<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    this.#inTurn(() => this.#step(job, resolve)); // what it throws is for the caller, not for who awaits the promise
    return promise;
  }

  #inTurn(step: () => void): void {
    const at = this.#turns.begin();
    step();
    this.#turns.end(at);
  }

  #step<T>(job: Job<T>, resolve: (value: T) => void): void {
    const { done, value } = job.next();
    if (done === true) resolve(value);
    else if (value === 'nextTurn') {
      const timer = new Timer(() => this.#step(job, resolve));
      this.#timers.set(timer, addMono(this.#turns.now.mono, PAUSE_MS));
    } else value(() => this.#inTurn(() => this.#step(job, resolve)));
  }
}

/** Counts steps and says when a turn has had its share of them. */
export class Slice {
  readonly #most: number;
  #steps = 0;

  constructor(most: number) {
    this.#most = most;
  }

  *count(steps: number): Generator<Pause, void> {
    this.#steps += steps;
    if (this.#steps < this.#most) return;
    this.#steps = 0;
    yield 'nextTurn';
  }
}
