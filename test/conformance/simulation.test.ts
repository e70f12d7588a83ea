// That the simulation bites: six bugs that a scheduler of connections may have, put into a copy of the source one at a time.
// The 200 seeds of `npm run check` must find each, and shrink it to a scenario that can be read and run again. More bugs are
// in `test/long/mutations.test.ts`.
import { describe, test } from 'node:test';
import { assertFoundAndShrunken, assertPresent } from '../support/mutant.ts';
import { MUTATIONS } from '../support/mutations.ts';

const SEEDS = '1..200';
const BUGS = [
  'a slot is released twice',
  'a slot is not released when the receiver resets the connection',
  'the check comes before a round of queues, the increment after it',
  'a wake-up is lost when the waiter that was woken finds another counter full',
  'a wake-up is lost on a reload: waits end, and nobody looks at the queues',
  'a throttle forgets its window when the configuration changes',
];

describe('the simulation finds within 200 seeds', { concurrency: 2 }, () => {
  for (const title of BUGS) {
    test(title, async (t) => {
      const said = await assertFoundAndShrunken(t, MUTATIONS.find((mutation) => mutation.title === title)!, SEEDS);
      t.diagnostic(said.split('\n').slice(0, 2).join(' '));
    });
  }
});

test('every bug of the long run has its place in the source', () => MUTATIONS.forEach(assertPresent));
