// Queues without mail and connections, the one resting longest first. Each knows its neighbours: a set whose first members are
// taken out one after the other has to step over the places of all that were there before them.
import type { MailQueue } from './mail-queue.ts';

export class RestingQueues {
  #oldest: MailQueue | null = null;
  #newest: MailQueue | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one resting longest; null without any. */
  get oldest(): MailQueue | null {
    return this.#oldest;
  }

  /** It rests from now on, and is not here yet. */
  add(queue: MailQueue): void {
    queue.restingBefore = this.#newest;
    if (this.#newest === null) this.#oldest = queue;
    else this.#newest.restingBehind = queue;
    this.#newest = queue;
    this.#size += 1;
  }

  /** It has mail again, or is dropped; it is here. */
  remove(queue: MailQueue): void {
    const { restingBefore: before, restingBehind: behind } = queue;
    if (before === null) this.#oldest = behind;
    else before.restingBehind = behind;
    if (behind === null) this.#newest = before;
    else behind.restingBefore = before;
    queue.restingBefore = null;
    queue.restingBehind = null;
    this.#size -= 1;
  }
}
