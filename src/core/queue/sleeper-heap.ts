// Rows of tasks asleep as a binary min-heap. Each knows its place, so that any can be taken out in logarithmic time.
import { RowList } from '../base/row-list.ts';
import { type Bed, DELAYED, type Sleepers } from './sleepers.ts';
import type { Task } from './task.ts';

export class SleeperHeap {
  readonly #sleepers: Sleepers;
  readonly #bed: Bed;
  readonly #rows = new RowList();

  /** @param bed which says what comes first: what is due, or what is older */
  constructor(sleepers: Sleepers, bed: Bed) {
    this.#sleepers = sleepers;
    this.#bed = bed;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The first row; there is one. */
  get first(): number {
    return this.#rows.at(0);
  }

  add(row: number): void {
    this.#rows.push(row);
    this.#rise(row, this.#rows.size - 1);
  }

  /** Takes the first row off, for the caller to wake or to put elsewhere. */
  takeFirst(): number {
    const { first } = this;
    this.#removeAt(0);
    return first;
  }

  has(task: Task): boolean {
    if (!this.#sleepers.isIn(this.#bed, task)) return false;
    const place = this.#sleepers.placeOf(task.row);
    return place < this.#rows.size && this.#rows.at(place) === task.row;
  }

  /** Takes out the row that a task is a look at. @returns false when it is not here */
  remove(task: Task): boolean {
    if (!this.has(task)) return false;
    this.#removeAt(this.#sleepers.placeOf(task.row));
    this.#sleepers.end(task.row);
    return true;
  }

  /** Copies the rows to `into`, in no particular order, from `at` on. */
  list(into: Uint32Array, at: number): void {
    for (let place = 0; place < this.#rows.size; place++) into[at + place] = this.#rows.at(place);
  }

  #removeAt(place: number): void {
    const removed = this.#rows.at(place);
    const last = this.#rows.pop();
    if (last === removed) return;
    this.#rise(last, place);
    this.#sink(last, this.#sleepers.placeOf(last));
  }

  #isBefore(row: number, other: number): boolean {
    if (this.#bed !== DELAYED) return this.#sleepers.isOlder(row, other);
    return this.#sleepers.dueAt(row) < this.#sleepers.dueAt(other);
  }

  #put(row: number, place: number): void {
    this.#rows.set(place, row);
    this.#sleepers.setPlace(row, place);
  }

  #rise(row: number, from: number): void {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.#rows.at(parentPlace);
      if (!this.#isBefore(row, parent)) break;
      this.#put(parent, place);
      place = parentPlace;
    }
    this.#put(row, place);
  }

  #sink(row: number, from: number): void {
    const { size } = this.#rows;
    let place = from;
    for (;;) {
      let childPlace = 2 * place + 1;
      if (childPlace >= size) break;
      if (childPlace + 1 < size && this.#isBefore(this.#rows.at(childPlace + 1), this.#rows.at(childPlace)))
        childPlace++;
      const child = this.#rows.at(childPlace);
      if (!this.#isBefore(child, row)) break;
      this.#put(child, place);
      place = childPlace;
    }
    this.#put(row, place);
  }
}
