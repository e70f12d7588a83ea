// Connections that are kept without a message, over all queues in the order in which they became idle. Each queue has its
// own beside, in the same order. Which of them go, and why, is the scheduler's to say.
import type { Claim } from '../limits/ledger.ts';
import type { OutboundConnection } from './outbound-connection.ts';

export class IdleConnections {
  /** The one idle longest first. */
  readonly #connections = new Set<OutboundConnection>();

  get size(): number {
    return this.#connections.size;
  }

  add(connection: OutboundConnection): void {
    connection.state = 'idle';
    connection.queue.idle.push(connection);
    this.#connections.add(connection);
  }

  /** It is idle no longer, if it was. */
  remove(connection: OutboundConnection): void {
    if (!this.#connections.delete(connection)) return;
    const { idle } = connection.queue;
    idle.splice(idle.lastIndexOf(connection), 1);
  }

  /** Those that hold a slot which `claim` would take, the one idle longest first. They may be removed during the walk. */
  *sharing(claim: Claim): Generator<OutboundConnection> {
    for (const connection of this.#connections) {
      if (connection.claim.counters.some((counter) => claim.counters.includes(counter))) yield connection;
    }
  }

  /** All as they are now, the one idle longest at the end: a surplus goes newest first. */
  newestFirst(): readonly OutboundConnection[] {
    return [...this.#connections].reverse();
  }
}
