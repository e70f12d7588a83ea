// Those who wait for room in one counter below one limit. Two stanzas may read the same counter against different
// limits, hence a list per (counter, limit). Who has no connection at all goes first, then the longest wait.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import type { CounterIndex, Priority } from './cells.ts';
import { priorityOf } from './wait-priority.ts';

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

/** The counter of a list that is not about connections. */
export const NO_COUNTER = -1;

export class WaitList {
  readonly counter: number;
  readonly limit: Limit;
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
    this.#append(wait);
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
    this.#append(wait);
    this.#reranked();
  }

  /** Who goes next. The list is not empty: empty lists are dropped by the ledger. */
  first(): Waiter {
    return this.#firstWait().waiter;
  }

  /** Of that one. */
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

  #append(wait: Wait): void {
    const { rank } = wait;
    wait.before = rank.tail;
    wait.after = null;
    if (rank.tail === null) rank.head = wait;
    else rank.tail.after = wait;
    rank.tail = wait;
    rank.size += 1;
  }
}

/** Ends every wait of `waiter`, whatever it waits for. */
export function stopWaiting(waiter: Waiter): void {
  for (const wait of waiter.waits) wait.list.remove(wait);
  waiter.waits.length = 0;
}
