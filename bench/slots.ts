// What contention costs on the shared ledger: sixteen shards that all want connections of a few counters, stepped by one
// operation on shared memory at a time in an order drawn at random, as the tests have it. No machine with so many processors
// is needed, and this is worse than it would be there: a shard is passed by others between any two operations.
//
//   node bench/slots.ts [--shards 16] [--seeds 5] [--steps 20000] [--json]
import type { TestContext } from 'node:test';
import { runShared } from '../test/support/shared-ledger-simulation.ts';
import { loadStepped } from '../test/support/stepped-ledger.ts';
import { printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const words = new Words(process.argv.slice(2), ['shards', 'seeds', 'steps'], ['json']);
const shards = words.number('shards', 16);

const cleanups: (() => void)[] = [];
const modules = await loadStepped({ after: (clean: () => void) => cleanups.push(clean) } as unknown as TestContext);
const problems: string[] = [];
let [slots, retries, refusals] = [0, 0, 0];
for (let seed = 1; seed <= words.number('seeds', 5); seed++) {
  const run = {
    clientsPerShard: 2,
    rounds: 3,
    endsOfShards: false,
    lowerings: false,
    nodeLimit: 24,
    limits: [8, 12, 16],
  };
  const found = runShared(modules, seed, { ...run, shards, steps: words.number('steps', 20_000) });
  problems.push(...found.violations);
  slots += found.slots;
  retries += found.retries;
  refusals += found.refusals;
}
for (const clean of cleanups) clean();
const figures = {
  shards,
  slots_taken: slots,
  retries_of_compare_and_swap: retries / slots,
  attempts_that_failed: refusals / slots,
};
if (words.has('json')) printMeasurement('each slot', figures, problems);
else console.log(figures, ...problems);
