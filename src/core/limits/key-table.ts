// From keys to counters, for all shards: open addressing on a hash of 128 bits of the key, in shared memory. Rather than one
// allocator (the control thread), because a queue needs its counters in the turn in which it is made, and a question to another
// thread costs forty times what it asks for. A shard comes here when a key is new to it or of no more use to it; what it
// knows it finds in a map of its own. So one lock is enough, held for some hundred nanoseconds, and nothing here has to be
// clever: an index is given out again only when no user is left, under the lock, so no other index can be meant by it (ABA).
//
// A shard that ends while it holds the lock leaves it to the next who wants it: the table is made anew from the indices that
// have users.
import { assert } from '../base/assert.ts';
import { NO_LIMIT } from '../base/limit.ts';
import type { CounterIndex } from './cells.ts';
import { hashKey } from './key-hash.ts';
import {
  ABSENT,
  AWAITED,
  CEILING,
  COLD,
  FIRST_FREE,
  HOT,
  INDICES,
  LEAVING,
  type LedgerMemory,
  LOCK,
  NEXT_FREE,
  OPEN,
  PEAK,
  SEED,
  STATE,
  USERS,
} from './ledger-memory.ts';

export class KeyTable {
  readonly #memory: LedgerMemory;
  readonly #user: number;
  readonly #seed: readonly number[];
  readonly #tookOver: () => void;

  /**
   * @param user the number of a shard, or one of those that {@link LedgerMemory} has beside them
   * @param tookOver the lock was that of a shard which ended; what else it guards may be in disorder
   */
  constructor(memory: LedgerMemory, user: number, tookOver: () => void = () => {}) {
    this.#memory = memory;
    this.#user = user;
    this.#tookOver = tookOver;
    this.#seed = [...memory.head.subarray(SEED, SEED + 4)];
  }

  /** The counter of the key, in use by this user from now on. The table is held. */
  refer(key: string): CounterIndex {
    const hash = hashKey(key, this.#seed);
    const { cold, slots } = this.#memory;
    const slot = this.#find(hash);
    let index = Atomics.load(slots, slot) - 1;
    if (index !== -1) {
      Atomics.or(cold, index * COLD + USERS, 1 << this.#user);
      return index;
    }
    index = this.#allocate();
    for (let word = 0; word < hash.length; word++) Atomics.store(cold, index * COLD + word, hash[word]!);
    Atomics.or(cold, index * COLD + USERS, 1 << this.#user);
    Atomics.store(slots, slot, index + 1);
    return index;
  }

  /** A user needs the counter no longer. It is nobody's once no user is left. The table is held. */
  unrefer(index: CounterIndex, user = this.#user): void {
    this.#remove(index, user);
  }

  /** The counter of the key, if it is in use; or -1. The table is held. */
  find(key: string): CounterIndex {
    return Atomics.load(this.#memory.slots, this.#find(hashKey(key, this.#seed))) - 1;
  }

  /** A user that ended needs none of its counters; `heir` needs those from now on that `isInherited` names. Held. */
  unreferAll(user: number, heir: number, isInherited: (index: CounterIndex) => boolean): void {
    const { head, cold } = this.#memory;
    const indices = Atomics.load(head, INDICES);
    for (let index = 0; index < indices; index++) {
      if ((Atomics.load(cold, index * COLD + USERS) & (1 << user)) === 0) continue;
      if (isInherited(index)) Atomics.or(cold, index * COLD + USERS, 1 << heir);
      this.#remove(index, user);
    }
  }

  #remove(index: CounterIndex, user: number): void {
    const { cold, slots } = this.#memory;
    const first = index * COLD;
    const users = Atomics.and(cold, first + USERS, ~(1 << user));
    if (users !== 1 << user) return;
    this.#close(this.#find(this.#hashOf(index)), slots.length - 1);
    this.#free(index);
  }

  /** Empties a slot, and moves up those behind it that were put past it. */
  #close(emptied: number, mask: number): void {
    const { slots } = this.#memory;
    let hole = emptied;
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const index = Atomics.load(slots, slot) - 1;
      if (index === -1) break;
      const home = this.#homeOf(index, mask);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      Atomics.store(slots, hole, index + 1);
      hole = slot;
    }
    Atomics.store(slots, hole, 0);
  }

  #allocate(): CounterIndex {
    const { head, cold, hot, counters } = this.#memory;
    let index = Atomics.load(head, FIRST_FREE) - 1;
    if (index !== -1) {
      Atomics.store(head, FIRST_FREE, Atomics.load(cold, index * COLD + NEXT_FREE));
    } else {
      index = Atomics.load(head, INDICES);
      // Each counter has a queue or a host behind it in some shard, at a kilobyte of its heap: that ends earlier.
      assert(index < counters, `there is room for ${counters} counters of connections`);
      Atomics.store(head, INDICES, index + 1);
    }
    for (const word of [OPEN, AWAITED, PEAK]) Atomics.store(hot, index * HOT + word, 0);
    Atomics.store(hot, index * HOT + CEILING, NO_LIMIT);
    Atomics.store(cold, index * COLD + LEAVING, 0);
    return index;
  }

  #free(index: CounterIndex): void {
    const { head, cold } = this.#memory;
    Atomics.store(cold, index * COLD + NEXT_FREE, Atomics.load(head, FIRST_FREE));
    Atomics.store(head, FIRST_FREE, index + 1);
  }

  /** Where the hash is, or would be. */
  #find(hash: ArrayLike<number>): number {
    const { cold, slots } = this.#memory;
    const mask = slots.length - 1;
    for (let slot = hash[0]! & mask; ; slot = (slot + 1) & mask) {
      const first = (Atomics.load(slots, slot) - 1) * COLD;
      if (first < 0) return slot;
      if (
        cold[first] === hash[0] &&
        cold[first + 1] === hash[1] &&
        cold[first + 2] === hash[2] &&
        cold[first + 3] === hash[3]
      ) {
        return slot;
      }
    }
  }

  #hashOf(index: CounterIndex): Int32Array {
    return this.#memory.cold.subarray(index * COLD, index * COLD + 4);
  }

  #homeOf(index: CounterIndex, mask: number): number {
    return this.#memory.cold[index * COLD]! & mask;
  }

  /**
   * Before anything else is called. Whoever holds the table lets go of it within a microsecond, unless the system has stopped
   * that thread, or it has ended: that the control thread says, which therefore must not wait here for long.
   * @returns false when that took more than `attempts`
   */
  hold(attempts = Number.POSITIVE_INFINITY): boolean {
    const { head } = this.#memory;
    const mine = this.#user + 1;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const holder = Atomics.compareExchange(head, LOCK, 0, mine);
      if (holder === 0) return true;
      if (!this.#hasEnded(holder - 1)) continue;
      if (Atomics.compareExchange(head, LOCK, holder, mine) !== holder) continue;
      this.#makeAnew();
      this.#tookOver();
      return true;
    }
    return false;
  }

  letGo(): void {
    Atomics.store(this.#memory.head, LOCK, 0);
  }

  #hasEnded(user: number): boolean {
    return user < this.#memory.shards && Atomics.load(this.#memory.shard(user), STATE) === ABSENT;
  }

  /** From the indices that have users. */
  #makeAnew(): void {
    const { head, cold, slots } = this.#memory;
    slots.fill(0);
    Atomics.store(head, FIRST_FREE, 0);
    for (let index = Atomics.load(head, INDICES) - 1; index >= 0; index--) {
      if (Atomics.load(cold, index * COLD + USERS) === 0) this.#free(index);
      else Atomics.store(slots, this.#find(this.#hashOf(index)), index + 1);
    }
  }
}
