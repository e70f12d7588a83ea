// A shard of a test: takes and gives back slots as fast as it can, in a thread of its own, and says how many there were at once.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { ADMITTED, Ledger, makeClaim } from '../../src/core/limits/ledger.ts';
import { BELL, LedgerMemory } from '../../src/core/limits/ledger-memory.ts';
import { SharedCells } from '../../src/core/limits/shared-cells.ts';
import type { Waiter } from '../../src/core/limits/wait-list.ts';

/** Who is not woken in that time never is. */
const WAKE_MAX_MS = 120_000;

export interface LedgerThread {
  readonly memory: SharedArrayBuffer;
  /** For each counter: how many hold a slot now, and the most there were; counted apart from the ledger. */
  readonly seen: SharedArrayBuffer;
  readonly shard: number;
  readonly limits: readonly number[];
  readonly slots: number;
}

if (!isMainThread) parentPort!.postMessage(takeSlots(workerData as LedgerThread));

/** Waits asleep, as a shard does, when there is no room. @returns how often */
function takeSlots({ memory, seen, shard, limits, slots }: LedgerThread): number {
  const shared = new LedgerMemory(memory);
  const ledger = new Ledger(new SharedCells(shared, shard));
  ledger.poll();
  const counters = limits.map((_, at) => ledger.refer(`counter ${at}`));
  const claim = makeClaim(counters.map((counter, at) => [counter, limits[at]!]));
  const counts = new Int32Array(seen);
  const waiter: Waiter = { waits: [], hasNoConnection: true };
  let sleeps = 0;
  for (let taken = 0; taken < slots; ) {
    const full = ledger.acquire(claim);
    if (full === ADMITTED) {
      for (const at of limits.keys()) {
        const now = Atomics.add(counts, at * 2, 1) + 1;
        for (let most = Atomics.load(counts, at * 2 + 1); most < now; most = Atomics.load(counts, at * 2 + 1))
          Atomics.compareExchange(counts, at * 2 + 1, most, now);
      }
      for (const at of limits.keys()) Atomics.sub(counts, at * 2, 1);
      ledger.release(claim, false);
      taken += 1;
    } else {
      ledger.wait(waiter, claim.counters[full]!, claim.limits[full]!);
    }
    while (ledger.nextEligible() === null && waiter.waits.length > 0) {
      const answer = Atomics.wait(shared.shard(shard), BELL, 0, WAKE_MAX_MS);
      if (answer === 'timed-out') throw new Error(`shard ${shard} is not woken`);
      if (answer === 'ok') sleeps += 1;
      ledger.poll();
    }
  }
  return sleeps;
}
