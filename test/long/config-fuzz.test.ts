// Two minutes of mutated configurations. A failure names the seed and the number, which make the text again
// (test/support/config-mutator.ts); FUZZ_SEED repeats a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemSeed } from '../../src/shell/system-seed.ts';
import { runFuzzThread } from '../support/fuzz-thread.ts';

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 2);

test(`${MINUTES} minutes of mutated configurations: no crash, no hang, no mistake without a place`, async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? systemSeed());
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const worker = new URL('../support/config-fuzz-worker.ts', import.meta.url);
  const { failure, inputs } = await runFuzzThread(worker, { seed, milliseconds: MINUTES * 60_000 });
  assert.equal(failure, null, `FUZZ_SEED=${seed}, ${failure}`);
  t.diagnostic(`${inputs} mutations`);
});
