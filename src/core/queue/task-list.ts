// The tasks that waited in a queue when it was asked: what listings and the operator's work go by, over many turns. It holds
// numbers for those asleep; each is looked at when its turn comes, if it is still there.
import type { Bed, Sleepers } from './sleepers.ts';
import type { Task } from './task.ts';

export class TaskList {
  readonly #sleepers: Sleepers;
  /** Those that are objects; they come first. */
  readonly #awake: readonly Task[];
  readonly #rows: Uint32Array;
  readonly #stamps: Uint32Array;
  /** Where all of the rows are, or the first so many; the others are in `otherBed`. */
  readonly #beds: Uint8Array;

  constructor(sleepers: Sleepers, awake: readonly Task[], rows: Uint32Array) {
    this.#sleepers = sleepers;
    this.#awake = awake;
    this.#rows = rows;
    this.#stamps = rows.map((row) => sleepers.stampOf(row));
    this.#beds = Uint8Array.from(rows, (row) => sleepers.bedOf(row));
  }

  get length(): number {
    return this.#awake.length + this.#rows.length;
  }

  /** The task at a place; null when it was asleep and is where it was no more. Which queue has it now, the queue knows. */
  at(place: number): Task | null {
    const step = place - this.#awake.length;
    if (step < 0) return this.#awake[place]!;
    return this.#isStill(step) ? this.#sleepers.look(this.#rows[step]!) : null;
  }

  /** Its recipients; 0 as for {@link at}. */
  messagesAt(place: number): number {
    const step = place - this.#awake.length;
    if (step < 0) return this.#awake[place]!.recipients.length;
    return this.#isStill(step) ? this.#sleepers.countOf(this.#rows[step]!) : 0;
  }

  /** Whether it may be one of that stored message: not when it is where it was no more. */
  isOf(place: number, sequence: number): boolean {
    const step = place - this.#awake.length;
    if (step < 0) return this.#awake[place]!.stored.sequence === sequence;
    return this.#isStill(step) && this.#sleepers.sequenceOf(this.#rows[step]!) === sequence;
  }

  /** Those that are still where they were; each is looked at when it is asked for. */
  *[Symbol.iterator](): Generator<Task> {
    for (let place = 0; place < this.length; place++) {
      const task = this.at(place);
      if (task !== null) yield task;
    }
  }

  #isStill(step: number): boolean {
    return this.#sleepers.isStill(this.#beds[step] as Bed, this.#rows[step]!, this.#stamps[step]!);
  }
}
