// Two minutes of bounces and complaints as nobody should write them. A failure names the seed and the number, which make
// the input again (test/support/report-fuzz.ts); FUZZ_SEED repeats a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemSeed } from '../../src/shell/system-seed.ts';
import { runFuzzThread } from '../support/fuzz-thread.ts';

const MINUTES = Number(process.env['FUZZ_MINUTES'] ?? 2);

test(`${MINUTES} minutes of reports: no crash, no hang, bounded memory`, async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? systemSeed());
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const worker = new URL('../support/report-fuzz-worker.ts', import.meta.url);
  const { failure, inputs } = await runFuzzThread(worker, { seed, milliseconds: MINUTES * 60_000 });
  assert.equal(failure, null, `FUZZ_SEED=${seed}, ${failure}`);
  t.diagnostic(`${inputs} inputs`);
});
