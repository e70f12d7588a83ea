// Whom the queues ask for messages again that they did not hold on to.
import type { StoredMessage } from './task.ts';

export interface StoredMessages {
  /** @returns a number below 2^32 under which the message is found until it is let go, or settled for good */
  keep(stored: StoredMessage): number;
  /** The message; another object perhaps than the one that was kept. */
  at(number: number): StoredMessage;
  /** What `keep` was called for is over. */
  letGo(number: number): void;
}

/** Keeps the objects themselves: for whoever has no spool. */
export class HeldMessages implements StoredMessages {
  readonly #held: (StoredMessage | undefined)[] = [];
  readonly #free: number[] = [];

  keep(stored: StoredMessage): number {
    const number = this.#free.pop() ?? this.#held.length;
    this.#held[number] = stored;
    return number;
  }

  at(number: number): StoredMessage {
    return this.#held[number]!;
  }

  letGo(number: number): void {
    this.#held[number] = undefined;
    this.#free.push(number);
  }
}
