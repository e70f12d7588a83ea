// Mail of one (binding, domain) that waits for its next attempt, in the order of being due. All of it sleeps (sleepers.ts).
import type { WallMs } from '../base/moment.ts';
import type { MessageTotals } from './message-totals.ts';
import { SleeperHeap } from './sleeper-heap.ts';
import { DELAYED, type Sleepers } from './sleepers.ts';
import type { Task } from './task.ts';
import { TaskList } from './task-list.ts';

export class DelayedQueue {
  /** Made with the first task: most queues never delay any. */
  #heap: SleeperHeap | null = null;
  readonly #totals: MessageTotals;
  readonly #sleepers: Sleepers;
  #messages = 0;

  /** @param totals in which what waits here is counted too */
  constructor(totals: MessageTotals, sleepers: Sleepers) {
    this.#totals = totals;
    this.#sleepers = sleepers;
  }

  get size(): number {
    return this.#heap?.size ?? 0;
  }

  /** Recipients waiting: what listings count, one message each. */
  get messages(): number {
    return this.#messages;
  }

  get nextDueAt(): WallMs | null {
    return this.#heap === null || this.#heap.size === 0 ? null : this.#sleepers.dueAt(this.#heap.first);
  }

  add(task: Task): void {
    this.#heap ??= new SleeperHeap(this.#sleepers, DELAYED);
    this.#heap.add(this.#sleepers.sleep(task, DELAYED));
    this.#count(task.recipients.length);
  }

  /** The next task that is due at `now`, taken out still asleep; null when none is. */
  takeDue(now: WallMs): number | null {
    const dueAt = this.nextDueAt;
    if (dueAt === null || dueAt > now) return null;
    const row = this.#heap!.takeFirst();
    this.#count(-this.#sleepers.countOf(row));
    return row;
  }

  /** The next task, whether it is due or not. */
  take(): Task | undefined {
    const row = this.takeDue(Number.POSITIVE_INFINITY as WallMs);
    return row === null ? undefined : this.#sleepers.wake(row);
  }

  has(task: Task): boolean {
    return this.#heap?.has(task) === true;
  }

  /** Takes a task out wherever it stands. @returns false when it is not here */
  remove(task: Task): boolean {
    if (this.#heap?.remove(task) !== true) return false;
    task.row = -1;
    this.#count(-task.recipients.length);
    return true;
  }

  /** The tasks that wait now, in no particular order. */
  list(): TaskList {
    const rows = new Uint32Array(this.size);
    this.#heap?.list(rows, 0);
    return new TaskList(this.#sleepers, [], rows);
  }

  #count(messages: number): void {
    this.#messages += messages;
    this.#totals.delayed += messages;
  }
}
