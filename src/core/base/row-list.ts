// A list of row numbers. A short one is an array, as most are and a typed array costs some two hundred octets by itself; a
// long one is typed, four octets a row.

const ARRAY_MAX = 32;

export class RowList {
  #rows: number[] | Uint32Array = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  at(place: number): number {
    return this.#rows[place]!;
  }

  set(place: number, row: number): void {
    this.#rows[place] = row;
  }

  push(row: number): void {
    if (this.#rows.length === 0) {
      this.#rows = [row]; // of many a list it is the only one, and an array that grows from nothing takes room for 17
      this.#size = 1;
      return;
    }
    const isFull = this.#size === this.#rows.length;
    if (isFull && (this.#size >= ARRAY_MAX || !Array.isArray(this.#rows))) this.#moveTo(this.#size * 2);
    this.#rows[this.#size++] = row;
  }

  /** Takes the last one off. There is one. */
  pop(): number {
    const row = this.#rows[--this.#size]!;
    if (Array.isArray(this.#rows)) this.#rows.length = this.#size;
    else if (this.#size === 0) this.#rows = [];
    else if (this.#size * 4 < this.#rows.length) this.#moveTo(this.#size * 2);
    return row;
  }

  #moveTo(capacity: number): void {
    const rows = new Uint32Array(capacity);
    rows.set(Array.isArray(this.#rows) ? this.#rows : this.#rows.subarray(0, this.#size));
    this.#rows = rows;
  }
}
