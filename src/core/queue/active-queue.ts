// Mail of one (binding, domain) that wants an attempt now, oldest reception first. New mail arrives in that order and
// goes to a ring; mail that comes back (due again, returned by a connection) is put in its place by a heap. As expiry
// counts from reception, the head is also the first to expire.
import { Heap } from '../base/heap.ts';
import type { MessageTotals } from './message-totals.ts';
import { makeTask, type Task } from './task.ts';

const FIRST_CAPACITY = 8;
/** Recipients of what stands in the ring in place of a task that was taken out of the middle: it keeps the order. */
const NOBODY: readonly number[] = [];

export class ActiveQueue {
  #ring: (Task | undefined)[] = [];
  #head = 0;
  #ringSize = 0;
  /** Places in the ring whose task was taken out. The head is never one of them. */
  #gaps = 0;
  #returned: Heap<Task> | null = null;
  readonly #totals: MessageTotals;
  #messages = 0;

  /** @param totals in which what waits here is counted too */
  constructor(totals: MessageTotals) {
    this.#totals = totals;
  }

  /** Tasks waiting: what connections can be opened for. */
  get size(): number {
    return this.#ringSize - this.#gaps + (this.#returned?.size ?? 0);
  }

  /** Recipients waiting: what listings count, one message each. */
  get messages(): number {
    return this.#messages;
  }

  add(task: Task): void {
    this.#messages += task.recipients.length;
    this.#totals.active += task.recipients.length;
    const last = this.#ringSize > 0 ? this.#ring[(this.#head + this.#ringSize - 1) & (this.#ring.length - 1)]! : null;
    if (task.retries > 0 || (last !== null && isOlder(task, last))) {
      this.#returned ??= new Heap<Task>(isOlder);
      this.#returned.push(task);
      return;
    }
    if (this.#ringSize === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#ringSize) & (this.#ring.length - 1)] = task;
    this.#ringSize += 1;
  }

  peek(): Task | undefined {
    const fresh = this.#ringSize > 0 ? this.#ring[this.#head] : undefined;
    const back = this.#returned?.peek();
    if (fresh === undefined) return back;
    return back !== undefined && isOlder(back, fresh) ? back : fresh;
  }

  take(): Task | undefined {
    const task = this.peek();
    if (task === undefined) return undefined;
    this.#messages -= task.recipients.length;
    this.#totals.active -= task.recipients.length;
    if (task.heapIndex >= 0) {
      this.#returned!.remove(task);
    } else {
      this.#dropHead();
    }
    return task;
  }

  has(task: Task): boolean {
    return task.heapIndex >= 0 ? this.#returned?.has(task) === true : this.#placeOf(task) !== null;
  }

  /** Takes a task out wherever it stands. @returns false when it is not here */
  remove(task: Task): boolean {
    if (task.heapIndex >= 0) {
      if (this.#returned?.has(task) !== true) return false;
      this.#returned.remove(task);
    } else {
      const place = this.#placeOf(task);
      if (place === null) return false;
      if (place === 0) this.#dropHead();
      else this.#leaveGap(place);
    }
    this.#messages -= task.recipients.length;
    this.#totals.active -= task.recipients.length;
    return true;
  }

  /** Empties the queue; oldest first. */
  takeAll(): Task[] {
    const tasks: Task[] = [];
    for (let task = this.take(); task !== undefined; task = this.take()) tasks.push(task);
    return tasks;
  }

  /** The tasks that wait now, those of the ring first and oldest first; a copy of references. */
  list(): Task[] {
    const end = this.#head + this.#ringSize;
    const capacity = this.#ring.length;
    const inRing = this.#ring.slice(this.#head, Math.min(end, capacity)) as Task[];
    const wrapped = end > capacity ? (this.#ring.slice(0, end - capacity) as Task[]) : [];
    const all = inRing.concat(wrapped, this.#returned?.list() ?? []);
    return this.#gaps === 0 ? all : all.filter((task) => task.recipients !== NOBODY);
  }

  #at(place: number): Task {
    return this.#ring[(this.#head + place) & (this.#ring.length - 1)]!;
  }

  /** How many places behind the head of the ring the task stands; null when it is not in it. */
  #placeOf(task: Task): number | null {
    let [low, high] = [0, this.#ringSize];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isOlder(this.#at(middle), task)) low = middle + 1;
      else high = middle;
    }
    // Tasks of one transaction stand beside each other.
    for (let place = low; place < this.#ringSize && !isOlder(task, this.#at(place)); place++) {
      if (this.#at(place) === task) return place;
    }
    return null;
  }

  #dropHead(): void {
    for (;;) {
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#ringSize -= 1;
      if (this.#ringSize === 0 || this.#at(0).recipients !== NOBODY) return;
      this.#gaps -= 1;
    }
  }

  #leaveGap(place: number): void {
    const { stored, dueAt } = this.#at(place);
    this.#ring[(this.#head + place) & (this.#ring.length - 1)] = makeTask(stored, NOBODY, 0, dueAt);
    this.#gaps += 1;
    if (this.#gaps * 2 > this.#ringSize) this.#moveTo(this.#ring.length);
  }

  #grow(): void {
    this.#moveTo(Math.max(FIRST_CAPACITY, this.#ring.length * 2));
  }

  /** Into a new ring, without the gaps. */
  #moveTo(capacity: number): void {
    const ring = new Array<Task | undefined>(capacity);
    let size = 0;
    for (let place = 0; place < this.#ringSize; place++) {
      const task = this.#at(place);
      if (task.recipients !== NOBODY) ring[size++] = task;
    }
    this.#ring = ring;
    this.#head = 0;
    this.#ringSize = size;
    this.#gaps = 0;
  }
}

function isOlder(a: Task, b: Task): boolean {
  if (a.receivedAt !== b.receivedAt) return a.receivedAt < b.receivedAt;
  return a.stored.sequence < b.stored.sequence;
}
