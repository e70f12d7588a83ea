// The reserve: connections above the node's limit for queues that have none (server_reserve_outbound_connections). While
// somebody waits for the node's total, a sweep is due after each interval; it serves those with the oldest mail first, one
// connection each. The scheduler opens; this says when and whom.
import { addMono, type MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';
import type { Ledger } from '../limits/ledger.ts';
import type { NodeCounters, NodeLimits } from './claims.ts';
import type { MailQueue } from './mail-queue.ts';

/** A sweep looks at so many waiters, the longest wait first: there may be very many, and the rest come next time. */
const LOOKS_MAX = 10_000;

export class Reserve {
  readonly #ledger: Ledger;
  readonly #timers: Timers;
  readonly #node: NodeCounters;
  readonly #timer: Timer;
  #isDue = false;

  constructor(ledger: Ledger, timers: Timers, node: NodeCounters) {
    this.#ledger = ledger;
    this.#timers = timers;
    this.#node = node;
    this.#timer = new Timer(() => {
      this.#isDue = true;
    });
  }

  /** Somebody waits for the node's total: a sweep comes within the interval. */
  arm(limits: NodeLimits, now: MonoMs): void {
    if (limits.ceiling <= limits.total || this.#timer.isArmed) return;
    this.#timers.set(this.#timer, addMono(now, limits.reserveIntervalMs));
  }

  /** Other limits are in force; who still waits arms it again. */
  disarm(): void {
    this.#isDue = false;
    this.#timers.clear(this.#timer);
  }

  /** Whether a sweep is due, once. */
  takeDue(limits: NodeLimits, now: MonoMs): boolean {
    if (!this.#isDue) return false;
    this.#isDue = false;
    if (this.#ledger.isWaitedFor(this.#node.total)) this.arm(limits, now);
    return true;
  }

  hasRoom(limits: NodeLimits): boolean {
    return this.#ledger.open(this.#node.total) < limits.ceiling;
  }

  /** Queues that wait for the node's total without a connection, the oldest mail first. */
  starving(): readonly MailQueue[] {
    const found: { readonly queue: MailQueue; readonly receivedAt: number }[] = [];
    for (const waiter of this.#ledger.waitersWithoutConnection(this.#node.total)) {
      const queue = waiter as MailQueue;
      const receivedAt = queue.active.oldestReceivedAt;
      if (receivedAt !== null) found.push({ queue, receivedAt });
      if (found.length === LOOKS_MAX) break;
    }
    return found.sort((a, b) => a.receivedAt - b.receivedAt).map(({ queue }) => queue);
  }
}
