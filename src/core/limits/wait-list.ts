// Those who wait for room in one counter below one limit. Two stanzas may read the same counter against different
// limits, hence a list per (counter, limit). Who has no connection at all goes first, then the longest wait.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import type { CounterIndex, Priority } from './cells.ts';
import { goesBefore, priorityOf } from './wait-priority.ts';

/** Somebody who may wait for slots. Owned by its maker; the ledger only puts it into lists. */
export interface Waiter {
  /** Its places in lists now, each in exactly one. Changed by the ledger only. */
  readonly waits: Wait[];
  /** Whether it holds no connection: such waiters go first. */
  readonly hasNoConnection: boolean;
  /** The counter of all its connections, in any shard; left out for who is in one shard only. */
  readonly pairCounter?: CounterIndex;
}

/** One place in one list. */
export interface Wait {
  readonly waiter: Waiter;
  readonly list: WaitList;
  rank: Rank;
  /** When it began, in order of all waits. */
  ticket: number;
  before: Wait | null;
  after: Wait | null;
}

/** A doubly linked row of waits of equal right. */
interface Rank {
  head: Wait | null;
  tail: Wait | null;
  size: number;
}

const emptyRank = (): Rank => ({ head: null, tail: null, size: 0 });

/** One that waits again finds its place among so many; further back it comes last, which keeps this cheap in long lists. */
const PLACES_MAX = 100;

/** The counter of a list that is not about connections. */
export const NO_COUNTER = -1;

export class WaitList {
  readonly counter: number;
  readonly limit: Limit;
  /** How many tasks of a queue the limit was reckoned from; 0 for a limit that does not depend on them. */
  tasksSeen = 0;
  readonly #withoutConnection = emptyRank();
  readonly #withConnection = emptyRank();

  readonly #left: (list: WaitList, waiter: Waiter) => void;
  readonly #reranked: () => void;

  /** @param left called when a waiter has left @param reranked called when one may go before others now */
  constructor(
    counter: number,
    limit: Limit,
    left: (list: WaitList, waiter: Waiter) => void = () => {},
    reranked = () => {},
  ) {
    this.counter = counter;
    this.limit = limit;
    this.#left = left;
    this.#reranked = reranked;
  }

  get size(): number {
    return this.#withoutConnection.size + this.#withConnection.size;
  }

  /** Waiters that hold no connection at all. */
  get countWithoutConnection(): number {
    return this.#withoutConnection.size;
  }

  /** Those, the longest wait first. The list may change only after the walk. */
  *withoutConnection(): Generator<Waiter> {
    for (let wait = this.#withoutConnection.head; wait !== null; wait = wait.after) yield wait.waiter;
  }

  /** The others, in the same way. */
  *withConnection(): Generator<Waiter> {
    for (let wait = this.#withConnection.head; wait !== null; wait = wait.after) yield wait.waiter;
  }

  /** Adds `waiter` behind all others of its rank. */
  add(waiter: Waiter, ticket = 0): Wait {
    const wait: Wait = { waiter, list: this, rank: this.#rankOf(waiter), ticket, before: null, after: null };
    this.#insert(wait, null);
    return wait;
  }

  /** Adds `waiter` before those of its rank who began to wait after it. */
  addAgain(waiter: Waiter, ticket: number): Wait {
    const wait: Wait = { waiter, list: this, rank: this.#rankOf(waiter), ticket, before: null, after: null };
    const priority = priorityOf(ticket, true);
    let after = wait.rank.head;
    for (let left = PLACES_MAX; after !== null && !goesBefore(priority, priorityOf(after.ticket, true)); left--) {
      after = left === 0 ? null : after.after;
    }
    this.#insert(wait, after);
    return wait;
  }

  remove(wait: Wait): void {
    this.#unlink(wait);
    this.#left(this, wait.waiter);
  }

  #unlink(wait: Wait): void {
    const { rank, before, after } = wait;
    if (before === null) rank.head = after;
    else before.after = after;
    if (after === null) rank.tail = before;
    else after.before = before;
    rank.size -= 1;
  }

  /** Puts the wait where its waiter belongs now that it gained or lost connections. */
  rerank(wait: Wait, ticket = 0): void {
    if (wait.rank === this.#rankOf(wait.waiter)) return;
    this.#unlink(wait);
    wait.ticket = ticket;
    wait.rank = this.#rankOf(wait.waiter);
    this.#insert(wait, null);
    this.#reranked();
  }

  /** Who goes next. The list is not empty: empty lists are dropped by the ledger. */
  first(): Waiter {
    return this.#firstWait().waiter;
  }

  get ticket(): number {
    return this.#firstWait().ticket;
  }

  /** Of that one, as its ticket. */
  get priority(): Priority {
    const wait = this.#firstWait();
    return priorityOf(wait.ticket, wait.rank === this.#withoutConnection);
  }

  #firstWait(): Wait {
    const wait = this.#withoutConnection.head ?? this.#withConnection.head;
    assert(wait !== null, 'a wait list that is kept has a waiter');
    return wait;
  }

  /** Waiters that are not `holder`. */
  countOtherThan(holder: Waiter): number {
    return this.size - (holder.waits.some((wait) => wait.list === this) ? 1 : 0);
  }

  #rankOf(waiter: Waiter): Rank {
    return waiter.hasNoConnection ? this.#withoutConnection : this.#withConnection;
  }

  /** @param after null at the end of its rank */
  #insert(wait: Wait, after: Wait | null): void {
    const { rank } = wait;
    const before = after === null ? rank.tail : after.before;
    wait.before = before;
    wait.after = after;
    if (before === null) rank.head = wait;
    else before.after = wait;
    if (after === null) rank.tail = wait;
    else after.before = wait;
    rank.size += 1;
  }
}

/** Ends every wait of `waiter`, whatever it waits for. */
export function stopWaiting(waiter: Waiter): void {
  for (const wait of waiter.waits) wait.list.remove(wait);
  waiter.waits.length = 0;
}
