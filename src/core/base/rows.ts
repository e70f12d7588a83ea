// Numbers for things of which there may be millions, and the columns of typed arrays that hold them: outside of the heap, so
// that a million of them is no object to the garbage collector. Rows come in chunks; a chunk without any is given up.

/** A power of two. */
const CHUNK_BITS = 12;
/** Rows of a chunk: the length of its columns. */
export const CHUNK_ROWS = 1 << CHUNK_BITS;
const NONE = 0xffff;

/** Where a row stands in the columns of its chunk. */
export function placeInChunk(row: number): number {
  return row & (CHUNK_ROWS - 1);
}

interface Chunk<C> {
  readonly number: number;
  readonly columns: C;
  /** Of each row that was given back, the one given back before it. */
  readonly next: Uint16Array;
  /** The place given back last. */
  free: number;
  /** Places from here on were never taken: their pages need not exist. */
  fresh: number;
  used: number;
}

export class Rows<C> {
  readonly #make: () => C;
  readonly #chunks: (Chunk<C> | null)[] = [];
  /** Chunks with room; rows are taken from the last of them. */
  readonly #open: Chunk<C>[] = [];
  /** Numbers of chunks that were given up. */
  readonly #vacant: number[] = [];
  #size = 0;

  /** @param make columns of {@link CHUNK_ROWS} each */
  constructor(make: () => C) {
    this.#make = make;
  }

  /** Rows in use. */
  get size(): number {
    return this.#size;
  }

  /** Chunks that take memory, for tests. */
  get chunks(): number {
    return this.#chunks.length - this.#vacant.length;
  }

  /** A row that nobody has. Its columns hold what they held last. */
  take(): number {
    const chunk = this.#open.at(-1) ?? this.#add();
    let place = chunk.free;
    if (place === NONE) place = chunk.fresh++;
    else chunk.free = chunk.next[place]!;
    chunk.used += 1;
    this.#size += 1;
    if (chunk.used === CHUNK_ROWS) this.#open.pop();
    return (chunk.number << CHUNK_BITS) + place;
  }

  give(row: number): void {
    const chunk = this.#chunks[row >>> CHUNK_BITS]!;
    const place = row & (CHUNK_ROWS - 1);
    if (chunk.used === CHUNK_ROWS) this.#open.push(chunk);
    chunk.next[place] = chunk.free;
    chunk.free = place;
    chunk.used -= 1;
    this.#size -= 1;
    if (chunk.used === 0 && this.#open.length > 1) this.#drop(chunk);
  }

  /** Whether the row has columns; it may be one that nobody has. */
  has(row: number): boolean {
    const chunk = this.#chunks[row >>> CHUNK_BITS];
    return chunk !== undefined && chunk !== null;
  }

  /** The columns in which a row stands at {@link placeInChunk}. */
  columnsOf(row: number): C {
    return this.#chunks[row >>> CHUNK_BITS]!.columns;
  }

  #add(): Chunk<C> {
    const number = this.#vacant.pop() ?? this.#chunks.length;
    const next = new Uint16Array(CHUNK_ROWS);
    const chunk = { number, columns: this.#make(), next, free: NONE, fresh: 0, used: 0 };
    this.#chunks[number] = chunk;
    this.#open.push(chunk);
    return chunk;
  }

  #drop(chunk: Chunk<C>): void {
    this.#open.splice(this.#open.indexOf(chunk), 1);
    this.#chunks[chunk.number] = null;
    this.#vacant.push(chunk.number);
  }
}
