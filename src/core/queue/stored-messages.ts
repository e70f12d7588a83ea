// Whom the queues ask for messages again that they did not hold on to.
import { Numbered } from '../base/numbered.ts';
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
  readonly #held = new Numbered<StoredMessage>();

  keep(stored: StoredMessage): number {
    return this.#held.add(stored);
  }

  at(number: number): StoredMessage {
    return this.#held.at(number);
  }

  letGo(number: number): void {
    this.#held.drop(number);
  }
}
