// Bounces and complaints, mutated: a number of inputs that takes some seconds; test/long/report-fuzz.test.ts goes on.
import { test } from 'node:test';
import { systemSeed } from '../../src/shell/system-seed.ts';
import { checkReportInput } from '../support/report-fuzz.ts';

const FIXED_SEED = 1;
const INPUTS = 1000;

for (const [what, seed] of [
  ['the fixed seed', FIXED_SEED],
  ['a fresh seed', Number(process.env['FUZZ_SEED'] ?? systemSeed())],
] as const) {
  test(`${INPUTS} reports, ${what} ${seed}`, async () => {
    for (let number = 0; number < INPUTS; number++) {
      try {
        await checkReportInput(seed, number);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}, report ${number}`, { cause: error });
      }
    }
  });
}
