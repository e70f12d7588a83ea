// Two minutes of mutated configurations. A failure names the seed and the number, which make the text again
// (test/support/config-mutator.ts); FUZZ_SEED repeats a run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemSeed } from '../../src/shell/system-seed.ts';

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 2);
/** A mutation takes a millisecond; one that takes this long never ends. */
const HANG_MS = 60_000;

test(`${MINUTES} minutes of mutated configurations: no crash, no hang, no mistake without a place`, async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? systemSeed());
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const progress = new SharedArrayBuffer(4);
  const done = new Int32Array(progress);
  const worker = new Worker(new URL('../support/config-fuzz-worker.ts', import.meta.url), {
    workerData: { seed, milliseconds: MINUTES * 60_000, progress },
  });
  const ended = once(worker, 'message');
  try {
    const hang = new Promise<string>((resolve) => {
      let last = -1;
      const look = setInterval(() => {
        if (done[0] === last) {
          clearInterval(look);
          resolve(`mutation ${last} does not end`);
        }
        last = done[0]!;
      }, HANG_MS);
      void ended.finally(() => clearInterval(look));
    });
    const [failure] = (await Promise.race([ended, hang.then((text) => [text])])) as [string | null];
    assert.equal(failure, null, `FUZZ_SEED=${seed}, ${failure}`);
  } finally {
    await worker.terminate();
  }
  t.diagnostic(`${done[0]} mutations`);
});
