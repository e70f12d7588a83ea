// One window of those that shards share, as one of them sees it. The rules are those of a window that is alone (throttle.ts):
// with the lock held, its numbers are read, something is done, and they are written back.
import type { MonoMs } from '../base/moment.ts';
import type { SharedWindows } from './shared-windows.ts';
import { NEVER, type Ring, Throttle, type WindowState } from './throttle.ts';
import {
  BLOCK,
  CAPACITY,
  entriesOf,
  INLINE,
  INLINE_CAPACITY,
  readState,
  stateOf,
  type WindowMemory,
  writeState,
} from './window-memory.ts';
import type { Window } from './windows.ts';

export interface SharedWindowParts {
  readonly windows: SharedWindows;
  readonly memory: WindowMemory;
  readonly place: number;
  readonly own: Throttle;
}

export class SharedWindow implements Window {
  readonly place: number;
  readonly own: Throttle;
  readonly #windows: SharedWindows;
  readonly #memory: WindowMemory;
  readonly #row: Float64Array;
  readonly #log: Throttle;
  readonly #state: WindowState;
  #count: number;
  #periodMs: number;
  #block = INLINE;
  #capacity = INLINE_CAPACITY;
  #ring: Ring;
  /** Of no use any more once the state that is about to be written counts. */
  #outgrown: { readonly block: number; readonly capacity: number } | null = null;

  constructor({ windows, memory, place, own }: SharedWindowParts) {
    const { count, periodMs } = own;
    this.place = place;
    this.own = own;
    this.#windows = windows;
    this.#memory = memory;
    this.#row = memory.row(place);
    this.#log = new Throttle(count, periodMs, NEVER, (capacity) => this.#makeRing(capacity));
    this.#state = { count, periodMs, head: 0, live: 0, tail: 0, inWindow: 0, unknownUntil: NEVER };
    this.#count = count;
    this.#periodMs = periodMs;
    this.#ring = entriesOf(memory, this.#row, INLINE, INLINE_CAPACITY);
  }

  /** The window is new, and its row may have been that of another. The lock is held. */
  beginWith(seed: Throttle): void {
    const former = stateOf(this.#row, 'inForce');
    if (former[CAPACITY] !== 0) this.#use(former[BLOCK]!, former[CAPACITY]!);
    const { count, periodMs } = seed;
    this.#state.unknownUntil = this.#windows.toShared(seed.unknownUntil);
    Object.assign(this.#state, { count, periodMs, head: 0, live: 0, tail: 0, inWindow: 0 });
    this.#log.restore(this.#state, this.#ring);
    for (const [at, events] of seed.remembered()) this.#log.add(this.#windows.toShared(at), events);
    this.#log.save(this.#state);
    writeState(this.#row, this.#state, this.#block, this.#capacity);
  }

  get periodMs(): number {
    return this.#periodMs;
  }

  get newest(): MonoMs {
    this.#enter(NEVER);
    const { newest } = this.#log;
    this.#leave();
    return this.#windows.fromShared(newest);
  }

  free(at: MonoMs): number {
    const now = this.#enter(at);
    const free = this.#log.free(now);
    this.#leave();
    return free;
  }

  recoversAt(at: MonoMs): MonoMs {
    const now = this.#enter(at);
    const recovery = this.#log.recoversAt(now);
    this.#leave();
    return this.#windows.fromShared(recovery);
  }

  take(at: MonoMs): boolean {
    const now = this.#enter(at);
    const isTaken = this.#log.take(now);
    this.#leave(isTaken);
    if (isTaken) this.own.add(this.#windows.fromShared(now), 1);
    return isTaken;
  }

  holds(takenAt: MonoMs, at: MonoMs): boolean {
    const now = this.#enter(at);
    const isHeld = this.#log.holds(this.#windows.toShared(takenAt), now);
    this.#leave();
    return isHeld;
  }

  move(takenAt: MonoMs, at: MonoMs): boolean {
    const now = this.#enter(at);
    const isMoved = this.#log.move(this.#windows.toShared(takenAt), now);
    this.#leave(isMoved);
    const movedTo = this.#windows.fromShared(now);
    if (isMoved && !this.own.move(takenAt, movedTo)) this.own.add(movedTo, 1);
    return isMoved;
  }

  change(count: number, periodMs: number): void {
    this.#count = count;
    this.#periodMs = periodMs;
    this.own.change(count, periodMs);
  }

  /** @returns the time by the clock of all */
  #enter(at: MonoMs): MonoMs {
    this.#windows.hold(at);
    const words = stateOf(this.#row, 'inForce');
    const [block, capacity] = [words[BLOCK]!, words[CAPACITY]!];
    if (block !== this.#block || capacity !== this.#capacity) this.#use(block, capacity);
    readState(words, this.#state);
    this.#log.restore(this.#state, this.#ring);
    const { count, periodMs } = this.#state;
    if (count !== this.#count || periodMs !== this.#periodMs) this.#log.change(this.#count, this.#periodMs);
    return this.#windows.now;
  }

  #leave(isTaken = false): void {
    this.#log.save(this.#state);
    writeState(this.#row, this.#state, this.#block, this.#capacity);
    const outgrown = this.#outgrown;
    this.#outgrown = null;
    if (outgrown !== null) this.#windows.giveBack(outgrown.block, outgrown.capacity);
    if (isTaken) this.#windows.tellListeners(this.place);
    this.#windows.letGo();
  }

  #use(block: number, capacity: number): Ring {
    this.#block = block;
    this.#capacity = capacity;
    this.#ring = entriesOf(this.#memory, this.#row, block, capacity);
    return this.#ring;
  }

  #makeRing(capacity: number): Ring | null {
    const block = this.#windows.allocate(capacity);
    if (block === -1) return null;
    if (this.#block !== INLINE) this.#outgrown = { block: this.#block, capacity: this.#capacity };
    return this.#use(block, capacity);
  }
}
