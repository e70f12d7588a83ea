// Somebody who waits for tokens of throttles, or slots, and does nothing else.
import type { Wait, Waiter } from '../../src/core/limits/wait-list.ts';

export class WaitingClient implements Waiter {
  readonly waits: Wait[] = [];
  readonly name: string;
  hasNoConnection: boolean;

  constructor(name: string, hasNoConnection = true) {
    this.name = name;
    this.hasNoConnection = hasNoConnection;
  }
}
