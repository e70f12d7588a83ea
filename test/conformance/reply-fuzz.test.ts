// What receivers say, drawn and mutated, read by the reply reader and classified, compared with a second implementation
// (test/support/reply-reference.ts). A number of inputs that takes some seconds; test/long/reply-fuzz.test.ts goes on.
import { test } from 'node:test';
import { systemSeed } from '../../src/shell/system-seed.ts';
import { checkReplyInput, type FuzzCounts } from '../support/reply-fuzz.ts';

const FIXED_SEED = 1;
const INPUTS = 4000;

for (const [what, seed] of [
  ['the fixed seed', FIXED_SEED],
  ['a fresh seed', Number(process.env['FUZZ_SEED'] ?? systemSeed())],
] as const) {
  test(`${INPUTS} inputs, ${what} ${seed}`, (t) => {
    const counts: FuzzCounts = { replies: 0, classes: 0 };
    for (let number = 0; number < INPUTS; number++) {
      try {
        checkReplyInput(seed, number, counts);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}, input ${number}`, { cause: error });
      }
    }
    t.diagnostic(`${counts.replies} replies, ${counts.classes} classes`);
  });
}
