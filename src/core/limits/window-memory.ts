// Where the windows of throttles lie in the memory that shards share: the table of their keys, which has the lock of all of it
// (key-table.ts), and a row for each window. Only who holds the lock reads or writes rows, so they need no atomic operations,
// and a system that gives a page when it is first touched makes room for many cost nothing.
//
// A shard may end between any two writes. So the state of a window is written into the one of its two places that does not
// count, and then it counts by one write. What is changed in place, the events of one time, is set right by who takes the
// lock over: SharedWindows.
import { assert } from '../base/assert.ts';
import { LedgerMemory } from './ledger-memory.ts';
import { FIRST_CAPACITY, NEVER, type Ring, type WindowState } from './throttle.ts';

/** Words of a row. */
const ROW = 32;
/** Nonzero: the window belongs to the key with the hash that follows. */
export const BEGUN = 0;
export const HASH = 1;
/** Which of the two states counts. */
const SELECTED = 5;
const STATES = 6;
const STATE_WORDS = 9;
const COUNT = 0;
const PERIOD = 1;
const HEAD = 2;
const LIVE = 3;
const TAIL = 4;
const IN_WINDOW = 5;
const UNKNOWN_UNTIL = 6;
/** Where the entries are, in words of the arena; {@link INLINE} for those in the row. */
export const BLOCK = 7;
export const CAPACITY = 8;
export const INLINE = -1;
const ENTRIES = STATES + 2 * STATE_WORDS;
/** So many entries have room in the row itself. */
export const INLINE_CAPACITY = FIRST_CAPACITY;

/** Words of all. */
export const LATEST = 0;
/** The first word of the arena that was never used. */
export const ARENA_NEXT = 1;
/** For each power of two: the first unused block of so many entries plus one, or 0. */
export const FREE_BLOCKS = 2;
const MEMORY_HEAD = 32;

/** Words of a shard for each window. */
export const WAITING = 2;
export const PRIORITY = 0;
export const WAITERS = 1;

export interface WindowsSize {
  readonly shards: number;
  /** How many windows there may be at once. A power of two. */
  readonly windows: number;
  /** Room for entries beyond those in rows. */
  readonly entries: number;
}

/** For other threads. */
export interface WindowBuffers {
  readonly keys: SharedArrayBuffer;
  readonly rows: SharedArrayBuffer;
}

export class WindowMemory {
  readonly buffers: WindowBuffers;
  /** Of its counters only the keys, and of its shards only the state is used. */
  readonly keys: LedgerMemory;
  readonly head: Float64Array;
  readonly arena: Float64Array;
  /** A bit for each shard that wants to hear of the window. */
  readonly listeners: Int32Array;
  readonly #rows: Float64Array;
  readonly #waiting: readonly Int32Array[];

  /** Another thread's view of the same memory. */
  constructor(buffers: WindowBuffers) {
    this.buffers = buffers;
    this.keys = new LedgerMemory(buffers.keys);
    const { shards, counters: windows } = this.keys;
    const { rows } = buffers;
    let next = 0;
    const floats = (length: number): Float64Array => {
      const array = new Float64Array(rows, next, length);
      next += length * 8;
      return array;
    };
    const words = (length: number): Int32Array => {
      const array = new Int32Array(rows, next, length);
      next += length * 4;
      return array;
    };
    this.head = floats(MEMORY_HEAD);
    this.#rows = floats(windows * ROW);
    this.listeners = words(windows);
    this.#waiting = Array.from({ length: shards }, () => words(windows * WAITING));
    this.arena = new Float64Array(rows, next);
  }

  /** @param seed four words nobody outside can know */
  static make({ shards, windows, entries }: WindowsSize, seed: readonly number[]): WindowMemory {
    assert(windows % 2 === 0, 'what follows words begins at a multiple of eight octets');
    const keys = LedgerMemory.make({ shards, counters: windows }, seed).buffer;
    const octets = 8 * (MEMORY_HEAD + windows * ROW + 2 * entries) + 4 * windows * (1 + WAITING * shards);
    const memory = new WindowMemory({ keys, rows: new SharedArrayBuffer(octets) });
    memory.head[LATEST] = NEVER;
    return memory;
  }

  row(place: number): Float64Array {
    return this.#rows.subarray(place * ROW, (place + 1) * ROW);
  }

  /** {@link WAITING} words for each window. */
  waiting(shard: number): Int32Array {
    return this.#waiting[shard]!;
  }
}

/** The state of a row that counts, or the other one. */
export function stateOf(row: Float64Array, which: 'inForce' | 'next'): Float64Array {
  const selected = which === 'inForce' ? row[SELECTED]! : 1 - row[SELECTED]!;
  return row.subarray(STATES + selected * STATE_WORDS, STATES + (selected + 1) * STATE_WORDS);
}

/** Where the entries of a state are; both parts of it. */
export function entriesOf(memory: WindowMemory, row: Float64Array, block: number, capacity: number): Ring {
  const [from, words] = block === INLINE ? [ENTRIES, row] : [block, memory.arena];
  return {
    times: words.subarray(from, from + capacity),
    counts: words.subarray(from + capacity, from + 2 * capacity),
  };
}

export function readState(words: Float64Array, state: WindowState): void {
  state.count = words[COUNT]!;
  state.periodMs = words[PERIOD]!;
  state.head = words[HEAD]!;
  state.live = words[LIVE]!;
  state.tail = words[TAIL]!;
  state.inWindow = words[IN_WINDOW]!;
  state.unknownUntil = words[UNKNOWN_UNTIL]!;
}

/** It counts from the last write on. */
export function writeState(row: Float64Array, state: WindowState, block: number, capacity: number): void {
  const words = stateOf(row, 'next');
  words[COUNT] = state.count;
  words[PERIOD] = state.periodMs;
  words[HEAD] = state.head;
  words[LIVE] = state.live;
  words[TAIL] = state.tail;
  words[IN_WINDOW] = state.inWindow;
  words[UNKNOWN_UNTIL] = state.unknownUntil;
  words[BLOCK] = block;
  words[CAPACITY] = capacity;
  row[SELECTED] = 1 - row[SELECTED]!;
}
