// Who reads an audit counts again: what is open in each counter by the lines seen so far, against which limits, and the most
// there has been. Keeps counters in use, and of those that were the few that came nearest to their limits in each class.
import { type Limit, NO_LIMIT } from '../base/limit.ts';

/** The most that was open at once in a counter, with the limit that was in force then. */
export interface CounterPeak {
  readonly counter: string;
  readonly open: number;
  readonly limit: Limit;
  /** Where the limit is set. */
  readonly origin: string;
}

/** Counters that count the same kind of thing: the first word of their keys. */
export interface CounterClass {
  readonly name: string;
  /** Counters with connections at one time, at most. */
  readonly inUseMax: number;
  /** The one nearest to its limit first, those without a limit last. */
  readonly peaks: readonly CounterPeak[];
}

export class AuditCounter {
  readonly key: string;
  open = 0;
  peak: CounterPeak | null = null;
  /** Limits written down since the configuration changed last, with where they are set. */
  readonly originByLimit = new Map<Limit, string>();
  /** The configuration that is being read has said what it counts. */
  isListed = false;

  constructor(key: string) {
    this.key = key;
  }

  /** Notes how many there are now. */
  mark(limit: Limit, origin: string): void {
    if (this.peak === null || this.open > this.peak.open) {
      this.peak = { counter: this.key, open: this.open, limit, origin };
    }
  }
}

interface ClassTally {
  inUse: number;
  inUseMax: number;
  /** By key. */
  readonly peaks: Map<string, CounterPeak>;
}

const PEAKS_PER_CLASS = 10;

export class AuditCounters {
  readonly #inUse = new Map<string, AuditCounter>();
  readonly #classes = new Map<string, ClassTally>();

  /** Made when it is not in use yet. */
  use(key: string): AuditCounter {
    let counter = this.#inUse.get(key);
    if (counter === undefined) {
      counter = new AuditCounter(key);
      this.#inUse.set(key, counter);
      const tally = this.#classOf(key);
      tally.inUse += 1;
      if (tally.inUse > tally.inUseMax) tally.inUseMax = tally.inUse;
    }
    return counter;
  }

  find(key: string): AuditCounter | undefined {
    return this.#inUse.get(key);
  }

  /** Nothing is open in it. */
  drop(counter: AuditCounter): void {
    this.#inUse.delete(counter.key);
    const tally = this.#classOf(counter.key);
    tally.inUse -= 1;
    keepPeak(tally.peaks, counter.peak);
  }

  dropAll(): void {
    for (const counter of this.#inUse.values()) this.drop(counter);
  }

  values(): Iterable<AuditCounter> {
    return this.#inUse.values();
  }

  get isEmpty(): boolean {
    return this.#inUse.size === 0;
  }

  classes(): CounterClass[] {
    return Array.from(this.#classes, ([name, { inUseMax, peaks }]) => {
      const all = new Map(peaks);
      for (const counter of this.#inUse.values()) if (classNameOf(counter.key) === name) keepPeak(all, counter.peak);
      return { name, inUseMax, peaks: [...all.values()].sort(byRoom) };
    });
  }

  #classOf(key: string): ClassTally {
    const name = classNameOf(key);
    let tally = this.#classes.get(name);
    if (tally === undefined) {
      tally = { inUse: 0, inUseMax: 0, peaks: new Map() };
      this.#classes.set(name, tally);
    }
    return tally;
  }
}

export function classNameOf(key: string): string {
  return key.split(' ', 1)[0]!;
}

/** The least room below the limit first; of the same room, and without limits, the most connections. */
function byRoom(a: CounterPeak, b: CounterPeak): number {
  const [roomOfA, roomOfB] = [roomOf(a), roomOf(b)];
  return roomOfA === roomOfB ? b.open - a.open : roomOfA - roomOfB;
}

function roomOf({ open, limit }: CounterPeak): number {
  return limit === NO_LIMIT ? NO_LIMIT : limit - open;
}

function keepPeak(peaks: Map<string, CounterPeak>, peak: CounterPeak | null): void {
  if (peak === null) return;
  const known = peaks.get(peak.counter);
  if (known !== undefined && byRoom(peak, known) >= 0) return;
  peaks.set(peak.counter, peak);
  if (peaks.size <= PEAKS_PER_CLASS) return;
  let farthest = peak;
  for (const other of peaks.values()) if (byRoom(other, farthest) > 0) farthest = other;
  peaks.delete(farthest.counter);
}
