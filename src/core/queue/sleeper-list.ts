// Rows of tasks asleep in the order of their reception, each added behind all others. Each row knows its neighbours, so that
// one can be taken out of the middle, and a queue needs no memory but for its ends.
import { IN_ORDER, type Sleepers } from './sleepers.ts';
import type { Task } from './task.ts';

const NONE = 0xffff_ffff;

export class SleeperList {
  readonly #sleepers: Sleepers;
  #first = NONE;
  #last = NONE;
  #size = 0;

  constructor(sleepers: Sleepers) {
    this.#sleepers = sleepers;
  }

  /** Tasks in it. */
  get size(): number {
    return this.#size;
  }

  /** The first row; there is one. */
  get first(): number {
    return this.#first;
  }

  /** The row added last; there is one. */
  get last(): number {
    return this.#last;
  }

  add(row: number): void {
    const sleepers = this.#sleepers;
    sleepers.setNext(row, NONE);
    sleepers.setPrevious(row, this.#last);
    if (this.#last === NONE) this.#first = row;
    else sleepers.setNext(this.#last, row);
    this.#last = row;
    this.#size += 1;
  }

  /** Takes the first row off, for the caller to wake. */
  takeFirst(): number {
    const row = this.#first;
    this.#unlink(row);
    return row;
  }

  /** Whether the row that a task is a look at is here; it is in no other queue. */
  has(task: Task): boolean {
    return this.#sleepers.isIn(IN_ORDER, task);
  }

  /** Takes out the row that a task is a look at. @returns false when it is not here */
  remove(task: Task): boolean {
    if (!this.has(task)) return false;
    this.#unlink(task.row);
    this.#sleepers.end(task.row);
    return true;
  }

  /** Copies the rows to `into`, oldest first, from `at` on. */
  list(into: Uint32Array, at: number): void {
    let next = at;
    for (let row = this.#first; row !== NONE; row = this.#sleepers.nextOf(row)) into[next++] = row;
  }

  #unlink(row: number): void {
    const sleepers = this.#sleepers;
    const previous = sleepers.previousOf(row);
    const next = sleepers.nextOf(row);
    if (previous === NONE) this.#first = next;
    else sleepers.setNext(previous, next);
    if (next === NONE) this.#last = previous;
    else sleepers.setPrevious(next, previous);
    this.#size -= 1;
  }
}
