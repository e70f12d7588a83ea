// Virtual time and the queue of everything that will happen in it. Owns the order of events: by time, and among equal
// times by a seeded draw, so that other seeds try other interleavings. The world also keeps what went wrong (violations)
// and, when asked to, a trace of the run. Nothing here or in the other files of this folder touches a real clock.
import { Heap, type HeapMember } from '../core/base/heap.ts';
import { type Moment, type MonoMs, monoMs, wallMs } from '../core/base/moment.ts';
import { type Random, seededRandom } from '../core/base/random.ts';

/** Something that will happen, until it did or was cancelled. */
export interface Scheduled extends HeapMember {
  readonly at: number;
  readonly tie: number;
  readonly run: () => void;
}

/** What a world is drawn from beside its seed. */
export interface WorldOptions {
  readonly seed: number;
  /** Receives every traced line; tracing costs time, so a run is traced only when its seed is repeated. */
  readonly trace?: (line: string) => void;
}

/** The monotonic clock's origin; arbitrary, but not zero, so that a forgotten timestamp stands out. */
const MONO_ORIGIN_MS = 5_000_000;
/** 2026-01-01, the wall clock's origin. */
export const WALL_ORIGIN_MS = 1_767_225_600_000;

export class World {
  readonly random: Random;
  readonly violations: string[] = [];
  readonly #queue = new Heap<Scheduled>((a, b) => a.at < b.at || (a.at === b.at && a.tie < b.tie));
  readonly #ties: Random;
  readonly #trace: ((line: string) => void) | undefined;
  #mono = MONO_ORIGIN_MS;
  #wallOffset = WALL_ORIGIN_MS - MONO_ORIGIN_MS;
  #events = 0;
  /** By how much the wall clock was set forward in all. */
  wallAdvancedMs = 0;
  /** When the wall clock was set last, in whichever direction, in milliseconds of the run. */
  wallSetAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: WorldOptions) {
    this.random = seededRandom(options.seed);
    this.#ties = this.random.stream('ties');
    this.#trace = options.trace;
  }

  /** Milliseconds since the run began. */
  get elapsedMs(): number {
    return this.#mono - MONO_ORIGIN_MS;
  }

  get mono(): MonoMs {
    return monoMs(this.#mono);
  }

  get moment(): Moment {
    return { mono: monoMs(this.#mono), wall: wallMs(this.#mono + this.#wallOffset) };
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events;
  }

  /** Moves the wall clock, as an administrator or a time daemon does; the monotonic clock stays. */
  shiftWall(ms: number): void {
    this.#wallOffset += ms;
    this.wallAdvancedMs += Math.max(0, ms);
    this.wallSetAtMs = this.elapsedMs;
    this.note(() => `the wall clock jumps by ${ms} ms`);
  }

  /** Runs `run` in `delayMs` from now, always in a later turn. */
  after(delayMs: number, run: () => void): Scheduled {
    const event: Scheduled = { at: this.#mono + delayMs, tie: this.#ties.next(), run, heapIndex: -1 };
    this.#queue.push(event);
    return event;
  }

  /**
   * Runs `run` at a time of the run that was planned beforehand. Its place among equal times depends on its name only, so
   * that a plan without one of its parts is the same run up to that part.
   */
  atPlanned(atMs: number, name: string, run: () => void): void {
    const tie = this.random.stream(`planned ${name}`).next();
    this.#queue.push({ at: MONO_ORIGIN_MS + atMs, tie, run, heapIndex: -1 });
  }

  cancel(event: Scheduled | null): void {
    if (event !== null) this.#queue.remove(event);
  }

  /** Lets the next event happen. False when there is none, or none until `endMs` of the run; time then stands there. */
  step(endMs: number): boolean {
    const event = this.#queue.peek();
    if (event === undefined || event.at > MONO_ORIGIN_MS + endMs) return false;
    this.#queue.pop();
    this.#mono = event.at;
    this.#events++;
    event.run();
    return true;
  }

  /** A broken promise. The run stops after the event in which the first was found. */
  violation(claim: string): void {
    this.violations.push(`at ${(this.elapsedMs / 1000).toFixed(3)} s: ${claim}`);
    this.note(() => `VIOLATION ${claim}`);
  }

  /** Adds to the trace; `line` is built only when there is one. */
  note(line: () => string): void {
    if (this.#trace !== undefined) this.#trace(`${(this.elapsedMs / 1000).toFixed(3).padStart(10)} ${line()}`);
  }
}

/** A number from `low` up to, but not including, `high`. */
export const between = (random: Random, low: number, high: number): number => low + random.next() * (high - low);

/** True with probability `chance`. */
export const happens = (random: Random, chance: number): boolean => chance > 0 && random.next() < chance;

/** One of `items`, which are not empty. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}
