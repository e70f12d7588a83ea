// Mail of one (binding, domain) that wants an attempt now, oldest reception first. New mail arrives in that order and goes to
// a ring, the first few hundred as they are; what comes behind them sleeps in a list (sleepers.ts). Mail that comes back (due again,
// returned by a connection) sleeps too, put in its place by a heap. As expiry counts from reception, the head is also the
// first to expire.
import type { WallMs } from '../base/moment.ts';
import type { MessageTotals } from './message-totals.ts';
import { SleeperHeap } from './sleeper-heap.ts';
import { SleeperList } from './sleeper-list.ts';
import { IN_ORDER, RETURNED, type Sleepers } from './sleepers.ts';
import type { Task } from './task.ts';
import { TaskList } from './task-list.ts';
import { isOlder, TaskRing } from './task-ring.ts';

export class ActiveQueue {
  /** Its parts are made when there is something for them: there may be a million queues. */
  #awake: TaskRing | null = null;
  /** All of it is newer than what is awake. */
  #asleep: SleeperList | null = null;
  #returned: SleeperHeap | null = null;
  readonly #totals: MessageTotals;
  readonly #sleepers: Sleepers;
  #messages = 0;

  /** @param totals in which what waits here is counted too */
  constructor(totals: MessageTotals, sleepers: Sleepers) {
    this.#totals = totals;
    this.#sleepers = sleepers;
  }

  /** Tasks waiting: what connections can be opened for. */
  get size(): number {
    return (this.#awake?.size ?? 0) + (this.#asleep?.size ?? 0) + (this.#returned?.size ?? 0);
  }

  /** Recipients waiting: what listings count, one message each. */
  get messages(): number {
    return this.#messages;
  }

  /** When the oldest task was received; null without any. */
  get oldestReceivedAt(): WallMs | null {
    const first =
      this.#awake?.first?.receivedAt ?? (isFilled(this.#asleep) ? this.#sleepers.receivedAt(this.#asleep.first) : null);
    if (!isFilled(this.#returned)) return first;
    const back = this.#sleepers.receivedAt(this.#returned.first);
    return first === null || back < first ? back : first;
  }

  add(task: Task): void {
    this.#count(task.recipients.length);
    if (task.retries > 0 || this.#isOlderThanLast(task)) {
      this.#addReturned(this.#sleepers.sleep(task, RETURNED));
    } else if (!isFilled(this.#asleep) && this.#sleepers.mayStayAwake(this.#awake?.size ?? 0)) {
      task.row = -1;
      this.#awake ??= new TaskRing();
      this.#awake.add(task);
      this.#sleepers.awake += 1;
    } else {
      this.#asleep ??= new SleeperList(this.#sleepers);
      this.#asleep.add(this.#sleepers.sleep(task, IN_ORDER));
    }
  }

  /** Takes in a task that sleeps and is in no other queue. */
  addAsleep(row: number): void {
    this.#count(this.#sleepers.countOf(row));
    this.#sleepers.move(row, RETURNED);
    this.#addReturned(row);
  }

  take(): Task | undefined {
    const task = this.#takeOldest();
    if (task !== undefined) this.#count(-task.recipients.length);
    return task;
  }

  has(task: Task): boolean {
    if (task.row < 0) return this.#awake?.has(task) === true;
    return this.#asleep?.has(task) === true || this.#returned?.has(task) === true;
  }

  /** Takes a task out wherever it stands. @returns false when it is not here */
  remove(task: Task): boolean {
    if (task.row < 0) {
      if (this.#awake?.remove(task) !== true) return false;
      this.#sleepers.awake -= 1;
    } else {
      if (this.#asleep?.remove(task) !== true && this.#returned?.remove(task) !== true) return false;
      task.row = -1;
    }
    this.#count(-task.recipients.length);
    return true;
  }

  /** The tasks that wait now, those in order first, oldest first. */
  list(): TaskList {
    const inOrder = this.#asleep?.size ?? 0;
    const rows = new Uint32Array(inOrder + (this.#returned?.size ?? 0));
    this.#asleep?.list(rows, 0);
    this.#returned?.list(rows, inOrder);
    return new TaskList(this.#sleepers, this.#awake?.list() ?? [], rows);
  }

  #takeOldest(): Task | undefined {
    const back = isFilled(this.#returned) ? this.#returned.first : -1;
    const first = this.#awake?.first;
    if (first !== undefined) {
      if (back >= 0 && this.#sleepers.isOlderThan(back, first.receivedAt, first.stored.sequence)) {
        return this.#sleepers.wake(this.#returned!.takeFirst());
      }
      this.#awake!.dropFirst();
      this.#sleepers.awake -= 1;
      return first;
    }
    if (isFilled(this.#asleep) && (back < 0 || !this.#sleepers.isOlder(back, this.#asleep.first))) {
      return this.#sleepers.wake(this.#asleep.takeFirst());
    }
    return back < 0 ? undefined : this.#sleepers.wake(this.#returned!.takeFirst());
  }

  /** Whether it does not belong behind all that waits in order. */
  #isOlderThanLast(task: Task): boolean {
    if (isFilled(this.#asleep)) {
      return !this.#sleepers.isOlderThan(this.#asleep.last, task.receivedAt, task.stored.sequence + 1);
    }
    const last = this.#awake?.last;
    return last !== undefined && isOlder(task, last);
  }

  #addReturned(row: number): void {
    this.#returned ??= new SleeperHeap(this.#sleepers, RETURNED);
    this.#returned.add(row);
  }

  #count(messages: number): void {
    this.#messages += messages;
    this.#totals.active += messages;
  }
}

function isFilled<T extends { readonly size: number }>(part: T | null): part is T {
  return part !== null && part.size > 0;
}
