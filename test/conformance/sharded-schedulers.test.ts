// Several schedulers on one shared ledger, as they are, in random interleavings: see test/support/sharded-simulation.ts. And
// that this simulation bites: it has to find bugs that are put in on purpose.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import { loadCore } from '../support/edited-core.ts';
import { SHARDED_MUTATIONS } from '../support/sharded-mutations.ts';
import { planOf, type ShardedPlan } from '../support/sharded-plan.ts';
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

test('a flood of one queue in two shards keeps its connections, and who comes late waits for no more than a message', async (t) => {
  const core = await loadCore(t);
  const late = [5000, 8000, 11_000];
  const arrival = { binding: 'b0', domain: 'd0.example' };
  const flood = [0, 1].map((shard) => ({ ...arrival, at: 0, shard, count: 1000 }));
  const open = { node: NO_LIMIT, reserve: 0, pair: [NO_LIMIT, NO_LIMIT], host: NO_LIMIT, scope: NO_LIMIT };
  const plan: ShardedPlan = {
    ...planOf(4),
    shards: 2,
    domains: ['d0.example', 'd1.example'].map((name) => ({ name, hosts: [['192.0.2.1', 10]] })),
    versions: [{ ...open, binding: 4 }],
    arrivals: [...flood, ...late.map((at) => ({ ...arrival, at, shard: 0, domain: 'd1.example', count: 1 }))],
    replyMsMax: 100,
    waitMsMax: null,
  };
  let opened = 0;
  const waited: number[] = [];
  runSharded(core, plan, (line) => {
    if (line.includes(' opens for ')) opened += 1;
    const [, seconds] = /^ *([\d.]+) .*(?:opens for|goes over to) b0 d1/.exec(line) ?? [];
    if (seconds !== undefined) waited.push(Math.round(1000 * Number(seconds)) - late[waited.length]!);
  });
  t.diagnostic(`${opened} connections for 2,003 messages; late ones waited ${waited.join(', ')} ms`);
  // Of 20 messages each they would be a hundred.
  assert.ok(opened < 40, `${opened} connections`);
  assert.equal(waited.length, late.length);
  for (const ms of waited) assert.ok(ms < 150, `waited ${ms} ms`);
});

for (const { title, ...edit } of SHARDED_MUTATIONS) {
  test(`${SEEDS} seeds find a bug: ${title}`, async (t) => {
    const found = firstBroken(await loadCore(t, [edit]), SEEDS);
    assert.notEqual(found, null);
    t.diagnostic(String(found).split('\n')[0]!);
  });
}
