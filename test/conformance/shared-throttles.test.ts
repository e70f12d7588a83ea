// Threads take tokens of the same throttles at once, and some of them end in the midst of that: no span of time ever has more
// than it may, and who goes on has what there is.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { LedgerMemory } from '../../src/core/limits/ledger-memory.ts';
import { WindowControl } from '../../src/core/limits/window-control.ts';
import { WindowMemory } from '../../src/core/limits/window-memory.ts';
import { ENOUGH, type ThrottleThread, TIME, TOLD_AFTER } from '../support/throttle-thread.ts';

const SEED = [1, 2, 3, 4];
const SHARDS = 3;
const ENDS = 24;
/** By a clock of attempts: the first lets one in seven through, the second one in ten over a longer time. */
const RATES = [
  [60, 400],
  [300, 3000],
] as const;
const TIMES_MAX = 400_000;

test('shards take tokens of two throttles, and end at any moment: rates are reached and never passed', {
  timeout: 100_000,
}, async (t) => {
  const bells = LedgerMemory.make({ shards: SHARDS, counters: 16 }, SEED);
  const windows = WindowMemory.make({ shards: SHARDS, windows: 16, entries: 4096 }, SEED);
  const control = new WindowControl(windows, bells);
  const clock = new SharedArrayBuffer(8);
  const words = new Int32Array(clock);
  const lives: Float64Array[] = [];
  const file = new URL('../support/throttle-thread.ts', import.meta.url);
  const begin = (shard: number): Worker => {
    control.admit(shard);
    const taken = new SharedArrayBuffer(8 * TIMES_MAX);
    lives.push(new Float64Array(taken));
    const workerData: ThrottleThread = {
      bells: bells.buffer,
      windows: windows.buffers,
      shard,
      rates: RATES,
      clock,
      taken,
    };
    const worker = new Worker(file, { workerData });
    t.after(() => worker.terminate());
    return worker;
  };
  const workers = Array.from({ length: SHARDS }, (_, shard) => begin(shard));
  for (let end = 0; end < ENDS; end++) {
    const shard = end % SHARDS;
    const mortal = workers[shard]!;
    await once(mortal, 'message');
    await mortal.terminate();
    control.ended(shard);
    while (!control.recover()) await new Promise((resolve) => setImmediate(resolve));
    const next = workers[(shard + 1) % SHARDS]!;
    await once(next, 'message'); // the others go on
    workers[shard] = begin(shard);
  }
  const gone = workers.map((worker) => once(worker, 'exit'));
  Atomics.store(words, ENOUGH, 1);
  await Promise.all(gone);

  const times = lives.flatMap((life) => [...life.subarray(1, 1 + life[0]!)]).sort((a, b) => a - b);
  assert.ok(times.length > ENDS * TOLD_AFTER);
  for (const [count, periodMs] of RATES) {
    for (let last = count; last < times.length; last++) {
      const span = times[last]! - times[last - count]!;
      assert.ok(span >= periodMs, `${count + 1} tokens in ${span}, not ${count} in ${periodMs}`);
    }
  }
  // At every moment somebody asks, so all that may be taken is, but for what an ended shard took with it.
  const [count, periodMs] = RATES[1];
  const possible = (Atomics.load(words, TIME) / periodMs) * count;
  t.diagnostic(`${times.length} tokens of ${Math.round(possible)}, ${lives.length} lives of shards`);
  assert.ok(times.length >= 0.7 * possible - count * lives.length, `${times.length} of ${possible}`);
});
