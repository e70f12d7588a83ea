// How many connections are open, by everything that limits them. A connection takes one slot in each of its counters,
// all at once or not at all, before it connects, and gives them back when the receiver cannot count it any more. Who
// finds a counter full waits here, in the list of that (counter, limit), and is woken in fair order when there is room.
// Knows counters and numbers; which counter stands for what is decided in delivery/claims.ts.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import { ADMITTED, type Cells, type Claim, type CounterIndex, type QueueShares } from './cells.ts';
import { without } from './claim-parts.ts';
import { CounterCells } from './counter-cells.ts';
import { standingOf } from './standing.ts';
import { NO_COUNTER, stopWaiting, type Waiter, WaitList } from './wait-list.ts';

export { ADMITTED, type Claim, type CounterIndex } from './cells.ts';
export { type ClaimPart, makeClaim } from './claim-parts.ts';

export class Ledger {
  /** For parts of queues that others have. */
  readonly shares: QueueShares;
  readonly #cells: Cells;
  readonly #keys: (string | undefined)[] = [];
  readonly #indexByKey = new Map<string, CounterIndex>();
  readonly #waitLists = new Map<CounterIndex, WaitList[]>();
  /** Counters with waiters that had a release since their waiters were last looked at. */
  readonly #released = new Set<CounterIndex>();
  /** Those of them none of whose waiters was woken for it while a universal counter was full. */
  readonly #unheard = new Set<CounterIndex>();
  /** The first counters, which every claim holds: while one of these is full hardly anybody is woken. */
  readonly #universal: { readonly counter: CounterIndex; limit: Limit }[] = [];
  /** Counters of which the other shards are to be told anew who waits here. Always empty where there are none. */
  readonly #changed = new Set<CounterIndex>();
  /** Counters of queues that do not wait any more although they have connections, until the others are told. */
  readonly #leftParts = new Set<CounterIndex>();
  /** Who was woken last and has taken nothing since, and since when it waits: others may come between, which costs no place. */
  #woken: { readonly waiter: Waiter; readonly ticket: number } | null = null;

  constructor(cells: Cells = new CounterCells()) {
    this.shares = cells;
    this.#cells = cells;
  }

  /** The counter of `key`, made at its first use, with one more reference. */
  refer(key: string): CounterIndex {
    let index = this.#indexByKey.get(key);
    if (index === undefined) {
      index = this.#cells.begin(key);
      this.#keys[index] = key;
      this.#indexByKey.set(key, index);
    }
    this.#cells.refer(index);
    return index;
  }

  /** Gives a reference back; the index is free for another key once nothing refers to, holds or awaits it. */
  unrefer(index: CounterIndex): void {
    this.#cells.unrefer(index);
    this.#freeIfUnused(index);
  }

  /** A counter that every claim includes, such as the node's total. Call before the first `refer`. */
  addUniversal(key: string, limit: Limit): CounterIndex {
    const counter = this.refer(key);
    assert(counter === this.#universal.length, 'universal counters come before all others');
    this.#universal.push({ counter, limit });
    return counter;
  }

  /** The limit of a universal counter in force from now on. */
  setUniversalLimit(counter: CounterIndex, limit: Limit): void {
    for (const universal of this.#universal) if (universal.counter === counter) universal.limit = limit;
    this.#released.add(counter);
  }

  open(index: CounterIndex): number {
    return this.#cells.open(index);
  }

  /** Others take slots of the same counters. */
  get isShared(): boolean {
    return this.#cells.isShared;
  }

  /** Slots of the counter that connections of this shard hold. */
  own(index: CounterIndex): number {
    return this.#cells.own(index);
  }

  /** What a counter in use was made for. */
  keyOf(index: CounterIndex): string {
    const key = this.#keys[index];
    assert(key !== undefined, 'a counter in use has a key');
    return key;
  }

  /** Slots held in the counter of `key`; 0 when there is none. For listings: it looks the key up. */
  openOf(key: string): number {
    const index = this.#indexByKey.get(key);
    return index === undefined ? 0 : this.open(index);
  }

  /** The most slots ever held at once since the counter was made. */
  peak(index: CounterIndex): number {
    return this.#cells.peak(index);
  }

  /**
   * Takes one slot in every counter of the claim, or none.
   * @returns {@link ADMITTED}, or the position in the claim of the first counter without room
   */
  acquire(claim: Claim): number {
    const at = this.#cells.acquire(claim);
    if (at === ADMITTED) this.#woken = null;
    if (at <= 0 || !this.#cells.isShared) return at;
    // What was taken for a moment may have looked full to somebody elsewhere, who then told nobody here of a slot given back.
    for (const counter of claim.counters.slice(0, at)) if (this.isWaitedFor(counter)) this.#noteReleased(counter);
    return at;
  }

  /** Whether whose turn it is would find room in the counter now, and none of it is left to others. */
  hasRoom(counter: CounterIndex, limit: Limit): boolean {
    return this.#cells.hasRoom(counter, limit);
  }

  /**
   * An open connection goes over to the counters of `next`, if these have room once it has left the others.
   * @param returned called, with what is counted still, when its slots are free, before others are taken; where other shards take slots too, it holds both
   * for a moment, since one that is free may be gone: no counter passes its limit by that, and nobody comes between.
   */
  trade(held: Claim, next: Claim, returned: (kept: readonly CounterIndex[]) => void): boolean {
    if (!this.hasRoomInPlaceOf(held, next)) return false;
    if (this.#cells.isShared) {
      if (this.acquire(without(next, held)) !== ADMITTED) return false;
      for (const counter of held.counters) if (!next.counters.includes(counter)) this.give(counter);
      returned(held.counters.filter((counter) => next.counters.includes(counter)));
      return true;
    }
    this.release(held, false);
    returned([]);
    assert(this.acquire(next) === ADMITTED, 'what goes over finds the room that it was found to have');
    return true;
  }

  /** Whether `next` could be acquired once `held` was released. */
  hasRoomInPlaceOf(held: Claim, next: Claim): boolean {
    const { counters, limits } = next;
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]!;
      const limit = limits[at]!;
      const isHeld = held.counters.includes(counter);
      if (isHeld ? this.open(counter) > this.#cells.limitOf(counter, limit) : !this.#cells.hasRoom(counter, limit))
        return false;
    }
    return true;
  }

  /** Gives the slots of a connection back, once. Those who may go on now come out of {@link nextEligible}. */
  release(claim: Claim, isLeaving: boolean): void {
    for (const counter of claim.counters) {
      if (isLeaving) this.#cells.addLeaving(counter, -1);
      this.give(counter);
    }
  }

  /**
   * An open connection counts elsewhere from now on, because the configuration changed. Counters that are new to it take
   * it in whether they have room or not: the receiver sees it already.
   */
  exchange(held: Claim, next: Claim, isLeaving: boolean): void {
    for (const counter of next.counters) {
      if (held.counters.includes(counter)) continue;
      this.#cells.take(counter);
      if (isLeaving) this.#cells.addLeaving(counter, 1);
    }
    for (const counter of held.counters) {
      if (next.counters.includes(counter)) continue;
      if (isLeaving) this.#cells.addLeaving(counter, -1);
      this.give(counter);
    }
  }

  /** Counts one more on a counter outside any claim (an inbound connection's descriptor): no limit applies. */
  take(counter: CounterIndex): void {
    this.#cells.take(counter);
  }

  /** The opposite of {@link take}. */
  give(counter: CounterIndex): void {
    this.#cells.give(counter);
    if (this.isWaitedFor(counter)) this.#noteReleased(counter);
    this.#freeIfUnused(counter);
  }

  /** The connection is closing: it still holds its slots, but whoever counts surplus no longer counts it. */
  startLeaving(claim: Claim): void {
    for (const counter of claim.counters) this.#cells.addLeaving(counter, 1);
  }

  /** Whether a limit was lowered below what is open and not yet on its way out, so that this connection must go. */
  isSurplus(claim: Claim): boolean {
    return this.#cells.isSurplus(claim);
  }

  /**
   * Puts `waiter` in the list of (counter, limit). It may wait for several counters; the first to free wakes it. Where other
   * shards take slots too, one may have been given back since it was found to be full: what was told to them first is what
   * they see when they give back the next, and then the counter is looked at once more.
   * @param tasksSeen of the queue of the counter, if the limit was reckoned from them: with more it is looked at once more, too
   */
  wait(waiter: Waiter, counter: CounterIndex, limit: Limit, tasksSeen = 0): void {
    let lists = this.#waitLists.get(counter);
    if (lists === undefined) {
      lists = [];
      this.#waitLists.set(counter, lists);
      this.#cells.setAwaited(counter, true);
    }
    let list = lists.find((candidate) => candidate.limit === limit);
    if (list === undefined) {
      list = new WaitList(counter, limit, (left, who) => this.#noteLeft(left, who));
      lists.push(list);
    }
    if (waiter.waits.some((wait) => wait.list === list)) return;
    list.tasksSeen = tasksSeen;
    const isWoken = this.#woken !== null && this.#woken.waiter === waiter;
    if (isWoken) waiter.waits.push(list.addAgain(waiter, this.#woken!.ticket));
    else waiter.waits.push(list.add(waiter, this.#cells.ticket()));
    if (!this.#cells.isShared) return;
    this.#cells.publish(counter, standingOf(lists), isWoken);
    if (this.#mayGoOn(list)) this.#noteReleased(counter);
    const { pairCounter } = waiter;
    if (pairCounter === undefined) return;
    this.#cells.tellPart(pairCounter, waiter.hasNoConnection ? null : counter);
    this.#leftParts.delete(pairCounter);
  }

  isWaitedForElsewhere(counter: CounterIndex): boolean {
    return this.#cells.isAwaitedElsewhere(counter);
  }

  /** Whether somebody of this shard waits for the counter. */
  isWaitedFor(counter: CounterIndex): boolean {
    return this.#cells.isAwaited(counter);
  }

  /** Who waits for the counter and holds no connection, the longest wait of each list first. */
  *waitersWithoutConnection(counter: CounterIndex): Generator<Waiter> {
    for (const list of this.#waitLists.get(counter) ?? []) yield* list.withoutConnection();
  }

  /** Ends every wait of `waiter`. */
  stopWaiting(waiter: Waiter): void {
    stopWaiting(waiter);
  }

  /** Moves a waiter that lost its last connection ahead of those that have one. */
  rerank(waiter: Waiter): void {
    if (waiter.pairCounter !== undefined && this.#cells.isShared) this.#cells.tellPart(waiter.pairCounter, null);
    for (const wait of waiter.waits) {
      wait.list.rerank(wait, this.#cells.ticket());
      if (this.#cells.isShared && wait.list.counter !== NO_COUNTER) this.#changed.add(wait.list.counter);
    }
  }

  /**
   * The next waiter that may find room, taken out of all its lists, or null. Whoever does not take the slot simply
   * asks again and waits for what it found full; the next call then names the next that could.
   * While a universal counter is full, one waiter for each release: it will find that counter full and wait there, so that
   * those who hold its slots know of somebody to hand them over to.
   */
  nextEligible(): Waiter | null {
    if (this.#cells.isShared) this.#tellOthers();
    this.#woken = null;
    if (this.#cells.isStopped) return null;
    for (const { counter, limit } of this.#universal) if (this.#isFull(counter, limit)) return this.#nextUnheard();
    for (const counter of this.#released) {
      for (const list of this.#waitLists.get(counter) ?? []) {
        if (this.#mayGoOn(list)) return this.#wakeFirst(list);
      }
      this.#released.delete(counter);
      this.#unheard.delete(counter);
    }
    return null;
  }

  /** A shard that others share the counter with has to hear when it has room again, also when nobody waits for it here. */
  #isFull(counter: CounterIndex, limit: Limit): boolean {
    if (this.open(counter) < this.#cells.limitOf(counter, limit)) return false;
    if (!this.#cells.isShared || this.#released.size === 0) return true;
    this.#cells.listen(counter);
    this.#changed.add(counter); // until the next look only
    return this.open(counter) >= this.#cells.limitOf(counter, limit);
  }

  /** There may be room for who goes first, or the limit that it waits to be below may be another by now. */
  #mayGoOn(list: WaitList): boolean {
    return this.#cells.mayTake(list.counter, list.limit, list.priority) || this.#isOutOfDate(list);
  }

  #isOutOfDate({ counter, tasksSeen }: WaitList): boolean {
    return tasksSeen > 0 && this.#cells.tasks(counter) > tasksSeen;
  }

  /** It stands for all of its shard until the next call, and may take what others leave to it. */
  #wakeFirst(list: WaitList): Waiter {
    const waiter = list.first();
    this.#cells.beginTurn(list.priority);
    if (this.#cells.isShared) this.#woken = { waiter, ticket: list.ticket };
    this.stopWaiting(waiter);
    return waiter;
  }

  #nextUnheard(): Waiter | null {
    for (const counter of this.#unheard) {
      this.#unheard.delete(counter);
      if (counter < this.#universal.length) continue;
      for (const list of this.#waitLists.get(counter) ?? []) {
        const hasRoom = this.open(counter) < this.#cells.limitOf(counter, list.limit);
        if (hasRoom || this.#isOutOfDate(list)) return this.#wakeFirst(list);
      }
    }
    return null;
  }

  /** Nothing is opened here for the time being, or is again. */
  pause(isPaused: boolean): void {
    this.#cells.pause(isPaused);
  }

  /** Whether there are connections here with nothing to do. Who needed their slots before is not told again. */
  setIdle(isIdle: boolean): void {
    this.#cells.setIdle(isIdle);
  }

  /**
   * Once a turn of the loop, where other shards share the counters: hears what has changed. @returns a bit for each counter
   * modulo 32 that somebody elsewhere needs a slot of: idle connections that hold one of those may have to go
   */
  poll(): number {
    const wanted = this.#cells.poll();
    for (const counter of this.#cells.takeReleased()) {
      if (this.isWaitedFor(counter)) this.#noteReleased(counter);
      else this.#freeIfUnused(counter);
    }
    return wanted;
  }

  #noteReleased(counter: CounterIndex): void {
    this.#released.add(counter);
    this.#unheard.add(counter);
  }

  /** Tells the other shards who waits here now, and lets go of counters that nobody here needs. */
  #tellOthers(): void {
    this.#cells.beginTurn(0);
    for (const queue of this.#leftParts) this.#cells.tellPart(queue, null);
    this.#leftParts.clear();
    for (const counter of this.#changed) {
      this.#changed.delete(counter);
      this.#cells.publish(counter, standingOf(this.#waitLists.get(counter) ?? []), false);
      // Who goes first now may go before those who were told.
      if (this.#waitLists.has(counter)) this.#released.add(counter);
      else this.#freeIfUnused(counter);
    }
  }

  /**
   * Whether somebody other than `holder`, in this shard or another, waits for a slot that this claim, if given back, would
   * free (or help to free), and that no connection on its way out is going to free already.
   * @param isBusy the holder has mail for it: parts of the holder in other shards with as many connections do without
   */
  isAwaited(claim: Claim, holder: Waiter, isBusy = false): boolean {
    if (this.#listAwaiting(claim, holder) !== null) return true;
    return this.#cells.isShared && this.#isWantedElsewhere(claim, holder, isBusy);
  }

  #isWantedElsewhere(claim: Claim, holder: Waiter, isBusy: boolean): boolean {
    const busy = isBusy ? (holder.pairCounter ?? null) : null;
    for (const counter of claim.counters) {
      const leaving = this.#cells.leaving(counter);
      const staying = this.open(counter) - leaving;
      let waiting = 0;
      for (const list of this.#waitLists.get(counter) ?? [])
        if (staying - 1 < list.limit) waiting += list.countOtherThan(holder);
      const isUniversal = counter < this.#universal.length;
      if (this.#cells.wants(counter, { staying, leaving, isUniversal, waiting, busy })) return true;
    }
    return false;
  }

  /** The first of those who wait for such a slot, if that is somebody here other than the holder; or null. */
  firstAwaiting(claim: Claim, holder: Waiter): Waiter | null {
    const list = this.#listAwaiting(claim, holder);
    const first = list?.first();
    if (list === null || first === undefined || first === holder) return null;
    return this.#cells.goesFirst(list.counter, list.priority) ? first : null;
  }

  #listAwaiting(claim: Claim, holder: Waiter): WaitList | null {
    for (const counter of claim.counters) {
      if (!this.isWaitedFor(counter)) continue;
      const lists = this.#waitLists.get(counter)!;
      const leaving = this.#cells.leaving(counter);
      const staying = this.open(counter) - leaving;
      const isUniversal = counter < this.#universal.length;
      for (const list of lists) {
        if (isUniversal) {
          // Nobody takes the slot by another limit, so that those who have no connection come to theirs in the end even
          // where more is open than the limit (the reserve).
          const others = staying > list.limit ? list.countWithoutConnection : list.countOtherThan(holder);
          if (others > 0 && staying + others > list.limit) return list;
        } else if (staying - 1 < list.limit && list.countOtherThan(holder) > leaving) return list;
      }
    }
    return null;
  }

  /** All counters in use, for checks and listings. Walks everything: not for hot paths. */
  *counters(): Generator<{ key: string; open: number; peak: number; waiting: number }> {
    for (const [key, index] of this.#indexByKey) {
      const lists = this.#waitLists.get(index) ?? [];
      const waiting = lists.reduce((sum, list) => sum + list.size, 0);
      yield { key, open: this.open(index), peak: this.peak(index), waiting };
    }
  }

  #noteLeft(list: WaitList, { pairCounter }: Waiter): void {
    const { counter } = list;
    if (this.#cells.isShared) this.#changed.add(counter);
    if (this.#cells.isShared && pairCounter !== undefined) this.#leftParts.add(pairCounter);
    if (list.size > 0) return;
    const lists = this.#waitLists.get(counter)!;
    lists.splice(lists.indexOf(list), 1);
    if (lists.length > 0) return;
    this.#waitLists.delete(counter);
    this.#cells.setAwaited(counter, false);
    this.#released.delete(counter);
    this.#unheard.delete(counter);
    if (!this.#cells.isShared) this.#freeIfUnused(counter);
  }

  #freeIfUnused(index: CounterIndex): void {
    if (!this.#cells.isUnused(index)) return;
    this.#indexByKey.delete(this.#keys[index]!);
    this.#keys[index] = undefined;
    this.#released.delete(index);
    this.#unheard.delete(index);
    this.#changed.delete(index);
    if (this.#leftParts.delete(index)) this.#cells.tellPart(index, null);
    this.#cells.end(index);
  }
}
