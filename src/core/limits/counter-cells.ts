// The numbers of all counters of a process with one shard, in two arrays. What every acquire and release touches is eight
// octets wide, so that a million counters are eight megabytes: what a connection costs with very many counters is the memory
// it has to wait for, and with sixteen octets it was four times as much (bench/ledger.ts). Nobody else is there to share with,
// to wait elsewhere, or to stop for: what shared-cells.ts has for that is nothing here.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import { ADMITTED, type Cells, type Claim, type CounterIndex } from './cells.ts';

const FIRST_CAPACITY = 1024;
const NONE: readonly CounterIndex[] = [];
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

export class CounterCells implements Cells {
  readonly isShared = false;
  readonly isStopped = false;
  readonly #freeIndices: CounterIndex[] = [];
  #indices = 0;
  #hot = new Int32Array(FIRST_CAPACITY * CELLS);
  #cold = new Int32Array(FIRST_CAPACITY * CELLS);

  begin(): CounterIndex {
    const index = this.#freeIndices.pop() ?? this.#indices++;
    while (index * CELLS >= this.#hot.length) {
      this.#hot = twiceAsLong(this.#hot);
      this.#cold = twiceAsLong(this.#cold);
    }
    this.#hot[index * CELLS + PEAK] = 0;
    return index;
  }

  end(index: CounterIndex): void {
    this.#freeIndices.push(index);
  }

  open(index: number): number {
    return this.#hot[index * CELLS + OPEN]!;
  }

  peak(index: number): number {
    return this.#hot[index * CELLS + PEAK]! >> FLAG_BITS;
  }

  leaving(index: number): number {
    return this.#cold[index * CELLS + LEAVING]!;
  }

  isAwaited(index: number): boolean {
    return (this.#hot[index * CELLS + PEAK]! & IS_AWAITED) !== 0;
  }

  isUnused(index: number): boolean {
    const first = index * CELLS;
    return this.#hot[first + OPEN] === 0 && (this.#hot[first + PEAK]! & FLAGS) === 0;
  }

  limitOf(_index: CounterIndex, limit: Limit): Limit {
    return limit;
  }

  mayTake(index: CounterIndex, limit: Limit): boolean {
    return this.open(index) < limit;
  }

  acquire({ counters, limits }: Claim): number {
    for (let at = 0; at < counters.length; at++) if (this.open(counters[at]!) >= limits[at]!) return at;
    for (const counter of counters) this.take(counter);
    return ADMITTED;
  }

  isSurplus({ counters, bounds }: Claim): boolean {
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]!;
      const bound = bounds[at]!;
      const open = this.open(counter);
      if (open > bound && open - this.leaving(counter) > bound) return true;
    }
    return false;
  }

  take(index: number): void {
    const first = index * CELLS;
    const open = this.#hot[first + OPEN]! + 1;
    this.#hot[first + OPEN] = open;
    const peak = this.#hot[first + PEAK]!;
    if (open > peak >> FLAG_BITS) this.#hot[first + PEAK] = (open << FLAG_BITS) | (peak & FLAGS);
  }

  give(index: number): void {
    const open = this.#hot[index * CELLS + OPEN]! - 1;
    assert(open >= 0, 'no counter falls below zero');
    this.#hot[index * CELLS + OPEN] = open;
  }

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

  ticket(): number {
    return 0;
  }

  // ---- there is no other shard

  beginTurn(): void {}

  publish(): void {}

  listen(): void {}

  wants(): boolean {
    return false;
  }

  poll(): number {
    return 0;
  }

  takeReleased(): readonly CounterIndex[] {
    return NONE;
  }
}

function twiceAsLong(cells: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(cells.length * 2);
  longer.set(cells);
  return longer;
}
