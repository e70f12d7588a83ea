// The records that a recovery finds, by their sequence: a hash table of rows, since objects for some millions of them would
// be more than what they are about. It goes when the start is done.
import { assert } from '../../core/base/assert.ts';
import { NONE, type RecordTable } from './record-table.ts';
import type { StoredRecord } from './stored-record.ts';

const FIRST_CAPACITY = 1024;

export class RecordsBySequence {
  readonly #table: RecordTable;
  #rows = new Uint32Array(FIRST_CAPACITY).fill(NONE);
  #sequences = new Float64Array(FIRST_CAPACITY);
  /** Under which number each was written. */
  #numbers = new Float64Array(FIRST_CAPACITY);
  #size = 0;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#size;
  }

  find(sequence: number): StoredRecord | null {
    const row = this.#rows[this.#placeOf(sequence)]!;
    return row === NONE ? null : this.#table.at(row);
  }

  /** In place of another of its sequence, if there is one. @param number under which it was written, where that is known */
  set(record: StoredRecord, number = 0): void {
    let place = this.#placeOf(record.sequence);
    if (this.#rows[place] === NONE) {
      if ((this.#size + 1) * 4 > this.#rows.length * 3) {
        this.#grow();
        place = this.#placeOf(record.sequence);
      }
      this.#size += 1;
    }
    this.#rows[place] = record.row;
    this.#sequences[place] = record.sequence;
    this.#numbers[place] = number;
  }

  numberOf({ sequence }: StoredRecord): number {
    return this.#numbers[this.#placeOf(sequence)]!;
  }

  /** Those that are there, in no particular order; `keep` says which of them stay. */
  keepOnly(keep: (record: StoredRecord) => boolean): void {
    const [rows, sequences] = [this.#rows, this.#sequences];
    this.#rows = new Uint32Array(rows.length).fill(NONE);
    this.#sequences = new Float64Array(rows.length);
    this.#size = 0;
    for (let place = 0; place < rows.length; place++) {
      if (rows[place] === NONE) continue;
      const record = this.#table.at(rows[place]!);
      assert(record.sequence === sequences[place], 'a row is the record it was');
      if (keep(record)) this.set(record);
    }
  }

  /** The records in order of sequence; each is made when it is asked for. */
  *inOrder(): Generator<StoredRecord> {
    const sequences = new Float64Array(this.#size);
    let count = 0;
    for (let place = 0; place < this.#rows.length; place++) {
      if (this.#rows[place] !== NONE) sequences[count++] = this.#sequences[place]!;
    }
    for (const sequence of sequences.sort()) yield this.find(sequence)!;
  }

  #placeOf(sequence: number): number {
    const mask = this.#rows.length - 1;
    let place = Math.imul((sequence ^ (sequence / 2 ** 32)) >>> 0, 0x9e37_79b1) >>> 0;
    place = (place ^ (place >>> 15)) & mask;
    while (this.#rows[place] !== NONE && this.#sequences[place] !== sequence) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [rows, sequences, numbers] = [this.#rows, this.#sequences, this.#numbers];
    this.#rows = new Uint32Array(rows.length * 2).fill(NONE);
    this.#sequences = new Float64Array(rows.length * 2);
    this.#numbers = new Float64Array(rows.length * 2);
    for (let from = 0; from < rows.length; from++) {
      if (rows[from] === NONE) continue;
      const place = this.#placeOf(sequences[from]!);
      this.#rows[place] = rows[from]!;
      this.#sequences[place] = sequences[from]!;
      this.#numbers[place] = numbers[from]!;
    }
  }
}
