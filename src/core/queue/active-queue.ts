// Mail of one (binding, domain) that wants an attempt now, oldest reception first. New mail arrives in that order and
// goes to a ring; mail that comes back (due again, returned by a connection) is put in its place by a heap. As expiry
// counts from reception, the head is also the first to expire.
import { Heap } from '../base/heap.ts';
import type { MessageTotals } from './message-totals.ts';
import type { Task } from './task.ts';

const FIRST_CAPACITY = 8;

export class ActiveQueue {
  #ring: (Task | undefined)[] = [];
  #head = 0;
  #ringSize = 0;
  #returned: Heap<Task> | null = null;
  readonly #totals: MessageTotals;
  #messages = 0;

  /** @param totals in which what waits here is counted too */
  constructor(totals: MessageTotals) {
    this.#totals = totals;
  }

  /** Tasks waiting: what connections can be opened for. */
  get size(): number {
    return this.#ringSize + (this.#returned?.size ?? 0);
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
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#ring.length - 1);
      this.#ringSize -= 1;
    }
    return task;
  }

  /** Empties the queue; oldest first. */
  takeAll(): Task[] {
    const tasks: Task[] = [];
    for (let task = this.take(); task !== undefined; task = this.take()) tasks.push(task);
    return tasks;
  }

  /** All waiting tasks in no particular order, without taking them. */
  *values(): Generator<Task> {
    for (let at = 0; at < this.#ringSize; at++) yield this.#ring[(this.#head + at) & (this.#ring.length - 1)]!;
    if (this.#returned !== null) yield* this.#returned.values();
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#ring.length * 2);
    const ring = new Array<Task | undefined>(capacity);
    for (let at = 0; at < this.#ringSize; at++) ring[at] = this.#ring[(this.#head + at) & (this.#ring.length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}

function isOlder(a: Task, b: Task): boolean {
  const [left, right] = [a.stored.envelope.receivedAt, b.stored.envelope.receivedAt];
  return left === right ? a.stored.sequence < b.stored.sequence : left < right;
}
