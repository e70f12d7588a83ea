// 5,000 seeds of the simulation, beyond those that `npm run check` runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../../src/sim/simulation.ts';

const FIRST = 1001;
const SEEDS = 5000;
const PER_TEST = 250;

for (let from = FIRST; from < FIRST + SEEDS; from += PER_TEST) {
  test(`simulation of seeds ${from} to ${from + PER_TEST - 1}`, () => {
    for (let seed = from; seed < from + PER_TEST; seed++) {
      const { violations, title } = runSeed(seed);
      assert.deepEqual(violations, [], `npm run sim -- --seed ${seed} (${title})`);
    }
  });
}
