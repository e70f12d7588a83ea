// One shard's view of the windows of throttles that several shards share. There is one lock for all of them, so that whoever
// needs a token of several takes all or none, and whoever leaves a token to somebody else knows that this one has not taken
// it yet. It is held for some hundred nanoseconds; nothing that calls out of here is done meanwhile.
//
// All shards count by one clock: that of the first to come, which each knows its distance from. Times are kept in steps of a
// 4096th of a millisecond, so that a time is the same in both clocks to the last bit. What happens is never before what has
// happened already, whoever read the clock when.
//
// Each shard brings the numbers that its configuration has for a window (count, period); what is in memory is what happened.
// So two shards of which one has a change already keep to their own numbers, and nothing has to be in order between them.
import { type MonoMs, monoMs } from '../base/moment.ts';
import type { Priority } from './cells.ts';
import { ring } from './doorbell.ts';
import { KeyTable } from './key-table.ts';
import { ABSENT, COLD, type LedgerMemory, LOCK, STATE, TICKET, TOKENS } from './ledger-memory.ts';
import { repairWindows } from './repair-windows.ts';
import { SharedWindow } from './shared-window.ts';
import { NEVER, type Throttle } from './throttle.ts';
import type { ThrottleMemory } from './throttle-memory.ts';
import { goesBefore } from './wait-priority.ts';
import {
  ARENA_NEXT,
  BEGUN,
  FREE_BLOCKS,
  HASH,
  LATEST,
  PRIORITY,
  WAITERS,
  WAITING,
  type WindowMemory,
} from './window-memory.ts';
import type { Window, Windows } from './windows.ts';

/** Steps of the clock in a millisecond. */
const STEPS = 4096;
/** How often the lock is tried before this thread sleeps for {@link SLEEP_MS}: whoever has it may have been set aside. */
const ATTEMPTS = 1000;
const SLEEP_MS = 1;
/** Blocks of entries are of at most two to this. */
const BLOCK_POWER_MAX = 20;

export interface SharedWindowsParts {
  readonly memory: WindowMemory;
  /** Of the counters: shards ring there. */
  readonly bells: LedgerMemory;
  readonly shard: number;
  /** How far this shard's clock is behind that of all. */
  readonly behindMs: number;
  /** What an earlier life of the process left of all shards; for windows that no shard has asked for yet. */
  readonly saved: ThrottleMemory;
}

export class SharedWindows implements Windows {
  readonly isShared = true;
  readonly shards: number;
  readonly #memory: WindowMemory;
  readonly #bells: LedgerMemory;
  readonly #shard: number;
  readonly #behindMs: number;
  readonly #saved: ThrottleMemory;
  readonly #table: KeyTable;
  readonly #waiting: Int32Array;
  /** How many have the lock, one within the other. */
  #depth = 0;
  /** By the clock of all, while the lock is held. */
  #now: MonoMs = NEVER;

  constructor({ memory, bells, shard, behindMs, saved }: SharedWindowsParts) {
    this.#memory = memory;
    this.#bells = bells;
    this.#shard = shard;
    this.shards = memory.keys.shards;
    this.#behindMs = Math.round(behindMs * STEPS) / STEPS;
    this.#saved = saved;
    this.#table = new KeyTable(memory.keys, shard, () => repairWindows(memory));
    this.#waiting = memory.waiting(shard);
  }

  begin(key: string, own: Throttle, first?: Throttle): Window {
    this.hold(NEVER);
    const place = this.#table.refer(key);
    const row = this.#memory.row(place);
    const window = new SharedWindow({ windows: this, memory: this.#memory, place, own });
    const hash = this.#memory.keys.cold.subarray(place * COLD, place * COLD + 4);
    if (row[BEGUN] === 0 || hash.some((word, at) => row[HASH + at] !== word)) {
      row[BEGUN] = 0;
      window.beginWith(first ?? this.#saved.begin(key, own.count, own.periodMs).window);
      row.set(hash, HASH);
      row[BEGUN] = 1;
    }
    this.letGo();
    return window;
  }

  end(window: Window): void {
    const { place } = window as SharedWindow;
    this.publish(window, 0, 0);
    this.hold(NEVER);
    this.#table.unrefer(place);
    this.letGo();
  }

  // ---- the lock

  hold(at: MonoMs): void {
    this.#depth += 1;
    if (this.#depth > 1) return;
    const words = this.#memory.keys.head;
    while (!this.#table.hold(ATTEMPTS)) {
      const holder = Atomics.load(words, LOCK);
      if (holder !== 0) Atomics.wait(words, LOCK, holder, SLEEP_MS);
    }
    const { head } = this.#memory;
    this.#now = monoMs(Math.max(this.toShared(at), head[LATEST]!));
    head[LATEST] = this.#now;
  }

  letGo(): void {
    this.#depth -= 1;
    if (this.#depth === 0) this.#table.letGo();
  }

  // ---- the clock

  stamp(at: MonoMs): MonoMs {
    return monoMs(Math.max(this.toShared(at), this.#now) - this.#behindMs);
  }

  /** By the clock of all, while the lock is held. */
  get now(): MonoMs {
    return this.#now;
  }

  toShared(at: MonoMs): MonoMs {
    return monoMs(Math.ceil((at + this.#behindMs) * STEPS) / STEPS);
  }

  fromShared(at: MonoMs): MonoMs {
    return monoMs(at - this.#behindMs);
  }

  // ---- those who wait

  ticket(): number {
    return Atomics.add(this.#bells.head, TICKET, 1);
  }

  waitingElsewhere(window: Window): number {
    const { place } = window as SharedWindow;
    let waiting = 0;
    this.hold(NEVER);
    for (const words of this.#others()) waiting += words[place * WAITING + WAITERS]!;
    this.letGo();
    return waiting;
  }

  before(window: Window, priority: Priority): number {
    const { place } = window as SharedWindow;
    let before = 0;
    this.hold(NEVER);
    for (const words of this.#others()) {
      if (goesBefore(words[place * WAITING + PRIORITY]!, priority)) before += 1;
    }
    if (before > 0) this.#memory.listeners[place]! |= 1 << this.#shard;
    this.letGo();
    return before;
  }

  publish(window: Window, priority: Priority, count: number): void {
    const { place } = window as SharedWindow;
    const first = place * WAITING;
    this.hold(NEVER);
    const former = this.#waiting[first + PRIORITY]!;
    this.#waiting[first + PRIORITY] = priority;
    this.#waiting[first + WAITERS] = count;
    if (former !== priority) this.tellListeners(place);
    this.letGo();
  }

  /** Somebody has taken a token, or wants none any more. The lock is held. */
  tellListeners(place: number): void {
    const { listeners } = this.#memory;
    let others = listeners[place]! & ~(1 << this.#shard);
    if (others === 0) return;
    listeners[place]! &= 1 << this.#shard;
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) === 0) continue;
      const words = this.#bells.shard(shard);
      Atomics.store(words, TOKENS, 1);
      ring(words);
    }
  }

  poll(): boolean {
    const words = this.#bells.shard(this.#shard);
    return Atomics.load(words, TOKENS) !== 0 && Atomics.exchange(words, TOKENS, 0) !== 0;
  }

  /** What other shards that live have said. */
  *#others(): Generator<Int32Array> {
    const { keys } = this.#memory;
    for (let shard = 0; shard < keys.shards; shard++) {
      if (shard === this.#shard || Atomics.load(keys.shard(shard), STATE) === ABSENT) continue;
      yield this.#memory.waiting(shard);
    }
  }

  // ---- room for entries; the lock is held

  /** The first word of a block for so many entries; -1 when there is none. What a shard had that ends here is lost. */
  allocate(capacity: number): number {
    const { head, arena } = this.#memory;
    const power = Math.log2(capacity);
    if (power > BLOCK_POWER_MAX) return -1;
    const unused = head[FREE_BLOCKS + power]! - 1;
    if (unused !== -1) {
      head[FREE_BLOCKS + power] = arena[unused]!;
      return unused;
    }
    const block = head[ARENA_NEXT]!;
    if (block + 2 * capacity > arena.length) return -1;
    head[ARENA_NEXT] = block + 2 * capacity;
    return block;
  }

  giveBack(block: number, capacity: number): void {
    const { head, arena } = this.#memory;
    const power = Math.log2(capacity);
    arena[block] = head[FREE_BLOCKS + power]!;
    head[FREE_BLOCKS + power] = block + 1;
  }
}
