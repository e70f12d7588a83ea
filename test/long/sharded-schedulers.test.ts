// 5,000 seeds of several schedulers on one ledger, beyond those that `npm run check` runs: see
// test/conformance/sharded-schedulers.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCore } from '../support/edited-core.ts';
import { firstBroken } from '../support/sharded-simulation.ts';

const FIRST = 1001;
const SEEDS = 5000;

test(`${SEEDS} seeds of several schedulers from ${FIRST}`, async (t) => {
  assert.equal(firstBroken(await loadCore(t), SEEDS, FIRST), null);
});
