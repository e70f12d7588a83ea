// Which connections with nothing to do go because somebody needs one of their slots: a queue here that found a counter full,
// one that waits on although slots came back (they went to somebody else), or one of another shard, which rings for it.
import type { Claim, CounterIndex, Ledger } from '../limits/ledger.ts';
import type { IdleConnections } from './idle-connections.ts';
import type { OutboundConnection } from './outbound-connection.ts';

/** Bits of {@link Ledger.poll}: any counter. */
const ALL = -1;

export interface IdleEvictionParts {
  readonly ledger: Ledger;
  readonly idle: IdleConnections;
  /** The connection is not idle any more when this returns. */
  readonly quit: (connection: OutboundConnection) => void;
}

export class IdleEviction {
  readonly #ledger: Ledger;
  readonly #idle: IdleConnections;
  readonly #quit: (connection: OutboundConnection) => void;
  /** Of closed connections, until those who wait for their slots were looked at. */
  readonly #returned: Claim[] = [];
  /** What other shards need slots of, as bits. */
  #wanted = 0;
  /** Other shards were told that there are idle connections here. */
  #isTold = false;

  constructor({ ledger, idle, quit }: IdleEvictionParts) {
    this.#ledger = ledger;
    this.#idle = idle;
    this.#quit = quit;
  }

  /** Somebody now waits for a counter of `claim`: idle connections that hold one of those go, if that helps. */
  evict(claim: Claim): void {
    this.#evictAwaited(this.#idle.sharing(claim));
  }

  /** Slots came back: who waits still, and perhaps without any connection now, may need those of idle ones. */
  noteReturned(claim: Claim): void {
    if (this.#idle.size > 0) this.#returned.push(claim);
  }

  /** Other shards need slots of these counters: bits, as {@link Ledger.poll} has them. */
  noteWanted(bits: number): void {
    this.#wanted |= bits;
  }

  /** When everybody here has had a turn: looks at what was noted. @returns whether any connection went */
  evictNoted(): boolean {
    const { size } = this.#idle;
    const isWaitedFor = (counter: CounterIndex) =>
      this.#ledger.isWaitedFor(counter) || this.#ledger.isWaitedForElsewhere(counter);
    for (const claim of this.#returned.splice(0)) if (claim.counters.some(isWaitedFor)) this.evict(claim);
    if (this.#ledger.isShared) this.#evictWanted();
    return this.#idle.size < size;
  }

  #evictWanted(): void {
    const hasIdle = this.#idle.size > 0;
    if (hasIdle !== this.#isTold) {
      this.#ledger.setIdle(hasIdle);
      this.#isTold = hasIdle;
      this.#wanted = ALL; // who began to wait before has told nobody here
    }
    const bits = this.#wanted;
    if (bits === 0) return;
    this.#wanted = 0;
    if (bits === ALL) {
      for (const connection of this.#idle.newestFirst())
        if (this.#ledger.isSurplus(connection.claim)) this.#quit(connection);
    }
    this.#evictAwaited(this.#idle.holding(bits));
  }

  #evictAwaited(connections: Iterable<OutboundConnection>): void {
    for (const connection of connections) {
      if (this.#ledger.isAwaited(connection.claim, connection.queue)) this.#quit(connection);
    }
  }
}
