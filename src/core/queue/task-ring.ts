// Tasks in the order of their reception, each added behind all others: a ring of objects. One that is taken out of the middle
// leaves a gap, which keeps the order.
import { makeTask, type Task } from './task.ts';

const FIRST_CAPACITY = 8;
/** Recipients of what stands in place of a task that was taken out of the middle. */
const NOBODY: readonly number[] = [];

export class TaskRing {
  #ring: (Task | undefined)[] = [];
  #head = 0;
  /** Places from the first task to the last. The head is never a gap. */
  #length = 0;
  #gaps = 0;

  /** Tasks in it. */
  get size(): number {
    return this.#length - this.#gaps;
  }

  get first(): Task | undefined {
    return this.#length > 0 ? this.#ring[this.#head] : undefined;
  }

  /** The one added last, or what was left in its place. */
  get last(): Task | undefined {
    return this.#length > 0 ? this.#at(this.#length - 1) : undefined;
  }

  add(task: Task): void {
    if (this.#length === this.#ring.length) this.#moveTo(Math.max(FIRST_CAPACITY, this.#ring.length * 2));
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = task;
    this.#length += 1;
  }

  /** Takes the first one off. There is one. */
  dropFirst(): void {
    for (;;) {
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#length -= 1;
      if (this.#length === 0 || this.#at(0).recipients !== NOBODY) return;
      this.#gaps -= 1;
    }
  }

  has(task: Task): boolean {
    return this.#placeOf(task) !== null;
  }

  /** Takes a task out wherever it stands. @returns false when it is not here */
  remove(task: Task): boolean {
    const place = this.#placeOf(task);
    if (place === null) return false;
    if (place === 0) this.dropFirst();
    else this.#leaveGap(place);
    return true;
  }

  /** Oldest first; a copy of references. */
  list(): Task[] {
    const end = this.#head + this.#length;
    const capacity = this.#ring.length;
    const inRing = this.#ring.slice(this.#head, Math.min(end, capacity)) as Task[];
    const all = end > capacity ? inRing.concat(this.#ring.slice(0, end - capacity) as Task[]) : inRing;
    return this.#gaps === 0 ? all : all.filter((task) => task.recipients !== NOBODY);
  }

  #at(place: number): Task {
    return this.#ring[(this.#head + place) & (this.#ring.length - 1)]!;
  }

  /** How many places behind the head the task stands; null when it is not in it. */
  #placeOf(task: Task): number | null {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isOlder(this.#at(middle), task)) low = middle + 1;
      else high = middle;
    }
    // Tasks of one transaction stand beside each other.
    for (let place = low; place < this.#length && !isOlder(task, this.#at(place)); place++) {
      if (this.#at(place) === task) return place;
    }
    return null;
  }

  #leaveGap(place: number): void {
    const { stored, dueAt } = this.#at(place);
    this.#ring[(this.#head + place) & (this.#ring.length - 1)] = makeTask(stored, NOBODY, 0, dueAt);
    this.#gaps += 1;
    if (this.#gaps * 2 > this.#length) this.#moveTo(this.#ring.length);
  }

  /** Into a new ring, without the gaps. */
  #moveTo(capacity: number): void {
    const ring = new Array<Task | undefined>(capacity);
    let length = 0;
    for (let place = 0; place < this.#length; place++) {
      const task = this.#at(place);
      if (task.recipients !== NOBODY) ring[length++] = task;
    }
    this.#ring = ring;
    this.#head = 0;
    this.#length = length;
    this.#gaps = 0;
  }
}

export function isOlder(a: Task, b: Task): boolean {
  if (a.receivedAt !== b.receivedAt) return a.receivedAt < b.receivedAt;
  return a.stored.sequence < b.stored.sequence;
}
