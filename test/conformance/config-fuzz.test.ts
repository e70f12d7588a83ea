// Mutated configurations (see test/support/config-mutator.ts): no crash, no mistake without a place, no display that
// reads differently. A number of mutations that takes a few seconds; test/long/config-fuzz.test.ts goes on for two minutes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemSeed } from '../../src/shell/system-seed.ts';
import { configurationCorpus } from '../support/config-corpus.ts';
import { mutatedConfiguration } from '../support/config-mutator.ts';
import { assertSound } from '../support/config-soundness.ts';

const CORPUS = configurationCorpus();
const FIXED_SEED = 1;
const MUTATIONS = 2000;

for (const [what, seed] of [
  ['the fixed seed', FIXED_SEED],
  ['a fresh seed', Number(process.env['FUZZ_SEED'] ?? systemSeed())],
] as const) {
  test(`${MUTATIONS} mutated configurations, ${what} ${seed}`, () => {
    for (let number = 0; number < MUTATIONS; number++) {
      const text = mutatedConfiguration(CORPUS, seed, number);
      try {
        assertSound(text);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}, mutation ${number}:\n${text}`, { cause: error });
      }
    }
  });
}

test('the corpus itself is sound, and large', () => {
  assert.ok(CORPUS.length > 60, String(CORPUS.length));
  for (const text of CORPUS) assertSound(text);
});
