// Mail of one (binding, domain) that waits for its next attempt, in the order of being due.
import { Heap } from '../base/heap.ts';
import type { WallMs } from '../base/moment.ts';
import type { MessageTotals } from './message-totals.ts';
import type { Task } from './task.ts';

const isDueBefore = (a: Task, b: Task): boolean => a.dueAt < b.dueAt;

export class DelayedQueue {
  /** Made with the first task: most queues never delay any. */
  #heap: Heap<Task> | null = null;
  readonly #totals: MessageTotals;
  #messages = 0;

  /** @param totals in which what waits here is counted too */
  constructor(totals: MessageTotals) {
    this.#totals = totals;
  }

  get size(): number {
    return this.#heap?.size ?? 0;
  }

  /** Recipients waiting: what listings count, one message each. */
  get messages(): number {
    return this.#messages;
  }

  get nextDueAt(): WallMs | null {
    return this.#heap?.peek()?.dueAt ?? null;
  }

  add(task: Task): void {
    this.#messages += task.recipients.length;
    this.#totals.delayed += task.recipients.length;
    this.#heap ??= new Heap<Task>(isDueBefore);
    this.#heap.push(task);
  }

  /** The next task that is due at `now`, taken out. */
  takeDue(now: WallMs): Task | undefined {
    const task = this.#heap?.peek();
    if (task === undefined || task.dueAt > now) return undefined;
    this.#heap!.pop();
    this.#messages -= task.recipients.length;
    this.#totals.delayed -= task.recipients.length;
    return task;
  }

  has(task: Task): boolean {
    return this.#heap?.has(task) === true;
  }

  /** Takes a task out wherever it stands. @returns false when it is not here */
  remove(task: Task): boolean {
    if (this.#heap?.has(task) !== true) return false;
    this.#heap.remove(task);
    this.#messages -= task.recipients.length;
    this.#totals.delayed -= task.recipients.length;
    return true;
  }

  /** Empties the queue, whatever is due. */
  takeAll(): Task[] {
    const tasks: Task[] = [];
    for (let task = this.#heap?.pop(); task !== undefined; task = this.#heap?.pop()) tasks.push(task);
    this.#totals.delayed -= this.#messages;
    this.#messages = 0;
    return tasks;
  }

  /** The tasks that wait now, in no particular order; a copy of references. */
  list(): Task[] {
    return this.#heap?.list() ?? [];
  }
}
