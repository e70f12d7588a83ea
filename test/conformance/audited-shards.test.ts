// The order in which shards count is the order of the lines of their audit, whoever tells late, and whoever ends at what.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkFiles, violationsOf } from '../support/audit-model.ts';
import { runAudited } from '../support/audited-shards.ts';

const SEEDS = 300;
const STEPS = 600;

test('three shards in any order, that end at any step: the audit proves their limits and contradicts nothing', () => {
  let [ends, endsTelling, opened] = [0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = runAudited(seed, STEPS);
    const report = checkFiles(run.files);
    assert.deepEqual(violationsOf(report), [], `seed ${seed}`);
    ends += run.ends;
    endsTelling += run.endsTelling;
    opened += report.opened;
  }
  assert.ok(ends > SEEDS && endsTelling > SEEDS / 2 && opened > SEEDS * 20, `${ends}, ${endsTelling}, ${opened}`);
});
