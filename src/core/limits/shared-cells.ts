// One shard's view of counters that several shards share, without a lock. A slot is taken by compare-and-swap below the limit
// or not at all, counters in ascending order of their index; what was taken when a later one turns out full is given back like
// any slot, and wakes like one.
//
// Each shard keeps beside the count its own part of it, which it alone writes: after it has taken, before it gives back. So
// the parts never come to more than the count, and when a shard ends between two steps the count is what the others' parts
// come to (ledger-control.ts).
//
// Who waits says so before it looks once more (publish, then mayTake); who gives back counts first and looks for those who
// wait afterwards. One of the two sees the other. Each shard says of each counter who goes first in it; a slot is left to who
// goes before, wherever that is. Told of a release is the shard whose turn it is, that one tells the next when it leaves
// something: after a take that leaves room, or when whoever it said went first does not.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import { ADMITTED, type Cells, type Claim, type CounterIndex, type Priority, type Standing } from './cells.ts';
import { ringReleased, ringWanted, takeReleased } from './doorbell.ts';
import { KeyTable } from './key-table.ts';
import {
  ACKNOWLEDGED,
  AWAITED,
  BELL,
  CEILING,
  COLD,
  COUNT_MAX,
  COUNTS,
  EPOCH,
  HOT,
  LEAVING,
  type LedgerMemory,
  OPEN,
  OWN,
  OWN_LEAVING,
  OWN_OPEN,
  PAUSED,
  PEAK,
  PRIORITY,
  RELEASED_BITS,
  STANDING,
  STATE,
  STOP,
  TAKING,
  TICKET,
  WAIT_LIMIT,
  WAIT_LIMIT_MAX,
  WANTED,
} from './ledger-memory.ts';
import { goesBefore } from './wait-priority.ts';

/** Flags of a counter that this shard alone knows of, below the number of its references. */
const IS_AWAITED = 1;
/** Others were told of somebody who waits here, or that this shard listens. */
const IS_PUBLISHED = 2;
const REFERENCE = 4;

/** Unseen by any epoch: a shard takes nothing before it has heard for the first time. */
const NO_EPOCH = -1;
const NONE: ReadonlySet<CounterIndex> = new Set();

interface Deferred {
  readonly index: CounterIndex;
  readonly kind: 'take' | 'give' | 'leaving';
  readonly change: 1 | -1;
}

export class SharedCells implements Cells {
  readonly isShared = true;
  readonly #memory: LedgerMemory;
  readonly #shard: number;
  readonly #bit: number;
  readonly #table: KeyTable;
  readonly #hot: Int32Array;
  readonly #cold: Int32Array;
  readonly #own: Int32Array;
  readonly #standings: Int32Array;
  readonly #words: Int32Array;
  #local = new Int32Array(1024);
  /** Counters awaited here, by the bits they have in common. */
  readonly #awaited = new Map<number, Set<CounterIndex>>();
  #isStopped = true;
  #epoch = NO_EPOCH;
  /** What was taken and given back while nothing may be. */
  readonly #deferred: Deferred[] = [];
  /** For {@link takeReleased}. */
  #released = new Set<CounterIndex>();
  #turn: Priority = 0;
  /** Everything awaited is to be looked at. */
  #mustLookAtAll = false;
  /** For measurements: slots of which the count changed between its reading and its taking, claims that were not admitted. */
  retries = 0;
  refusals = 0;

  /** @param shard admitted by the control thread, see {@link LedgerControl.admit} */
  constructor(memory: LedgerMemory, shard: number) {
    this.#memory = memory;
    this.#shard = shard;
    this.#bit = 1 << shard;
    this.#table = new KeyTable(memory, shard);
    this.#hot = memory.hot;
    this.#cold = memory.cold;
    this.#own = memory.own(shard);
    this.#standings = memory.standings(shard);
    this.#words = memory.shard(shard);
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  // ---- counters

  begin(key: string): CounterIndex {
    this.#table.hold();
    const index = this.#table.refer(key);
    this.#table.letGo();
    while (index >= this.#local.length) {
      const longer = new Int32Array(this.#local.length * 2);
      longer.set(this.#local);
      this.#local = longer;
    }
    return index;
  }

  end(index: CounterIndex): void {
    this.#table.hold();
    this.#table.unrefer(index);
    this.#table.letGo();
  }

  isUnused(index: CounterIndex): boolean {
    return this.#local[index] === 0 && this.#own[index * OWN + OWN_OPEN] === 0 && !this.#isDeferred(index);
  }

  refer(index: CounterIndex): void {
    this.#local[index]! += REFERENCE;
  }

  unrefer(index: CounterIndex): void {
    assert(this.#local[index]! >= REFERENCE, 'a counter is unreferred as often as it was referred');
    this.#local[index]! -= REFERENCE;
  }

  open(index: CounterIndex): number {
    return Atomics.load(this.#hot, index * HOT + OPEN);
  }

  peak(index: CounterIndex): number {
    return Atomics.load(this.#hot, index * HOT + PEAK);
  }

  leaving(index: CounterIndex): number {
    return Atomics.load(this.#cold, index * COLD + LEAVING);
  }

  limitOf(index: CounterIndex, limit: Limit): Limit {
    return Math.min(limit, Atomics.load(this.#hot, index * HOT + CEILING));
  }

  // ---- slots

  acquire({ counters, limits }: Claim): number {
    if (this.#isStopped) return 0;
    for (let at = 0; at < counters.length; at++) {
      if (this.#tryTake(counters[at]!, limits[at]!)) continue;
      this.refusals += 1;
      for (let taken = at - 1; taken >= 0; taken--) this.give(counters[taken]!);
      return at;
    }
    this.#turn = 0;
    return ADMITTED;
  }

  #tryTake(index: CounterIndex, limit: Limit): boolean {
    const most = this.limitOf(index, limit);
    let open = this.open(index);
    for (;;) {
      if (open >= most || this.#isLeftToOthers(index, open, most, this.#turn)) return false;
      const found = Atomics.compareExchange(this.#hot, index * HOT + OPEN, open, open + 1);
      if (found === open) break;
      this.retries += 1;
      open = found;
    }
    this.#counted(index, open + 1);
    if (this.#others(index) !== 0) this.#tellNext(index);
    return true;
  }

  /** A slot of this shard has been counted. */
  #counted(index: CounterIndex, open: number): void {
    const own = index * OWN + OWN_OPEN;
    Atomics.store(this.#own, own, this.#own[own]! + 1);
    let peak = this.peak(index);
    while (peak < open) {
      const found = Atomics.compareExchange(this.#hot, index * HOT + PEAK, peak, open);
      if (found === peak) return;
      peak = found;
    }
  }

  take(index: CounterIndex): void {
    if (this.#isStopped) {
      this.#deferred.push({ index, kind: 'take', change: 1 });
      return;
    }
    const open = Atomics.add(this.#hot, index * HOT + OPEN, 1) + 1;
    this.#counted(index, open);
  }

  give(index: CounterIndex): void {
    if (this.#isStopped) {
      this.#deferred.push({ index, kind: 'give', change: -1 });
      return;
    }
    const own = index * OWN + OWN_OPEN;
    assert(this.#own[own]! > 0, 'no counter falls below zero');
    Atomics.store(this.#own, own, this.#own[own]! - 1);
    Atomics.sub(this.#hot, index * HOT + OPEN, 1);
    if (this.#others(index) !== 0) this.#tellNext(index);
  }

  addLeaving(index: CounterIndex, change: 1 | -1): void {
    if (this.#isStopped) {
      this.#deferred.push({ index, kind: 'leaving', change });
      return;
    }
    const own = index * OWN + OWN_LEAVING;
    Atomics.store(this.#own, own, this.#own[own]! + change);
    Atomics.add(this.#cold, index * COLD + LEAVING, change);
  }

  #isDeferred(index: CounterIndex): boolean {
    return this.#deferred.length > 0 && this.#deferred.some((one) => one.index === index);
  }

  isSurplus({ counters, bounds }: Claim): boolean {
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]!;
      const bound = this.limitOf(counter, bounds[at]!);
      const open = this.open(counter);
      if (open > bound && open - this.leaving(counter) > bound) return true;
    }
    return false;
  }

  // ---- waiting

  isAwaited(index: CounterIndex): boolean {
    return (this.#local[index]! & IS_AWAITED) !== 0;
  }

  setAwaited(index: CounterIndex, isAwaited: boolean): void {
    const common = index & (RELEASED_BITS - 1);
    if (isAwaited) {
      this.#local[index]! |= IS_AWAITED;
      const others = this.#awaited.get(common);
      if (others === undefined) this.#awaited.set(common, new Set([index]));
      else others.add(index);
    } else {
      this.#local[index]! &= ~IS_AWAITED;
      const others = this.#awaited.get(common)!;
      others.delete(index);
      if (others.size === 0) this.#awaited.delete(common);
    }
  }

  ticket(): number {
    return Atomics.add(this.#memory.head, TICKET, 1);
  }

  beginTurn(priority: Priority): void {
    this.#turn = priority;
  }

  mayTake(index: CounterIndex, limit: Limit, priority: Priority): boolean {
    const most = this.limitOf(index, limit);
    const open = this.open(index);
    return open < most && !this.#isLeftToOthers(index, open, most, priority);
  }

  /** Whether those of other shards who go before `priority` need all the room there is. */
  #isLeftToOthers(index: CounterIndex, open: number, most: Limit, priority: Priority): boolean {
    let others = this.#others(index);
    let before = 0;
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) !== 0 && goesBefore(this.#eligible(shard, index, open), priority)) before += 1;
    }
    return before > 0 && most - open <= before;
  }

  /** The priority of who goes first in another shard, if there is room for that one and the shard may take it; or 0. */
  #eligible(shard: number, index: CounterIndex, open: number): Priority {
    const standings = this.#memory.standings(shard);
    const first = index * STANDING;
    for (;;) {
      const priority = Atomics.load(standings, first + PRIORITY);
      if (priority === 0) return 0;
      const limit = Atomics.load(standings, first + WAIT_LIMIT);
      // It is cleared before the limit changes, and no ticket is drawn twice.
      if (Atomics.load(standings, first + PRIORITY) !== priority) continue;
      if (open >= limit || Atomics.load(this.#memory.shard(shard), STATE) !== TAKING) return 0;
      return priority;
    }
  }

  /** The other shards that are to hear of releases of the counter. */
  #others(index: CounterIndex): number {
    return Atomics.load(this.#hot, index * HOT + AWAITED) & ~this.#bit;
  }

  /**
   * If there is room, tells the shard of who goes first among the others. Shards that listen are told, too, and those where
   * there is no room for who goes first, but for somebody with a higher limit.
   */
  #tellNext(index: CounterIndex): void {
    const open = this.open(index);
    let next = -1;
    let best: Priority = 0;
    let others = this.#others(index);
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) === 0) continue;
      const priority = this.#eligible(shard, index, open);
      if (priority === 0) {
        const standings = this.#memory.standings(shard);
        const isListening = Atomics.load(standings, index * STANDING + PRIORITY) === 0;
        if (isListening || open < Atomics.load(standings, index * STANDING + WAIT_LIMIT_MAX)) {
          ringReleased(this.#memory.shard(shard), index);
        }
      } else if (goesBefore(priority, best)) {
        best = priority;
        next = shard;
      }
    }
    if (next !== -1) ringReleased(this.#memory.shard(next), index);
  }

  publish(index: CounterIndex, { priority, limit, limitMax, count, countWithoutConnection }: Standing): void {
    const first = index * STANDING;
    const former = this.#standings[first + PRIORITY]!;
    const counts = Math.min(count, COUNT_MAX) | (Math.min(countWithoutConnection, COUNT_MAX) << 16);
    const isMore = (counts & COUNT_MAX) > (this.#standings[first + COUNTS]! & COUNT_MAX);
    if (priority !== former) {
      Atomics.store(this.#standings, first + PRIORITY, 0);
      Atomics.store(this.#standings, first + WAIT_LIMIT, limit);
    }
    Atomics.store(this.#standings, first + WAIT_LIMIT_MAX, limitMax);
    Atomics.store(this.#standings, first + COUNTS, counts);
    if (priority !== former) Atomics.store(this.#standings, first + PRIORITY, priority);
    this.#flag(index, count > 0);
    if (goesBefore(former, priority) && this.#others(index) !== 0) this.#tellNext(index);
    if (isMore) this.#tellHolders(index);
  }

  listen(index: CounterIndex): void {
    this.#flag(index, true);
  }

  /** Sets the flag that a release looks for, or takes it back. */
  #flag(index: CounterIndex, isPublished: boolean): void {
    if (((this.#local[index]! & IS_PUBLISHED) !== 0) === isPublished) return;
    if (isPublished) {
      this.#local[index]! |= IS_PUBLISHED;
      Atomics.or(this.#hot, index * HOT + AWAITED, this.#bit);
    } else {
      this.#local[index]! &= ~IS_PUBLISHED;
      Atomics.and(this.#hot, index * HOT + AWAITED, ~this.#bit);
    }
  }

  /** Who holds slots with nothing to do does not ask by itself whether somebody waits. */
  #tellHolders(index: CounterIndex): void {
    for (let shard = 0; shard < this.#memory.shards; shard++) {
      if (shard === this.#shard || Atomics.load(this.#memory.own(shard), index * OWN + OWN_OPEN) === 0) continue;
      ringWanted(this.#memory.shard(shard), index);
    }
  }

  wants(index: CounterIndex, staying: number, leaving: number, isUniversal: boolean): boolean {
    let [others, wanting] = [this.#others(index), 0];
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) === 0 || Atomics.load(this.#memory.shard(shard), STATE) !== TAKING) continue;
      const standings = this.#memory.standings(shard);
      const limit = this.limitOf(index, Atomics.load(standings, index * STANDING + WAIT_LIMIT_MAX));
      const counts = Atomics.load(standings, index * STANDING + COUNTS);
      const isAbove = staying > limit;
      // As for those who wait here: Ledger.isAwaited.
      const count = isUniversal && isAbove ? counts >> 16 : counts & COUNT_MAX;
      if (isUniversal && count > 0 && staying + count > limit) return true;
      if (!isUniversal && !isAbove) wanting += count;
    }
    return wanting > leaving;
  }

  // ---- once a turn

  poll(): number {
    if (Atomics.load(this.#words, BELL) === 0 && this.#epoch !== NO_EPOCH) return 0;
    // The bell before all that it rings for: what comes in between rings again.
    Atomics.store(this.#words, BELL, 0);
    if (Atomics.load(this.#memory.head, EPOCH) !== this.#epoch) this.#follow();
    for (const common of takeReleased(this.#words)) this.#addAwaited(this.#released, common);
    return Atomics.exchange(this.#words, WANTED, 0);
  }

  takeReleased(): Iterable<CounterIndex> {
    const found = this.#released;
    this.#released = new Set();
    if (this.#mustLookAtAll) for (const common of this.#awaited.keys()) this.#addAwaited(found, common);
    this.#mustLookAtAll = false;
    return found;
  }

  #addAwaited(found: Set<CounterIndex>, common: number): void {
    for (const index of this.#awaited.get(common) ?? NONE) found.add(index);
  }

  /** What is in force has changed: see {@link LedgerControl}. Says so when it holds here. */
  #follow(): void {
    const epoch = Atomics.load(this.#memory.head, EPOCH);
    this.#isStopped = Atomics.load(this.#memory.head, STOP) !== 0;
    if (!this.#isStopped) this.#catchUp();
    this.#mustLookAtAll = true;
    this.#epoch = epoch;
    Atomics.store(this.#words, ACKNOWLEDGED, epoch);
  }

  #catchUp(): void {
    for (const { index, kind, change } of this.#deferred.splice(0)) {
      this.#released.add(index);
      if (kind === 'take') this.take(index);
      else if (kind === 'give') this.give(index);
      else this.addLeaving(index, change);
    }
  }

  /** The shard opens nothing for the time being, or does again: nobody leaves slots to it while it does not. */
  pause(isPaused: boolean): void {
    Atomics.store(this.#words, STATE, isPaused ? PAUSED : TAKING);
    this.#mustLookAtAll = true;
    if (!isPaused) return;
    for (const indices of this.#awaited.values()) for (const index of indices) this.#tellNext(index);
  }
}
