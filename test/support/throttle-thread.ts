// A shard of a test: takes tokens of two throttles as fast as it can, in a thread of its own, by a clock that goes on with
// every attempt, and writes down when they count.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { monoMs, wallMs } from '../../src/core/base/moment.ts';
import { LedgerMemory } from '../../src/core/limits/ledger-memory.ts';
import { SharedWindows } from '../../src/core/limits/shared-windows.ts';
import { Throttle } from '../../src/core/limits/throttle.ts';
import { ThrottleMemory } from '../../src/core/limits/throttle-memory.ts';
import { type WindowBuffers, WindowMemory } from '../../src/core/limits/window-memory.ts';

export interface ThrottleThread {
  readonly bells: SharedArrayBuffer;
  readonly windows: WindowBuffers;
  readonly shard: number;
  /** Of each throttle: how many in which time. */
  readonly rates: readonly (readonly [count: number, periodMs: number])[];
  /** The time, and whether to end. */
  readonly clock: SharedArrayBuffer;
  /** How many were taken, and then when each counts. */
  readonly taken: SharedArrayBuffer;
}

export const TIME = 0;
export const ENOUGH = 1;
/** A word to the test after so many tokens. */
export const TOLD_AFTER = 200;

if (!isMainThread) takeTokens(workerData as ThrottleThread);

function takeTokens({ bells, windows, shard, rates, clock, taken }: ThrottleThread): void {
  const started = { mono: monoMs(-1e9), wall: wallMs(1e12) };
  const shared = new SharedWindows({
    memory: new WindowMemory(windows),
    bells: new LedgerMemory(bells),
    shard,
    behindMs: 0,
    saved: new ThrottleMemory({ records: [], isDamaged: false }, started),
  });
  const throttles = rates.map(([count, periodMs], at) => shared.begin(`throttle ${at}`, new Throttle(count, periodMs)));
  const words = new Int32Array(clock);
  const times = new Float64Array(taken);
  while (Atomics.load(words, ENOUGH) === 0) {
    const at = monoMs(Atomics.add(words, TIME, 1));
    shared.hold(at);
    const hasRoom = throttles.every((window) => window.free(at) > 0);
    if (hasRoom) for (const window of throttles) window.take(at);
    const stamp = shared.stamp(at);
    shared.letGo();
    if (!hasRoom) continue;
    const count = times[0]! + 1;
    times[count] = stamp;
    times[0] = count; // now it counts for the test, too
    if (count % TOLD_AFTER === 0) parentPort!.postMessage('on its way');
    if (count === times.length - 1) return;
  }
}
