// Connections that are kept without a message, over all queues in the order in which they became idle, and by binding and
// address. Each queue has its own beside, in the same order. Which of them go, and why, is the scheduler's to say.
import { wantedBit } from '../limits/doorbell.ts';
import type { Claim, CounterIndex } from '../limits/ledger.ts';
import type { OutboundConnection } from './outbound-connection.ts';

const NONE: readonly OutboundConnection[] = [];

export class IdleConnections {
  /** The one idle longest first. */
  readonly #connections = new Set<OutboundConnection>();
  readonly #byAddress = new Map<CounterIndex, Set<OutboundConnection>>();

  get size(): number {
    return this.#connections.size;
  }

  add(connection: OutboundConnection): void {
    connection.state = 'idle';
    connection.queue.idle.push(connection);
    this.#connections.add(connection);
    const others = this.#byAddress.get(connection.addressCounter);
    if (others === undefined) this.#byAddress.set(connection.addressCounter, new Set([connection]));
    else others.add(connection);
  }

  /** It is idle no longer, if it was. */
  remove(connection: OutboundConnection): void {
    if (!this.#connections.delete(connection)) return;
    const { idle } = connection.queue;
    idle.splice(idle.lastIndexOf(connection), 1);
    const others = this.#byAddress.get(connection.addressCounter)!;
    others.delete(connection);
    if (others.size === 0) this.#byAddress.delete(connection.addressCounter);
  }

  /** Those of a binding to an address, by the counter of the two. */
  to(addressCounter: CounterIndex): Iterable<OutboundConnection> {
    return this.#byAddress.get(addressCounter) ?? NONE;
  }

  /** Those that hold a slot which `claim` would take, the one idle longest first. They may be removed during the walk. */
  *sharing(claim: Claim): Generator<OutboundConnection> {
    for (const connection of this.#connections) {
      if (connection.claim.counters.some((counter) => claim.counters.includes(counter))) yield connection;
    }
  }

  /** Those that hold a slot of one of the counters that the bits stand for, in the same way. */
  *holding(bits: number): Generator<OutboundConnection> {
    for (const connection of this.#connections) {
      if (connection.claim.counters.some((counter) => (wantedBit(counter) & bits) !== 0)) yield connection;
    }
  }

  /** All as they are now, the one idle longest at the end: a surplus goes newest first. */
  newestFirst(): readonly OutboundConnection[] {
    return [...this.#connections].reverse();
  }
}
