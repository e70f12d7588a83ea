// What the control thread does with counters that shards share: limits in force, shards that come and go. Each change is stored,
// then the epoch is raised, then every shard is rung; a shard says in its loop which epoch it has seen. What was decided
// before that may still be taken: a limit is in force, for whoever asks, once every shard has acknowledged its epoch.
//
// The end of a shard: raise the flag that stops all taking (and giving back), wait until every shard that lives has
// acknowledged that, set each counter to what these hold and what the dead shard held, and lower the flag. The slots of the
// dead shard are held until its receivers cannot count them any more (design decision 6), then given back.
//
// What answers false could not have the table of keys: perhaps a shard has ended with it, and this thread has still to hear of
// that. It is called again in another turn of the loop.
import { assert } from '../base/assert.ts';
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import type { CounterIndex } from './cells.ts';
import { ring, ringHolders, ringReleased } from './doorbell.ts';
import { KeyTable } from './key-table.ts';
import {
  ABSENT,
  ACKNOWLEDGED,
  AWAITED,
  CEILING,
  COLD,
  EPOCH,
  HOT,
  INDICES,
  LEAVING,
  type LedgerMemory,
  OPEN,
  OWN,
  OWN_LEAVING,
  OWN_OPEN,
  STANDING,
  STATE,
  STOP,
  TAKING,
} from './ledger-memory.ts';

/** No shard: who tells others is the control thread. */
const NO_SHARD = -1;

/** How often it tries to have the table: some hundred microseconds. */
const ATTEMPTS = 10_000;

export class LedgerControl {
  readonly #memory: LedgerMemory;
  readonly #table: KeyTable;
  /** Counters that it needs itself: because of their place, or of a limit stored beside them. */
  readonly #ceilings = new Map<string, CounterIndex>();
  readonly #universal: number;
  /** Shards that ended, until {@link recover}. */
  readonly #ended = new Set<number>();

  /** @param universal the keys of the first counters, in their order: they are never let go of */
  constructor(memory: LedgerMemory, universal: readonly string[]) {
    this.#memory = memory;
    this.#table = new KeyTable(memory, memory.controlUser);
    this.#universal = universal.length;
    this.#table.hold();
    for (const key of universal) this.#table.refer(key);
    this.#table.letGo();
  }

  // ---- what is in force

  /** The highest that the counter may come to in any shard, from the epoch on that is raised next. */
  storeLimit(key: string, limit: Limit): boolean {
    if (!this.#table.hold(ATTEMPTS)) return false;
    const index = this.#ceilings.get(key) ?? this.#table.refer(key);
    this.#ceilings.set(key, index);
    Atomics.store(this.#memory.hot, index * HOT + CEILING, limit);
    if (limit === NO_LIMIT) {
      this.#ceilings.delete(key);
      if (index >= this.#universal) this.#table.unrefer(index);
    }
    this.#table.letGo();
    return true;
  }

  /** What was stored is to be seen by all. @returns the epoch to wait for */
  raiseEpoch(): number {
    const epoch = Atomics.add(this.#memory.head, EPOCH, 1) + 1;
    for (let shard = 0; shard < this.#memory.shards; shard++) ring(this.#memory.shard(shard));
    return epoch;
  }

  /** The last that was raised. */
  get epoch(): number {
    return Atomics.load(this.#memory.head, EPOCH);
  }

  /** Whether every shard that lives has seen the epoch in its loop. */
  isAcknowledged(epoch: number): boolean {
    for (let shard = 0; shard < this.#memory.shards; shard++) {
      const words = this.#memory.shard(shard);
      if (Atomics.load(words, STATE) !== ABSENT && Atomics.load(words, ACKNOWLEDGED) < epoch) return false;
    }
    return true;
  }

  // ---- shards

  /** Before the shard's thread is started. It takes nothing before it has acknowledged an epoch. */
  admit(shard: number): void {
    const words = this.#memory.shard(shard);
    assert(Atomics.load(words, STATE) === ABSENT && !this.#ended.has(shard), 'a shard that ended is recovered first');
    Atomics.store(words, ACKNOWLEDGED, -1);
    Atomics.store(words, STATE, TAKING);
  }

  /** The thread of the shard is gone. @returns the epoch to wait for until {@link recover} */
  ended(shard: number): number {
    Atomics.store(this.#memory.shard(shard), STATE, ABSENT);
    this.#ended.add(shard);
    Atomics.store(this.#memory.head, STOP, 1);
    return this.raiseEpoch();
  }

  /** Every shard that lives has stopped: sets all counters right, and lets the shards go on. */
  recover(): boolean {
    const { head, hot, cold, held, shards } = this.#memory;
    assert(this.isAcknowledged(Atomics.load(head, EPOCH)), 'counters are set while nobody takes or gives back');
    if (!this.#table.hold(ATTEMPTS)) return false;
    const indices = Atomics.load(head, INDICES);
    for (const shard of this.#ended) {
      const own = this.#memory.own(shard);
      const standings = this.#memory.standings(shard);
      for (let index = 0; index < indices; index++) {
        held[index * OWN + OWN_OPEN]! += own[index * OWN + OWN_OPEN]!;
        own.fill(0, index * OWN, (index + 1) * OWN);
        standings.fill(0, index * STANDING, (index + 1) * STANDING);
        Atomics.and(hot, index * HOT + AWAITED, ~(1 << shard));
      }
      this.#memory.shard(shard).fill(0);
    }
    for (let index = 0; index < indices; index++) {
      let open = 0;
      let leaving = held[index * OWN + OWN_OPEN]!; // they all go by themselves
      for (let shard = 0; shard <= shards; shard++) {
        open += this.#memory.own(shard)[index * OWN + OWN_OPEN]!;
        if (shard < shards) leaving += this.#memory.own(shard)[index * OWN + OWN_LEAVING]!;
      }
      Atomics.store(hot, index * HOT + OPEN, open);
      Atomics.store(cold, index * COLD + LEAVING, leaving);
    }
    for (const shard of this.#ended) {
      this.#table.unreferAll(shard, this.#memory.heldUser, (index) => held[index * OWN + OWN_OPEN]! > 0);
    }
    this.#table.letGo();
    this.#ended.clear();
    Atomics.store(head, STOP, 0);
    this.raiseEpoch();
    return true;
  }

  /** Whether a shard ended that was not recovered from yet. */
  get mustRecover(): boolean {
    return this.#ended.size > 0;
  }

  /** Counters with slots of ended shards. */
  *held(): Generator<{ readonly index: CounterIndex; readonly slots: number }> {
    const indices = Atomics.load(this.#memory.head, INDICES);
    for (let index = 0; index < indices; index++) {
      const slots = this.#memory.held[index * OWN + OWN_OPEN]!;
      if (slots > 0) yield { index, slots };
    }
  }

  /** The counter of the key, -1 if no shard has one; false as above. */
  find(key: string): CounterIndex | false {
    if (!this.#table.hold(ATTEMPTS)) return false;
    const index = this.#table.find(key);
    this.#table.letGo();
    return index;
  }

  /** The receivers cannot count what ended shards held of the counter any more. */
  giveBackHeld(index: CounterIndex): boolean {
    if (!this.#table.hold(ATTEMPTS)) return false;
    const { hot, cold, held } = this.#memory;
    const slots = held[index * OWN + OWN_OPEN]!;
    assert(slots > 0 && !this.mustRecover, 'slots that are held are given back while slots may be');
    held[index * OWN + OWN_OPEN] = 0;
    Atomics.sub(cold, index * COLD + LEAVING, slots);
    Atomics.sub(hot, index * HOT + OPEN, slots);
    const awaited = Atomics.load(hot, index * HOT + AWAITED);
    for (let shard = 0; shard < this.#memory.shards; shard++) {
      if ((awaited & (1 << shard)) !== 0) ringReleased(this.#memory.shard(shard), index);
    }
    // What ended shards held counted as on its way back: perhaps it makes no room, and idle connections are to go after all.
    if (awaited !== 0) ringHolders(this.#memory, index, NO_SHARD);
    this.#table.unrefer(index, this.#memory.heldUser);
    this.#table.letGo();
    return true;
  }
}
