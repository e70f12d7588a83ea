// 200 fixed seeds, those that ever failed, and one that nobody has run before. A failing one is repeated with
// `npm run sim -- --seed N`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILED_SEEDS } from './failed-seeds.ts';
import { describeShrunken, describeViolation } from './failure-report.ts';
import { runSeed } from './simulation.ts';

const SEEDS = 200;
const PER_TEST = 20;

function checkSeeds(from: number, to: number): void {
  for (let seed = from; seed <= to; seed++) checkSeed(seed);
}

function checkSeed(seed: number): void {
  const report = runSeed(seed);
  if (report.violations.length > 0) assert.fail(`${describeViolation(report)}\n${describeShrunken(report)}`);
}

for (let from = 1; from <= SEEDS; from += PER_TEST) {
  test(`simulation of seeds ${from} to ${from + PER_TEST - 1}`, () => checkSeeds(from, from + PER_TEST - 1));
}

for (const { seed, reason } of FAILED_SEEDS) {
  test(`simulation of seed ${seed}, which once failed: ${reason}`, () => checkSeed(seed));
}

const fresh = Date.now() % 2 ** 31;
test(`simulation of a fresh seed, ${fresh}`, () => checkSeed(fresh));

test('a seed repeats its run to the last event', () => {
  const traceOf = (seed: number) => {
    const lines: string[] = [];
    const { events } = runSeed(seed, (line) => lines.push(line));
    return { events, lines };
  };
  assert.deepEqual(traceOf(3), traceOf(3));
});
