import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawScenario } from './scenario.ts';
import { formatScenario, parseScenario } from './scenario-text.ts';
import { runScenario, runSeed } from './simulation.ts';

test('a scenario is the same after it was written down', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const scenario = drawScenario(seed);
    assert.deepEqual(parseScenario(formatScenario(scenario)), scenario, `seed ${seed}`);
  }
});

test('a scenario that was written down is the same run', () => {
  const written = formatScenario(drawScenario(5));
  assert.deepEqual(runScenario(parseScenario(written)), runSeed(5));
});

test('what is not a scenario says so', () => {
  assert.throws(() => parseScenario('{"seed":1,"network":{}}'), /not a scenario: it has no configuration, sessions/);
  assert.throws(() => parseScenario('[]'), /not a scenario/);
});
