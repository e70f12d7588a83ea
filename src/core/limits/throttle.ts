// How many events in a time: a sliding window. Never more than `count` events in any half-open span [s, s + period), as
// long as every event is taken here. An event at time e is in the way until e + period and not a moment longer, so a
// burst of `count` after silence is allowed, and the next recovery is known exactly.
//
// The log is a ring of (time, how many), grown as events come, up to `count` entries; equal times share one. Above
// 100,000 events a period is cut into 10,000 slots, and an event counts as one at the end of its slot: it is in the way
// for at most a ten-thousandth of the period too long, and the promise holds as it stands.
//
// The log may be in memory that several threads share (shared-windows.ts): then the numbers are read before something is done,
// and written afterwards, by whoever has the lock of that memory.
//
// What is not known any more counts as `count` events at its end: before the process (start rules, see
// throttle-memory.ts), and what left a window before that became longer.
import { assert } from '../base/assert.ts';
import { addMono, type MonoMs, monoMs } from '../base/moment.ts';

/** Above so many events a window counts in slots. */
const MOST_EXACT = 100_000;
const SLOTS = 10_000;
/** So many entries a window begins with room for. */
export const FIRST_CAPACITY = 4;

/** Before any event. */
export const NEVER = monoMs(Number.NEGATIVE_INFINITY);

/** The entries of a log; both arrays have the same length, a power of two. */
export interface Ring {
  readonly times: Float64Array;
  readonly counts: Float64Array;
}

/** All else that there is to know of a window. */
export interface WindowState {
  count: number;
  periodMs: number;
  /** The oldest entry, the oldest that is still in the way, and one past the newest; modulo the capacity. */
  head: number;
  live: number;
  tail: number;
  inWindow: number;
  unknownUntil: number;
}

/** A place for so many entries; null when there is none. */
export type MakeRing = (capacity: number) => Ring | null;

const makeRing = (capacity: number): Ring => ({
  times: new Float64Array(capacity),
  counts: new Float64Array(capacity),
});

/** Events that happened at one time. */
export type EventsAt = readonly [at: MonoMs, count: number];

export class Throttle {
  #count: number;
  #periodMs: number;
  #slotMs: number;
  #times: Float64Array;
  #counts: Float64Array;
  /** The oldest entry, the oldest that is still in the way, and one past the newest; modulo the capacity. */
  #head = 0;
  #live = 0;
  #tail = 0;
  #inWindow = 0;
  /** Up to here anything may have happened. */
  #unknownUntil: MonoMs;
  readonly #makeRing: MakeRing;

  /**
   * @param unknownUntil everything up to then counts as `count` events at that time
   * @param make where entries are put when there are too many for the place they are in
   */
  constructor(count: number, periodMs: number, unknownUntil: MonoMs = NEVER, make: MakeRing = makeRing) {
    assert(count > 0 && periodMs > 0, 'a throttle lets something through in some time');
    this.#count = count;
    this.#periodMs = periodMs;
    this.#slotMs = slotOf(count, periodMs);
    this.#unknownUntil = unknownUntil;
    this.#makeRing = make;
    const { times, counts } = makeRing(FIRST_CAPACITY);
    this.#times = times;
    this.#counts = counts;
  }

  /** Goes on from what another thread left. */
  restore(state: WindowState, { times, counts }: Ring): void {
    this.#count = state.count;
    this.#periodMs = state.periodMs;
    this.#slotMs = slotOf(state.count, state.periodMs);
    this.#times = times;
    this.#counts = counts;
    this.#head = state.head;
    this.#live = state.live;
    this.#tail = state.tail;
    this.#inWindow = state.inWindow;
    this.#unknownUntil = monoMs(state.unknownUntil);
  }

  /** What another thread can go on from. */
  save(state: WindowState): void {
    state.count = this.#count;
    state.periodMs = this.#periodMs;
    state.head = this.#head;
    state.live = this.#live;
    state.tail = this.#tail;
    state.inWindow = this.#inWindow;
    state.unknownUntil = this.#unknownUntil;
  }

  /** What this thread writes down of it. */
  get own(): Throttle {
    return this;
  }

  get count(): number {
    return this.#count;
  }

  get periodMs(): number {
    return this.#periodMs;
  }

  get unknownUntil(): MonoMs {
    return this.#unknownUntil;
  }

  /** Counts an event now if there is room for it; otherwise nothing changes. Times never go back. */
  take(at: MonoMs): boolean {
    if (this.free(at) === 0) return false;
    this.add(at, 1);
    return true;
  }

  /** How many events there is room for now. */
  free(at: MonoMs): number {
    this.#advance(at);
    if (addMono(this.#unknownUntil, this.#periodMs) > at) return 0;
    return Math.max(0, this.#count - this.#inWindow);
  }

  /** When there will be room for one, if no other event is taken until then; `at` when there is. */
  recoversAt(at: MonoMs): MonoMs {
    this.#advance(at);
    let recovery: number = at;
    let surplus = this.#inWindow - this.#count;
    for (let index = this.#live; surplus >= 0; index++) {
      surplus -= this.#counts[this.#slot(index)]!;
      recovery = addMono(monoMs(this.#times[this.#slot(index)]!), this.#periodMs);
    }
    return monoMs(Math.max(at, recovery, this.#unknownUntil + this.#periodMs));
  }

  /** Counts events whether there is room or not: those of an earlier life, in order of time. */
  add(at: MonoMs, events: number): void {
    let time = this.#stamp(at);
    if (this.#tail > this.#head) {
      const newest = this.#slot(this.#tail - 1);
      time = Math.max(time, this.#times[newest]!);
      if (time === this.#times[newest] && this.#tail > this.#live) {
        this.#counts[newest]! += events;
        this.#inWindow += events;
        return;
      }
    }
    if (this.#tail - this.#head === this.#times.length && !this.#makeRoom()) {
      this.#join(time, events);
      return;
    }
    const index = this.#slot(this.#tail);
    this.#times[index] = time;
    this.#counts[index] = events;
    this.#tail += 1;
    this.#inWindow += events;
  }

  /**
   * Moves an event that was taken at `takenAt` to now. False when it is in the way no longer (then it is worth
   * nothing); nothing has changed then.
   */
  move(takenAt: MonoMs, at: MonoMs): boolean {
    if (!this.holds(takenAt, at)) return false;
    this.#counts[this.#slot(this.#find(takenAt))]! -= 1;
    this.#inWindow -= 1;
    this.add(at, 1);
    return true;
  }

  /** Whether an event that was taken at `takenAt` is still in the way, and may be moved: not where a lower rate has come since. */
  holds(takenAt: MonoMs, at: MonoMs): boolean {
    this.#advance(at);
    if (this.#inWindow > this.#count || addMono(this.#unknownUntil, this.#periodMs) > at) return false;
    const index = this.#find(takenAt);
    return index < this.#tail && this.#counts[this.#slot(index)]! > 0;
  }

  /** Other numbers from now on. What happened stays: a lower rate holds at once, a higher one can be used at once. */
  change(count: number, periodMs: number): void {
    assert(count > 0 && periodMs > 0, 'a throttle lets something through in some time');
    this.#count = count;
    this.#periodMs = periodMs;
    this.#slotMs = slotOf(count, periodMs);
    this.#live = this.#head;
    this.#inWindow = 0;
    for (let index = this.#head; index < this.#tail; index++) this.#inWindow += this.#counts[this.#slot(index)]!;
  }

  /** All events that are remembered, the oldest first; some may have left the window. */
  *remembered(): Generator<EventsAt> {
    for (let index = this.#head; index < this.#tail; index++) {
      const events = this.#counts[this.#slot(index)]!;
      if (events > 0) yield [monoMs(this.#times[this.#slot(index)]!), events];
    }
  }

  /** How many different times are remembered. */
  get entries(): number {
    return this.#tail - this.#head;
  }

  /** The time of the newest event that is remembered, or up to which nothing is known. */
  get newest(): MonoMs {
    if (this.#tail === this.#head) return this.#unknownUntil;
    return monoMs(Math.max(this.#unknownUntil, this.#times[this.#slot(this.#tail - 1)]!));
  }

  /** Passes over what has left the window. It is kept until its place is needed, should the window become longer. */
  #advance(at: MonoMs): void {
    while (this.#live < this.#tail) {
      const index = this.#slot(this.#live);
      if (addMono(monoMs(this.#times[index]!), this.#periodMs) > at) return;
      this.#inWindow -= this.#counts[index]!;
      this.#live += 1;
    }
  }

  /** The live entry of that time, or the tail. */
  #find(takenAt: MonoMs): number {
    const time = this.#stamp(takenAt);
    let low = this.#live;
    let high = this.#tail;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[this.#slot(middle)]! < time) low = middle + 1;
      else high = middle;
    }
    return low < this.#tail && this.#times[this.#slot(low)] === time ? low : this.#tail;
  }

  #stamp(at: MonoMs): number {
    return this.#slotMs === 0 ? at : Math.max(at, Math.ceil(at / this.#slotMs) * this.#slotMs);
  }

  /** Capacities are powers of two. */
  #slot(index: number): number {
    return index & (this.#times.length - 1);
  }

  /** There is no place for another entry: events of the newest count as if they had happened at the later time, too. */
  #join(time: number, events: number): void {
    const newest = this.#slot(this.#tail - 1);
    this.#times[newest] = time;
    this.#counts[newest]! += events;
    this.#inWindow += events;
  }

  #makeRoom(): boolean {
    if (this.#live > this.#head) {
      const dropped = this.#times[this.#slot(this.#head)]!;
      this.#unknownUntil = monoMs(Math.max(this.#unknownUntil, dropped));
      this.#head += 1;
      return true;
    }
    const size = this.#tail - this.#head;
    const larger = this.#makeRing(this.#times.length * 2);
    if (larger === null) return false;
    const { times, counts } = larger;
    for (let at = 0; at < size; at++) {
      times[at] = this.#times[this.#slot(this.#head + at)]!;
      counts[at] = this.#counts[this.#slot(this.#head + at)]!;
    }
    this.#times = times;
    this.#counts = counts;
    this.#live -= this.#head;
    this.#head = 0;
    this.#tail = size;
    return true;
  }
}

function slotOf(count: number, periodMs: number): number {
  return count > MOST_EXACT ? periodMs / SLOTS : 0;
}
