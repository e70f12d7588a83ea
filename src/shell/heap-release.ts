// Gives memory back that a busy time left behind. V8 collects garbage when something is allocated. In a thread that has become
// idle nothing is, so it would keep for good what its start, or a burst of mail, took for a moment.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Time between two looks. */
const LOOK_MS = 10_000;
/** Idle looks in a row before memory is given back: longer than mail keeps its content in memory (spool/body-memory.ts). */
const IDLE_LOOKS = 3;
/** A thread that works less of its time is idle. */
const IDLE_SHARE = 0.02;
/** A collection must be worth its pause: there has to be so much more than behind the last one, and a tenth more. */
const GROWTH_OCTETS = 8_388_608;

export interface HeapParts {
  /** Octets of the heap with its free room, and of what it holds outside. */
  size(): number;
  collect(): void;
}

export class HeapRelease {
  readonly #parts: HeapParts;
  #idleLooks = 0;
  #sizeBehindLast = 0;

  constructor(parts: HeapParts) {
    this.#parts = parts;
  }

  /** @param busyShare of the time since the last look */
  look(busyShare: number): void {
    this.#idleLooks = busyShare < IDLE_SHARE ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks < IDLE_LOOKS) return;
    this.#idleLooks = 0;
    const { size, collect } = this.#parts;
    if (size() < Math.max(this.#sizeBehindLast + GROWTH_OCTETS, this.#sizeBehindLast * 1.1)) return;
    collect();
    this.#sizeBehindLast = size();
  }
}

/** From now on, for the thread that calls it; keeps no process alive. */
export function releaseHeapWhenIdle(): void {
  const release = new HeapRelease(threadHeap());
  let before = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    release.look(performance.eventLoopUtilization(now, before).utilization);
    before = now;
  }, LOOK_MS).unref();
}

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/** The heap of the thread that calls it. */
export function threadHeap(): HeapParts {
  let collect: Collect | null = null;
  return {
    size: () => {
      const { total_heap_size: heap, external_memory: outside } = getHeapStatistics();
      return heap + outside;
    },
    collect: () => {
      collect ??= findCollector();
      // Any other leaves the young generation as large as it has become.
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    },
  };
}

/** V8 shows it to contexts that are made while the flag is set. */
function findCollector(): Collect {
  setFlagsFromString('--expose-gc');
  const collect: Collect = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return collect;
}
