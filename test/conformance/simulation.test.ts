// That the simulation bites, in short: a few of the bugs that `test/long/mutations.test.ts` puts into a copy of the source,
// those that few seeds find.
import test from 'node:test';
import { assertFound, assertPresent } from '../support/mutant.ts';
import { MUTATIONS } from '../support/mutations.ts';

const SEEDS = '1..40';
const FOUND_EARLY = ['a limit is passed by one', 'a delivery is settled before its record is written'];

for (const title of FOUND_EARLY) {
  test(`the simulation finds: ${title}`, async (t) => {
    await assertFound(t, MUTATIONS.find((mutation) => mutation.title === title)!, SEEDS);
  });
}

test('every bug of the long run has its place in the source', () => MUTATIONS.forEach(assertPresent));
