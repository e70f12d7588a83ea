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
import { AuditOrder } from './audit-order.ts';
import {
  ADMITTED,
  type Cells,
  type Claim,
  type CounterIndex,
  type Holding,
  type Priority,
  type Standing,
} from './cells.ts';
import { takeReleased } from './doorbell.ts';
import { KeyTable } from './key-table.ts';
import {
  ACKNOWLEDGED,
  AUDIT_GATE,
  BELL,
  CEILING,
  COLD,
  EPOCH,
  HOT,
  IDLE,
  LEAVING,
  type LedgerMemory,
  OPEN,
  OWN,
  OWN_LEAVING,
  OWN_OPEN,
  OWN_TASKS,
  PAUSED,
  PEAK,
  RELEASED_BITS,
  STATE,
  STOP,
  TAKING,
  TICKET,
  WANTED,
} from './ledger-memory.ts';
import { SharedWaits } from './shared-waits.ts';

/** Flags of a counter that this shard alone knows of, below the number of its references. */
const IS_AWAITED = 1;
const REFERENCE = 2;

/** What {@link SharedCells.poll} answers when any counter may be meant. */
const ALL = -1;

/** Unseen by any epoch: a shard takes nothing before it has heard for the first time. */
const NO_EPOCH = -1;
const NONE: ReadonlySet<CounterIndex> = new Set();

type Deferred =
  | { readonly index: CounterIndex; readonly kind: 'take' | 'give' | 'leaving'; readonly change: 1 | -1 }
  /** To be told once what stands before it is counted. */
  | { readonly index: null; readonly run: () => void };

export class SharedCells implements Cells {
  readonly isShared = true;
  readonly #memory: LedgerMemory;
  readonly #table: KeyTable;
  readonly #waits: SharedWaits;
  readonly #order: AuditOrder;
  /** What is counted is told, and has its place in the order of all shards. */
  isAudited = false;
  readonly #hot: Int32Array;
  readonly #cold: Int32Array;
  readonly #own: Int32Array;
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
    this.#table = new KeyTable(memory, shard);
    this.#waits = new SharedWaits(memory, shard);
    this.#order = new AuditOrder(memory, shard);
    this.#hot = memory.hot;
    this.#cold = memory.cold;
    this.#own = memory.own(shard);
    this.#words = memory.shard(shard);
  }

  get isStopped(): boolean {
    return this.#isStopped || (this.isAudited && Atomics.load(this.#memory.head, AUDIT_GATE) !== 0);
  }

  // ---- an audit

  /** Nobody else counts until {@link letGo}. Where a shard has ended with the order, nothing counts until that is set right. */
  hold(): void {
    if (!this.#order.hold()) this.#isStopped = true;
  }

  letGo(): void {
    this.#order.letGo();
  }

  /** While held. */
  nextNumber(): number {
    return this.#order.next();
  }

  /** Called when what was taken and given back so far is counted: at once, or held when it is. */
  whenCounted(run: () => void): void {
    if (this.#isStopped) this.#deferred.push({ index: null, run });
    else run();
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
    if (this.#local[index] !== 0 || this.#own[index * OWN + OWN_OPEN] !== 0) return false;
    return !this.#waits.isPublished(index) && !this.#isDeferred(index);
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

  own(index: CounterIndex): number {
    return this.#own[index * OWN + OWN_OPEN]!;
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
    if (this.isStopped) return 0;
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
      if (open >= most || this.#waits.isLeftToOthers(index, open, most, this.#turn)) return false;
      const found = Atomics.compareExchange(this.#hot, index * HOT + OPEN, open, open + 1);
      if (found === open) break;
      this.retries += 1;
      open = found;
    }
    this.#counted(index, open + 1);
    // Who waited for this slot may need one now that somebody elsewhere holds for nothing.
    this.#waits.tellOfChange(index);
    return true;
  }

  hasRoom(index: CounterIndex, limit: Limit): boolean {
    return this.mayTake(index, limit, this.#turn);
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
    this.#waits.tellOfChange(index);
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

  publish(index: CounterIndex, standing: Standing, isAgain: boolean): void {
    this.#waits.publish(index, standing, isAgain);
  }

  tellPart(queue: CounterIndex, counter: CounterIndex | null): void {
    this.#waits.tellPart(queue, counter);
  }

  listen(index: CounterIndex): void {
    this.#waits.listen(index);
  }

  isAwaitedElsewhere(index: CounterIndex): boolean {
    return this.#waits.others(index) !== 0;
  }

  goesFirst(index: CounterIndex, priority: Priority): boolean {
    return this.#waits.goesFirst(index, priority);
  }

  wants(index: CounterIndex, holding: Holding): boolean {
    return this.#waits.wants(index, holding);
  }

  beginTurn(priority: Priority): void {
    this.#turn = priority;
  }

  mayTake(index: CounterIndex, limit: Limit, priority: Priority): boolean {
    const most = this.limitOf(index, limit);
    const open = this.open(index);
    return open < most && !this.#waits.isLeftToOthers(index, open, most, priority);
  }

  // ---- shares of a queue

  tellTasks(queue: CounterIndex, count: number): void {
    const own = queue * OWN + OWN_TASKS;
    if (this.#own[own] !== count) Atomics.store(this.#own, own, count);
  }

  tasks(queue: CounterIndex): number {
    return this.#waits.tasks(queue);
  }

  offer(queue: CounterIndex, target: number): void {
    this.#waits.offer(queue, target);
  }

  // ---- once a turn

  poll(): number {
    if (Atomics.load(this.#words, BELL) === 0 && this.#epoch !== NO_EPOCH) return 0;
    // The bell before all that it rings for: what comes in between rings again.
    Atomics.store(this.#words, BELL, 0);
    const isChanged = Atomics.load(this.#memory.head, EPOCH) !== this.#epoch;
    if (isChanged) this.#follow();
    for (const common of takeReleased(this.#words)) this.#addAwaited(this.#released, common);
    const wanted = Atomics.exchange(this.#words, WANTED, 0);
    return isChanged ? ALL : wanted;
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
    if (this.#deferred.length === 0) return;
    if (this.isAudited) this.hold();
    for (const deferred of this.#deferred.splice(0)) {
      if (deferred.index === null) {
        this.whenCounted(deferred.run);
        continue;
      }
      const { index, kind, change } = deferred;
      this.#released.add(index);
      if (kind === 'take') this.take(index);
      else if (kind === 'give') this.give(index);
      else this.addLeaving(index, change);
    }
    if (this.isAudited) this.letGo();
  }

  /** Those who wait here count again from then on, so that others may have to give slots up for them. */
  pause(isPaused: boolean): void {
    Atomics.store(this.#words, STATE, isPaused ? PAUSED : TAKING);
    this.#mustLookAtAll = true;
    for (const indices of this.#awaited.values()) {
      for (const index of indices) {
        if (isPaused) this.#waits.tellNext(index);
        else this.#waits.tellHolders(index);
      }
    }
  }

  /** Who holds idle connections says so before it looks for those who wait. */
  setIdle(isIdle: boolean): void {
    Atomics.store(this.#words, IDLE, isIdle ? 1 : 0);
  }
}
