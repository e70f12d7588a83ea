// The numbers of all counters of a process with one shard, in two arrays. What every acquire and release touches is four
// octets wide, so that a million counters are four megabytes: what a connection costs with very many counters is the memory
// it has to wait for, and with eight octets that was half as much again (bench/ledger.ts). Nobody else is there to share with,
// to wait elsewhere, or to stop for: what shared-cells.ts has for that is nothing here.
import { assert } from '../base/assert.ts';
import type { Limit } from '../base/limit.ts';
import { ADMITTED, type Cells, type Claim, type CounterIndex } from './cells.ts';

const FIRST_CAPACITY = 1024;
const NONE: readonly CounterIndex[] = [];

/**
 * A hot cell: how many are open, how far that is below the peak, and two flags. The distance stands for itself up to one less
 * than {@link FAR}; from there on the peak has to be looked up among the cold cells, as when it is passed.
 */
const IS_AWAITED = 1;
const IS_REFERRED = 2;
const FLAGS = IS_AWAITED | IS_REFERRED;
const BELOW_SHIFT = 2;
const BELOW_ONE = 1 << BELOW_SHIFT;
const FAR = 511;
const BELOW = FAR << BELOW_SHIFT;
const OPEN_SHIFT = 11;
const OPEN_ONE = 1 << OPEN_SHIFT;
/** What is left of 32 bits with a sign: as many as Linux gives a process descriptors, unless it is told otherwise. */
const OPEN_MAX = 2 ** (31 - OPEN_SHIFT) - 1;

/** Cold cells: slots whose connection is on its way out (they are open too), references, and the peak. */
const COLD_CELLS = 3;
const LEAVING = 0;
const REFERENCES = 1;
const PEAK = 2;

export class CounterCells implements Cells {
  readonly isShared = false;
  readonly isStopped = false;
  readonly #freeIndices: CounterIndex[] = [];
  #indices = 0;
  #hot = new Int32Array(FIRST_CAPACITY);
  #cold = new Int32Array(FIRST_CAPACITY * COLD_CELLS);

  begin(): CounterIndex {
    const index = this.#freeIndices.pop() ?? this.#indices++;
    while (index >= this.#hot.length) {
      this.#hot = twiceAsLong(this.#hot);
      this.#cold = twiceAsLong(this.#cold);
    }
    this.#hot[index] = 0;
    this.#cold[index * COLD_CELLS + PEAK] = 0;
    return index;
  }

  end(index: CounterIndex): void {
    this.#freeIndices.push(index);
  }

  open(index: number): number {
    return this.#hot[index]! >> OPEN_SHIFT;
  }

  own(index: number): number {
    return this.open(index);
  }

  peak(index: number): number {
    return this.#cold[index * COLD_CELLS + PEAK]!;
  }

  leaving(index: number): number {
    return this.#cold[index * COLD_CELLS + LEAVING]!;
  }

  isAwaited(index: number): boolean {
    return (this.#hot[index]! & IS_AWAITED) !== 0;
  }

  isUnused(index: number): boolean {
    const hot = this.#hot[index]!;
    return hot < OPEN_ONE && (hot & FLAGS) === 0;
  }

  limitOf(_index: CounterIndex, limit: Limit): Limit {
    return limit;
  }

  mayTake(index: CounterIndex, limit: Limit): boolean {
    return this.open(index) < limit;
  }

  hasRoom(index: CounterIndex, limit: Limit): boolean {
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
    const hot = this.#hot[index]! + OPEN_ONE;
    const below = hot & BELOW;
    if (below === 0 || below === BELOW) this.#takeByPeak(index, hot);
    else this.#hot[index] = hot - BELOW_ONE;
  }

  /** The new number of open ones is a new peak, or may be so far below it that only the peak itself tells. */
  #takeByPeak(index: number, hot: number): void {
    const open = hot >> OPEN_SHIFT;
    const place = index * COLD_CELLS + PEAK;
    const peak = Math.max(this.#cold[place]!, open);
    assert(peak < OPEN_MAX, 'a process has no more than a million connections');
    this.#cold[place] = peak;
    this.#hot[index] = (hot & ~BELOW) | (Math.min(peak - open, FAR) << BELOW_SHIFT);
  }

  give(index: number): void {
    const hot = this.#hot[index]!;
    assert(hot >= OPEN_ONE, 'no counter falls below zero');
    this.#hot[index] = hot - OPEN_ONE + ((hot & BELOW) === BELOW ? 0 : BELOW_ONE);
  }

  addLeaving(index: number, change: 1 | -1): void {
    this.#cold[index * COLD_CELLS + LEAVING]! += change;
  }

  refer(index: number): void {
    this.#cold[index * COLD_CELLS + REFERENCES]! += 1;
    this.#hot[index]! |= IS_REFERRED;
  }

  unrefer(index: number): void {
    const references = this.#cold[index * COLD_CELLS + REFERENCES]! - 1;
    assert(references >= 0, 'a counter is unreferred as often as it was referred');
    this.#cold[index * COLD_CELLS + REFERENCES] = references;
    if (references === 0) this.#hot[index]! &= ~IS_REFERRED;
  }

  setAwaited(index: number, isAwaited: boolean): void {
    if (isAwaited) this.#hot[index]! |= IS_AWAITED;
    else this.#hot[index]! &= ~IS_AWAITED;
  }

  ticket(): number {
    return 0;
  }

  // ---- there is no other shard

  beginTurn(): void {}

  publish(): void {}

  tellPart(): void {}

  listen(): void {}

  pause(): void {}

  setIdle(): void {}

  tellTasks(): void {}

  offer(): void {}

  tasks(): number {
    return 0;
  }

  isAwaitedElsewhere(): boolean {
    return false;
  }

  goesFirst(): boolean {
    return true;
  }

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
