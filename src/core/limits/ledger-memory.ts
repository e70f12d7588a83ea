// Where everything lies in the memory that shards share. One SharedArrayBuffer of its final size: the system gives a page of
// it when it is first touched, so room for a million counters costs nothing before there are as many, and nothing is ever
// copied, or handed to threads anew, because it grew. Everything is words of 32 bits; all access to words that others write
// is by Atomics.
import { assert } from '../base/assert.ts';

/** Words of a counter that every taking looks at; a quarter of a line of the processor's cache. */
export const HOT = 4;
export const OPEN = 0;
/** A bit for each shard that is to hear of slots given back. */
export const AWAITED = 1;
/** The limit in force for everybody, whatever they claim; NO_LIMIT for none. */
export const CEILING = 2;
export const PEAK = 3;

/** Other words of a counter: the hash of its key, then these. */
export const COLD = 8;
export const LEAVING = 4;
/** A bit for each user of the counter. */
export const USERS = 5;
/** While it is not in use: the next such index plus one, or 0. */
export const NEXT_FREE = 6;

/** What a shard holds of a counter, LEAVING included. Written by that shard alone. */
export const OWN = 3;
export const OWN_OPEN = 0;
export const OWN_LEAVING = 1;
/** Of the counter of a queue: the tasks of its part in this shard, those on a connection included. */
export const OWN_TASKS = 2;

/** What a shard says of those who wait for a counter in it. Written by that shard alone. */
export const STANDING = 6;
export const PRIORITY = 0;
/** Of who goes first, and the highest of all. */
export const WAIT_LIMIT = 1;
export const WAIT_LIMIT_MAX = 2;
/** How many wait, and in the upper half how many of them without a connection; what is more than fits is left out. */
export const COUNTS = 3;
export const COUNT_MAX = 2 ** 15 - 1;
/** Of the counter of a queue: where the part in this shard waits although it has connections, plus one; or 0. */
export const WAITS_AT = 4;
/** Nonzero: the wait is for the share of connections that so many tasks of all shards ask for, and not for a limit. */
export const TASKS_SEEN = 5;

/** Words of a shard. */
export const STATE = 0;
/** The last epoch that it has seen in its loop. */
export const ACKNOWLEDGED = 1;
/** Nonzero: something is to be looked at. Waits of the shard's thread are on this word. */
export const BELL = 2;
/** A bit for each counter modulo 32 that others began to wait for while this shard held slots of it. */
export const WANTED = 3;
/** Nonzero: the shard has connections with nothing to do, and wants to hear of WANTED. */
export const IDLE = 4;
/** Nonzero: something was told of tokens of throttles that the shard wanted to hear of. */
export const TOKENS = 5;
/** A bit for each word of the next row that is not 0, by 32 words; then the bits of counters with releases. */
export const SUMMARY = 16;
export const RELEASED = SUMMARY + 32;
export const RELEASED_BITS = 32 * 32 * 32;
const SHARD = RELEASED + 32 * 32 + 16;

/** States of a shard: it is not there (or ended), may take slots, or is there but takes none at the moment. */
export const ABSENT = 0;
export const TAKING = 1;
export const PAUSED = 2;

/** Words of all. */
const SHARDS = 0;
const COUNTERS = 1;
export const EPOCH = 2;
/** Nonzero: no slot is taken or given back. */
export const STOP = 3;
/** Of the table of keys: 0, or who holds it plus one. */
export const LOCK = 4;
/** Indices that were ever in use. */
export const INDICES = 5;
/** The first unused index below that plus one, or 0. */
export const FIRST_FREE = 6;
export const TICKET = 7;
/** Four words that hashes of keys depend on. */
export const SEED = 8;
/** Of an audit: 0, or who holds the order of slots plus one; the last number of it; the last that was told of. */
export const AUDIT_LOCK = 12;
export const AUDIT_NUMBER = 13;
export const AUDIT_TOLD = 14;
/** Nonzero: while an audit is on nobody opens anything, since a configuration is in force in some shards only. */
export const AUDIT_GATE = 15;
const HEAD = 32;

/** Users beside the shards need a bit, too, and a bit mask has 31 that are no sign. */
export const SHARDS_MAX = 28;

export interface LedgerSize {
  readonly shards: number;
  /** How many counters there may be at once. A power of two. */
  readonly counters: number;
}

export class LedgerMemory {
  readonly buffer: SharedArrayBuffer;
  readonly shards: number;
  readonly counters: number;
  readonly head: Int32Array;
  /** {@link HOT} words for each counter. */
  readonly hot: Int32Array;
  /** {@link COLD} words for each counter. */
  readonly cold: Int32Array;
  /** The table of keys: an index plus one, or 0. Twice as many as counters, so that chains stay short. */
  readonly slots: Int32Array;
  readonly #shards: readonly Int32Array[];
  readonly #own: readonly Int32Array[];
  readonly #standings: readonly Int32Array[];

  /** Another thread's view of the same memory. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.head = new Int32Array(buffer, 0, HEAD);
    this.shards = this.head[SHARDS]!;
    this.counters = this.head[COUNTERS]!;
    let next = HEAD * 4;
    const words = (length: number): Int32Array => {
      const array = new Int32Array(buffer, next, length);
      next += length * 4;
      return array;
    };
    const rows = (count: number, length: number) => Array.from({ length: count }, () => words(length));
    this.#shards = rows(this.shards, SHARD);
    this.hot = words(this.counters * HOT);
    this.cold = words(this.counters * COLD);
    this.slots = words(this.counters * 2);
    this.#own = rows(this.shards + 1, this.counters * OWN);
    this.#standings = rows(this.shards, this.counters * STANDING);
  }

  /** @param seed four words nobody outside can know */
  static make({ shards, counters }: LedgerSize, seed: readonly number[]): LedgerMemory {
    assert(shards >= 1 && shards <= SHARDS_MAX, 'each shard has a bit in a mask');
    assert(counters >= 16 && (counters & (counters - 1)) === 0, 'room for counters is a power of two');
    const words = HEAD + shards * SHARD + counters * (HOT + COLD + 2 + OWN * (shards + 1) + STANDING * shards);
    const buffer = new SharedArrayBuffer(words * 4);
    new Int32Array(buffer, 0, HEAD).set([shards, counters]);
    new Int32Array(buffer, 0, HEAD).set(seed, SEED);
    return new LedgerMemory(buffer);
  }

  /** The words of a shard. */
  shard(shard: number): Int32Array {
    return this.#shards[shard]!;
  }

  /** What a shard holds, {@link OWN} words for each counter; behind the last one what ended shards held, see {@link held}. */
  own(shard: number): Int32Array {
    return this.#own[shard]!;
  }

  /** Slots of connections of ended shards that a receiver may count still. Written by the control thread alone. */
  get held(): Int32Array {
    return this.#own[this.shards]!;
  }

  /** {@link STANDING} words for each counter. */
  standings(shard: number): Int32Array {
    return this.#standings[shard]!;
  }

  /** The users of counters that are no shards: the control thread for itself, and for ended shards. */
  get controlUser(): number {
    return this.shards;
  }
  get heldUser(): number {
    return this.shards + 1;
  }
}
