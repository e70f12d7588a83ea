// Whether the simulation bites: bugs put in on purpose, one at a time, into a copy of the source. The 200 seeds that
// `npm run check` runs must find them, or one of those that failed once and are run too, and nothing in the copy as it
// stands.
import { describe, test } from 'node:test';
import { assertClean, assertFound } from '../support/mutant.ts';
import { MUTATIONS } from '../support/mutations.ts';

const SEEDS = '1..270';

describe('the simulation finds', { concurrency: 2 }, () => {
  test('nothing in the source as it stands', (t) => assertClean(t, SEEDS));
  for (const mutation of MUTATIONS) {
    test(mutation.title, async (t) => t.diagnostic(await assertFound(t, mutation, SEEDS)));
  }
});
