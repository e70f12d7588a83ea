// How many connections are open, by everything that limits them. A connection takes one slot in each of its counters,
// all at once or not at all, before it connects, and gives them back when the receiver cannot count it any more. Who
// finds a counter full waits here, in the list of that (counter, limit), and is woken in fair order when there is room.
// Knows counters and numbers; which counter stands for what is decided in delivery/claims.ts.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import { CounterCells } from './counter-cells.ts';
import { stopWaiting, type Waiter, WaitList } from './wait-list.ts';

/** A place in the ledger's arrays. Resolve a key once and keep the index: looking it up costs 17 times an acquire. */
export type CounterIndex = number;

/** Answer of {@link Ledger.acquire}: every counter had room and now counts one more. */
export const ADMITTED = -1;

/** What one connection needs: counters in ascending order, each with the value its limit has for this connection. */
export interface Claim {
  readonly counters: readonly CounterIndex[];
  /** A slot is taken below these only. */
  readonly limits: readonly Limit[];
  /** How much may be open while the slots are held; above a limit where others may take more than this connection. */
  readonly bounds: readonly Limit[];
}

/** A counter with the limit of a connection, and the bound where it is another. */
export type ClaimPart = readonly [counter: CounterIndex, limit: Limit, bound?: Limit];

/** Builds a claim from parts in any order, one for each counter. */
export function makeClaim(parts: readonly ClaimPart[]): Claim {
  const sorted = [...parts].sort((a, b) => a[0] - b[0]);
  const limits = sorted.map((part) => part[1]);
  const bounds = sorted.map((part) => part[2] ?? part[1]);
  return { counters: sorted.map((part) => part[0]), limits, bounds };
}

export class Ledger {
  readonly #cells = new CounterCells();
  readonly #keys: (string | undefined)[] = [];
  readonly #indexByKey = new Map<string, CounterIndex>();
  readonly #freeIndices: CounterIndex[] = [];
  readonly #waitLists = new Map<CounterIndex, WaitList[]>();
  /** Counters with waiters that had a release since their waiters were last looked at. */
  readonly #released = new Set<CounterIndex>();
  /** Those of them none of whose waiters was woken for it while a universal counter was full. */
  readonly #unheard = new Set<CounterIndex>();
  /** The first counters, which every claim holds: while one of these is full hardly anybody is woken. */
  readonly #universal: { readonly counter: CounterIndex; limit: Limit }[] = [];

  /** The counter of `key`, made at its first use, with one more reference. */
  refer(key: string): CounterIndex {
    let index = this.#indexByKey.get(key);
    if (index === undefined) {
      index = this.#freeIndices.pop() ?? this.#keys.length;
      this.#cells.begin(index);
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
    const { counters, limits } = claim;
    for (let at = 0; at < counters.length; at++) if (this.open(counters[at]!) >= limits[at]!) return at;
    for (const counter of counters) this.#cells.take(counter);
    return ADMITTED;
  }

  /** Whether `next` could be acquired once `held` was released. */
  hasRoomInPlaceOf(held: Claim, next: Claim): boolean {
    const { counters, limits } = next;
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]!;
      const others = this.open(counter) - (held.counters.includes(counter) ? 1 : 0);
      if (others >= limits[at]!) return false;
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
    if (this.isWaitedFor(counter)) {
      this.#released.add(counter);
      this.#unheard.add(counter);
    }
    this.#freeIfUnused(counter);
  }

  /** The connection is closing: it still holds its slots, but whoever counts surplus no longer counts it. */
  startLeaving(claim: Claim): void {
    for (const counter of claim.counters) this.#cells.addLeaving(counter, 1);
  }

  /** Whether a limit was lowered below what is open and not yet on its way out, so that this connection must go. */
  isSurplus(claim: Claim): boolean {
    const { counters, bounds } = claim;
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]!;
      const bound = bounds[at]!;
      const open = this.open(counter);
      if (open > bound && open - this.#cells.leaving(counter) > bound) return true;
    }
    return false;
  }

  /** Puts `waiter` in the list of (counter, limit). It may wait for several counters; the first to free wakes it. */
  wait(waiter: Waiter, counter: CounterIndex, limit: Limit): void {
    let lists = this.#waitLists.get(counter);
    if (lists === undefined) {
      lists = [];
      this.#waitLists.set(counter, lists);
      this.#cells.setAwaited(counter, true);
    }
    let list = lists.find((candidate) => candidate.limit === limit);
    if (list === undefined) {
      list = new WaitList(counter, limit, (emptied) => this.#drop(emptied));
      lists.push(list);
    }
    if (!waiter.waits.some((wait) => wait.list === list)) waiter.waits.push(list.add(waiter));
  }

  /** Whether somebody waits for the counter. */
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
    for (const wait of waiter.waits) wait.list.rerank(wait);
  }

  /**
   * The next waiter that may find room, taken out of all its lists, or null. Whoever does not take the slot simply
   * asks again and waits for what it found full; the next call then names the next that could.
   * While a universal counter is full, one waiter for each release: it will find that counter full and wait there, so that
   * those who hold its slots know of somebody to hand them over to.
   */
  nextEligible(): Waiter | null {
    for (const { counter, limit } of this.#universal) if (this.open(counter) >= limit) return this.#nextUnheard();
    for (const counter of this.#released) {
      const lists = this.#waitLists.get(counter);
      if (lists !== undefined) {
        for (const list of lists) {
          if (this.open(counter) >= list.limit) continue;
          const waiter = list.first();
          this.stopWaiting(waiter);
          return waiter;
        }
      }
      this.#released.delete(counter);
      this.#unheard.delete(counter);
    }
    return null;
  }

  #nextUnheard(): Waiter | null {
    for (const counter of this.#unheard) {
      this.#unheard.delete(counter);
      const list = this.#waitLists.get(counter)?.find(({ limit }) => this.open(counter) < limit);
      if (list === undefined || this.#universal.some((universal) => universal.counter === counter)) continue;
      const waiter = list.first();
      this.stopWaiting(waiter);
      return waiter;
    }
    return null;
  }

  /**
   * Whether somebody other than `holder` waits for a slot that this claim, if given back, would free (or help to free),
   * and that no connection on its way out is going to free already.
   */
  isAwaited(claim: Claim, holder: Waiter): boolean {
    return this.#listAwaiting(claim, holder) !== null;
  }

  /** The first of those who wait for such a slot, or null: also when that is the holder itself. */
  firstAwaiting(claim: Claim, holder: Waiter): Waiter | null {
    const first = this.#listAwaiting(claim, holder)?.first();
    return first === undefined || first === holder ? null : first;
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

  #drop(list: WaitList): void {
    const lists = this.#waitLists.get(list.counter)!;
    lists.splice(lists.indexOf(list), 1);
    if (lists.length === 0) {
      this.#waitLists.delete(list.counter);
      this.#cells.setAwaited(list.counter, false);
      this.#released.delete(list.counter);
      this.#unheard.delete(list.counter);
      this.#freeIfUnused(list.counter);
    }
  }

  #freeIfUnused(index: CounterIndex): void {
    if (!this.#cells.isUnused(index)) return;
    this.#indexByKey.delete(this.#keys[index]!);
    this.#keys[index] = undefined;
    this.#released.delete(index);
    this.#unheard.delete(index);
    this.#freeIndices.push(index);
  }
}
