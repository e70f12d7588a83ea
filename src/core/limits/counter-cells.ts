// The numbers of all counters, in two arrays. What every acquire and release touches is eight octets wide, so that a million
// counters are eight megabytes: what a connection costs with very many counters is the memory it has to wait for, and with
// sixteen octets it was four times as much (bench/ledger.ts).
import { assert } from '../base/assert.ts';

const FIRST_CAPACITY = 1024;
const CELLS = 2;

/** Hot cells. OPEN is a number alone, for compare-and-swap; the other holds the peak above two flags. */
const OPEN = 0;
const PEAK = 1;
const IS_AWAITED = 1;
const IS_REFERRED = 2;
const FLAG_BITS = 2;
const FLAGS = IS_AWAITED | IS_REFERRED;

/** Cold cells: slots whose connection is on its way out (they are in OPEN too), and references. */
const LEAVING = 0;
const REFERENCES = 1;

export class CounterCells {
  #hot = new Int32Array(FIRST_CAPACITY * CELLS);
  #cold = new Int32Array(FIRST_CAPACITY * CELLS);

  /** Makes room for `index` and begins its numbers anew. */
  begin(index: number): void {
    while (index * CELLS >= this.#hot.length) {
      this.#hot = twiceAsLong(this.#hot);
      this.#cold = twiceAsLong(this.#cold);
    }
    this.#hot[index * CELLS + PEAK] = 0;
  }

  open(index: number): number {
    return this.#hot[index * CELLS + OPEN]!;
  }

  /** The most slots held at once since {@link begin}. */
  peak(index: number): number {
    return this.#hot[index * CELLS + PEAK]! >> FLAG_BITS;
  }

  leaving(index: number): number {
    return this.#cold[index * CELLS + LEAVING]!;
  }

  isAwaited(index: number): boolean {
    return (this.#hot[index * CELLS + PEAK]! & IS_AWAITED) !== 0;
  }

  /** Nobody holds, awaits or refers to the counter. */
  isUnused(index: number): boolean {
    const first = index * CELLS;
    return this.#hot[first + OPEN] === 0 && (this.#hot[first + PEAK]! & FLAGS) === 0;
  }

  /** One more is open. */
  take(index: number): void {
    const first = index * CELLS;
    const open = this.#hot[first + OPEN]! + 1;
    this.#hot[first + OPEN] = open;
    const peak = this.#hot[first + PEAK]!;
    if (open > peak >> FLAG_BITS) this.#hot[first + PEAK] = (open << FLAG_BITS) | (peak & FLAGS);
  }

  /** One less is open. */
  give(index: number): void {
    const open = this.#hot[index * CELLS + OPEN]! - 1;
    assert(open >= 0, 'no counter falls below zero');
    this.#hot[index * CELLS + OPEN] = open;
  }

  /** So many more, or less, of what is open are on their way out. */
  addLeaving(index: number, change: 1 | -1): void {
    this.#cold[index * CELLS + LEAVING]! += change;
  }

  refer(index: number): void {
    this.#cold[index * CELLS + REFERENCES]! += 1;
    this.#hot[index * CELLS + PEAK]! |= IS_REFERRED;
  }

  unrefer(index: number): void {
    const references = this.#cold[index * CELLS + REFERENCES]! - 1;
    assert(references >= 0, 'a counter is unreferred as often as it was referred');
    this.#cold[index * CELLS + REFERENCES] = references;
    if (references === 0) this.#hot[index * CELLS + PEAK]! &= ~IS_REFERRED;
  }

  setAwaited(index: number, isAwaited: boolean): void {
    if (isAwaited) this.#hot[index * CELLS + PEAK]! |= IS_AWAITED;
    else this.#hot[index * CELLS + PEAK]! &= ~IS_AWAITED;
  }
}

function twiceAsLong(cells: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(cells.length * 2);
  longer.set(cells);
  return longer;
}
