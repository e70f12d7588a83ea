// Several schedulers on one shared ledger, as they are, in random interleavings: see test/support/sharded-simulation.ts. And
// that this simulation bites: it has to find bugs that are put in on purpose.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { loadCore } from '../support/edited-core.ts';
import { SHARDED_MUTATIONS } from '../support/sharded-mutations.ts';
import { planOf } from '../support/sharded-plan.ts';
import { firstBroken, runSharded } from '../support/sharded-simulation.ts';

const SEEDS = 200;

test(`${SEEDS} seeds: several schedulers on one ledger keep every promise`, async (t) => {
  assert.equal(firstBroken(await loadCore(t), SEEDS), null);
});

test('a seed is one run, byte for byte', async (t) => {
  const core = await loadCore(t);
  for (const seed of [4, 7]) {
    const digest = () => {
      const hash = createHash('sha256');
      runSharded(core, planOf(seed), (line) => hash.update(`${line}\n`));
      return hash.digest('hex');
    };
    assert.equal(digest(), digest());
  }
});

for (const { title, ...edit } of SHARDED_MUTATIONS) {
  test(`${SEEDS} seeds find a bug: ${title}`, async (t) => {
    const found = firstBroken(await loadCore(t, [edit]), SEEDS);
    assert.notEqual(found, null);
    t.diagnostic(String(found).split('\n')[0]!);
  });
}
