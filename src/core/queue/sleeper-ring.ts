// Rows of tasks asleep in the order of their reception, each added behind all others. One that is taken out of the middle
// leaves a gap, which keeps the order.
import { GAP, RING, type Sleepers } from './sleepers.ts';
import type { Task } from './task.ts';

const FIRST_CAPACITY = 64;

export class SleeperRing {
  readonly #sleepers: Sleepers;
  #ring = new Uint32Array(FIRST_CAPACITY);
  #head = 0;
  /** Places from the first row to the last. The head is never a gap. */
  #length = 0;
  #gaps = 0;

  constructor(sleepers: Sleepers) {
    this.#sleepers = sleepers;
  }

  /** Tasks in it. */
  get size(): number {
    return this.#length - this.#gaps;
  }

  /** The first row; there is one. */
  get first(): number {
    return this.#ring[this.#head]!;
  }

  /** The row added last, which may be a gap by now; there is one. */
  get last(): number {
    return this.#at(this.#length - 1);
  }

  add(row: number): void {
    if (this.#length === this.#ring.length) this.#moveTo(this.#ring.length * 2);
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = row;
    this.#length += 1;
  }

  /** Takes the first row off, for the caller to wake. */
  takeFirst(): number {
    const { first } = this;
    for (;;) {
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#length -= 1;
      if (this.#length === 0 || this.#sleepers.bedOf(this.first) !== GAP) break;
      this.#sleepers.giveGap(this.first);
      this.#gaps -= 1;
    }
    if (this.#length * 4 < this.#ring.length && this.#ring.length > FIRST_CAPACITY) this.#moveTo(this.#ring.length / 2);
    return first;
  }

  /** Takes out the row that a task is a look at. @returns false when it is not here */
  remove(task: Task): boolean {
    if (!this.#sleepers.isIn(RING, task)) return false;
    const place = this.#placeOf(task.row);
    if (place === null) return false;
    if (place === 0) this.#sleepers.end(this.takeFirst());
    else {
      this.#sleepers.move(task.row, GAP);
      this.#gaps += 1;
      if (this.#gaps * 2 > this.#length) this.#moveTo(this.#ring.length);
    }
    return true;
  }

  has(task: Task): boolean {
    return this.#sleepers.isIn(RING, task) && this.#placeOf(task.row) !== null;
  }

  /** Copies the rows to `into`, oldest first, from `at` on. */
  list(into: Uint32Array, at: number): void {
    let next = at;
    for (let place = 0; place < this.#length; place++) {
      const row = this.#at(place);
      if (this.#gaps === 0 || this.#sleepers.bedOf(row) !== GAP) into[next++] = row;
    }
  }

  #at(place: number): number {
    return this.#ring[(this.#head + place) & (this.#ring.length - 1)]!;
  }

  /** How many places behind the head the row stands; null when it is not in it. */
  #placeOf(row: number): number | null {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sleepers.isOlder(this.#at(middle), row)) low = middle + 1;
      else high = middle;
    }
    // Tasks of one transaction stand beside each other.
    for (let place = low; place < this.#length && !this.#sleepers.isOlder(row, this.#at(place)); place++) {
      if (this.#at(place) === row) return place;
    }
    return null;
  }

  /** Into a new ring, without the gaps. */
  #moveTo(capacity: number): void {
    const ring = new Uint32Array(capacity);
    let length = 0;
    for (let place = 0; place < this.#length; place++) {
      const row = this.#at(place);
      if (this.#gaps > 0 && this.#sleepers.bedOf(row) === GAP) this.#sleepers.giveGap(row);
      else ring[length++] = row;
    }
    this.#ring = ring;
    this.#head = 0;
    this.#length = length;
    this.#gaps = 0;
  }
}
