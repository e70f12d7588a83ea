// Who waits for counters that several shards share, as each shard tells the others: who goes first in it, below which limit,
// and how many wait. A slot is left to who goes before, wherever that is, and of a release is told the shard whose turn it is.
// The order of what is said and what is looked at is told in shared-cells.ts, which calls all of this.
import type { Limit } from '../base/limit.ts';
import type { CounterIndex, Holding, Priority, Standing } from './cells.ts';
import { ringHolders, ringReleased } from './doorbell.ts';
import {
  AWAITED,
  CEILING,
  COUNT_MAX,
  COUNTS,
  HOT,
  type LedgerMemory,
  OPEN,
  OWN,
  OWN_OPEN,
  OWN_TASKS,
  PRIORITY,
  STANDING,
  STATE,
  TAKING,
  TASKS_SEEN,
  WAIT_LIMIT,
  WAIT_LIMIT_MAX,
  WAITS_AT,
} from './ledger-memory.ts';
import { goesBefore } from './wait-priority.ts';

export class SharedWaits {
  readonly #memory: LedgerMemory;
  readonly #shard: number;
  readonly #bit: number;
  readonly #hot: Int32Array;
  readonly #standings: Int32Array;
  /** Counters of which others were told of somebody who waits here, or that this shard listens. */
  readonly #published = new Set<CounterIndex>();

  constructor(memory: LedgerMemory, shard: number) {
    this.#memory = memory;
    this.#shard = shard;
    this.#bit = 1 << shard;
    this.#hot = memory.hot;
    this.#standings = memory.standings(shard);
  }

  /** The other shards that are to hear of releases of the counter. */
  others(index: CounterIndex): number {
    return Atomics.load(this.#hot, index * HOT + AWAITED) & ~this.#bit;
  }

  /** The priority of who goes first in another shard, if there is room for that one and the shard may take it; or 0. */
  #eligible(shard: number, index: CounterIndex, open: number): Priority {
    const standings = this.#memory.standings(shard);
    const first = index * STANDING;
    for (;;) {
      const priority = Atomics.load(standings, first + PRIORITY);
      if (priority === 0) return 0;
      const limit = Atomics.load(standings, first + WAIT_LIMIT);
      // It is cleared before the limit changes. The same one may be there again: then who was misled is told by `publish`.
      if (Atomics.load(standings, first + PRIORITY) !== priority) continue;
      if (open >= limit || Atomics.load(this.#memory.shard(shard), STATE) !== TAKING) return 0;
      return priority;
    }
  }

  /** Whether those of other shards who go before `priority` need all the room there is. */
  isLeftToOthers(index: CounterIndex, open: number, most: Limit, priority: Priority): boolean {
    let others = this.others(index);
    let before = 0;
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) === 0) continue;
      const other = this.#eligible(shard, index, open) || this.#uninformed(shard, index);
      if (goesBefore(other, priority)) before += 1;
    }
    return before > 0 && most - open <= before;
  }

  goesFirst(index: CounterIndex, priority: Priority): boolean {
    const open = Atomics.load(this.#hot, index * HOT + OPEN) - 1;
    let others = this.others(index);
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) !== 0 && goesBefore(this.#eligible(shard, index, open), priority)) return false;
    }
    return true;
  }

  /**
   * If there is room, tells the shard of who goes first among the others. Shards that listen are told, too, and those where
   * there is no room for who goes first, but for somebody with a higher limit. @returns whether there is somebody with room
   */
  tellNext(index: CounterIndex): boolean {
    const open = Atomics.load(this.#hot, index * HOT + OPEN);
    let next = -1;
    let best: Priority = 0;
    let others = this.others(index);
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
    return next !== -1;
  }

  /**
   * A slot was given back or taken. Who waits may have counted on one that is gone, or that only made up for too many: where
   * there is no room for anybody, those are told who hold slots with nothing to do.
   */
  tellOfChange(index: CounterIndex): void {
    const awaited = Atomics.load(this.#hot, index * HOT + AWAITED);
    if (awaited === 0) return;
    if ((awaited & ~this.#bit) !== 0 && this.tellNext(index)) return;
    const isAwaitedHere = (awaited & this.#bit) !== 0;
    const open = Atomics.load(this.#hot, index * HOT + OPEN);
    const ceiling = Atomics.load(this.#hot, index * HOT + CEILING);
    if (isAwaitedHere && open < Math.min(ceiling, this.#standings[index * STANDING + WAIT_LIMIT_MAX]!)) return;
    this.tellHolders(index);
  }

  /** Who holds slots with nothing to do does not ask by itself whether somebody waits. */
  tellHolders(index: CounterIndex): void {
    ringHolders(this.#memory, index, this.#shard);
  }

  publish(index: CounterIndex, standing: Standing, isAgain: boolean): void {
    const { priority, limit, limitMax, count, countWithoutConnection, tasksSeen } = standing;
    const first = index * STANDING;
    const former = this.#standings[first + PRIORITY]!;
    const counts = Math.min(count, COUNT_MAX) | (Math.min(countWithoutConnection, COUNT_MAX) << 16);
    const before = this.#standings[first + COUNTS]!;
    // Who waits to be below less may need slots that it did not need before.
    const isLess = tasksSeen > 0 && limitMax < this.#standings[first + WAIT_LIMIT_MAX]!;
    const isMore = (counts & COUNT_MAX) > (before & COUNT_MAX) || counts >> 16 > before >> 16 || isLess;
    const isOther = priority !== former || limit !== this.#standings[first + WAIT_LIMIT]!;
    if (isOther) {
      Atomics.store(this.#standings, first + PRIORITY, 0);
      Atomics.store(this.#standings, first + WAIT_LIMIT, limit);
    }
    Atomics.store(this.#standings, first + WAIT_LIMIT_MAX, limitMax);
    Atomics.store(this.#standings, first + COUNTS, counts);
    Atomics.store(this.#standings, first + TASKS_SEEN, tasksSeen);
    if (isOther) Atomics.store(this.#standings, first + PRIORITY, priority);
    this.#flag(index, count > 0);
    if ((isAgain || goesBefore(former, priority)) && this.others(index) !== 0) this.tellNext(index);
    if (isMore) this.tellHolders(index);
  }

  /** What is said of a queue is no more than what is counted where it waits: that is told before this, and taken back after. */
  tellPart(queue: CounterIndex, counter: CounterIndex | null): void {
    Atomics.store(this.#standings, queue * STANDING + WAITS_AT, counter === null ? 0 : counter + 1);
  }

  listen(index: CounterIndex): void {
    this.#flag(index, true);
  }

  /** Whether others look at this shard when they give a slot of the counter back. */
  isPublished(index: CounterIndex): boolean {
    return this.#published.has(index);
  }

  /** Sets the flag that a release looks for, or takes it back. */
  #flag(index: CounterIndex, isPublished: boolean): void {
    if (this.#published.has(index) === isPublished) return;
    if (isPublished) {
      this.#published.add(index);
      Atomics.or(this.#hot, index * HOT + AWAITED, this.#bit);
    } else {
      this.#published.delete(index);
      Atomics.and(this.#hot, index * HOT + AWAITED, ~this.#bit);
    }
  }

  wants(index: CounterIndex, { staying, leaving, isUniversal, waiting, busy }: Holding): boolean {
    const ceiling = Atomics.load(this.#hot, index * HOT + CEILING);
    let [others, wanting] = [this.others(index), waiting];
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) === 0 || Atomics.load(this.#memory.shard(shard), STATE) !== TAKING) continue;
      const standings = this.#memory.standings(shard);
      const limit = Math.min(ceiling, Atomics.load(standings, index * STANDING + WAIT_LIMIT_MAX));
      const counts = Atomics.load(standings, index * STANDING + COUNTS);
      if (Atomics.load(standings, index * STANDING + TASKS_SEEN) > 0) {
        // More may be open than the tasks ask for: what nobody uses goes then, and what is in use only for who has nothing.
        if (busy !== null) wanting += counts >> 16;
        else if (counts > 0 && staying + (counts & COUNT_MAX) > limit) return true;
        continue;
      }
      const isAbove = staying > limit;
      // As for those who wait here: Ledger.isAwaited.
      let count = isUniversal && isAbove ? counts >> 16 : counts & COUNT_MAX;
      if (busy !== null && count > counts >> 16 && this.#isContent(shard, busy, index)) count -= 1;
      if (isUniversal && count > 0 && staying + count + waiting > limit) return true;
      if (!isUniversal && !isAbove) wanting += count;
    }
    return wanting > waiting && wanting > leaving;
  }

  tasks(queue: CounterIndex): number {
    let sum = 0;
    for (let shard = 0; shard < this.#memory.shards; shard++) {
      sum += Atomics.load(this.#memory.own(shard), queue * OWN + OWN_TASKS);
    }
    return sum;
  }

  /** Who waits there says how many tasks it has seen before it looks for more; who has more tells of them before it looks here. */
  offer(queue: CounterIndex, target: number): void {
    let others = this.others(queue);
    if (others === 0 || Atomics.load(this.#hot, queue * HOT + OPEN) >= target) return;
    const tasks = this.tasks(queue);
    for (let shard = 0; others !== 0; shard++, others >>>= 1) {
      if ((others & 1) === 0) continue;
      const seen = Atomics.load(this.#memory.standings(shard), queue * STANDING + TASKS_SEEN);
      if (seen > 0 && seen < tasks) ringReleased(this.#memory.shard(shard), queue);
    }
  }

  /** The priority of a part of a queue without a connection in that shard, if there are more tasks than it has seen; or 0. */
  #uninformed(shard: number, queue: CounterIndex): Priority {
    const standings = this.#memory.standings(shard);
    const seen = Atomics.load(standings, queue * STANDING + TASKS_SEEN);
    if (seen === 0 || Atomics.load(standings, queue * STANDING + COUNTS) >> 16 === 0) return 0;
    if (Atomics.load(this.#memory.shard(shard), STATE) !== TAKING || this.tasks(queue) <= seen) return 0;
    return Atomics.load(standings, queue * STANDING + PRIORITY);
  }

  /** Whether one of those who wait for the counter in that shard is a part of the queue that has its share of connections. */
  #isContent(shard: number, queue: CounterIndex, index: CounterIndex): boolean {
    if (Atomics.load(this.#memory.standings(shard), queue * STANDING + WAITS_AT) !== index + 1) return false;
    const here = Atomics.load(this.#memory.own(this.#shard), queue * OWN + OWN_OPEN);
    return here <= Atomics.load(this.#memory.own(shard), queue * OWN + OWN_OPEN) + 1;
  }
}
