import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { ADMITTED, makeClaim } from '../../src/core/limits/ledger.ts';
import { LedgerControl } from '../../src/core/limits/ledger-control.ts';
import { HOT, LedgerMemory, OPEN } from '../../src/core/limits/ledger-memory.ts';
import type { LedgerThread } from '../support/ledger-thread.ts';
import { runShared } from '../support/shared-ledger-simulation.ts';
import type { SharedRun } from '../support/shared-run.ts';
import { type LedgerEdit, loadStepped, type Stepped } from '../support/stepped-ledger.ts';

/** A bug is found in so many seeds, or the test fails. */
const SEEDS = 200;
const FAIRNESS_SEEDS = 30;

/** Two to four shards; what binds is the counter that all need, or others. */
function runOf(seed: number): SharedRun {
  const shards = 2 + (seed % 3);
  return {
    shards,
    clientsPerShard: 3,
    rounds: 50,
    steps: 80,
    endsOfShards: seed % 5 !== 0,
    lowerings: seed % 4 !== 0,
    nodeLimit: seed % 2 === 0 ? 3 : shards * 2,
    limits: seed % 2 === 0 ? [2, 3, 4] : [1, 2, 1, 3],
  };
}

/** Everybody wants the same two slots, for a long time. */
const FAIRNESS: SharedRun = {
  shards: 3,
  clientsPerShard: 4,
  rounds: 1,
  steps: 20_000,
  endsOfShards: false,
  lowerings: false,
  nodeLimit: 50,
  limits: [2],
};

/** @returns what the run of that seed broke; or null */
function broken(modules: Stepped, seed: number, run: SharedRun): string | null {
  const { violations, overtaken } = runShared(modules, seed, run);
  if (violations.length > 0) return `seed ${seed}: ${violations.join('\n')}`;
  // Each client of another shard goes past once at most: it may have been about to take the slot already.
  const most = (run.shards - 1) * run.clientsPerShard;
  return overtaken > most ? `seed ${seed}: ${overtaken} slots went past somebody without a connection` : null;
}

/** @returns the first seed that breaks a promise, with what it broke; or null */
function firstBroken(modules: Stepped): string | null {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const found = broken(modules, seed, runOf(seed));
    if (found !== null) return found;
  }
  return null;
}

function firstUnfair(modules: Stepped): string | null {
  for (let seed = 1; seed <= FAIRNESS_SEEDS; seed++) {
    const found = broken(modules, seed, FAIRNESS);
    if (found !== null) return found;
  }
  return null;
}

test(`${SEEDS} seeds: in any interleaving of shards, ends of shards and lowerings every promise is kept`, async (t) => {
  assert.equal(firstBroken(await loadStepped(t)), null);
});

test(`${FAIRNESS_SEEDS} seeds: nobody without a connection is passed by more often than there are others`, async (t) => {
  assert.equal(firstUnfair(await loadStepped(t)), null);
});

test('sixteen shards on counters that all want', async (t) => {
  const modules = await loadStepped(t);
  const figures = runShared(modules, 1, {
    shards: 16,
    clientsPerShard: 2,
    rounds: 3,
    steps: 20_000,
    endsOfShards: false,
    lowerings: false,
    nodeLimit: 24,
    limits: [8, 12, 16],
  });
  assert.deepEqual(figures.violations, []);
  const { slots, retries, refusals } = figures;
  const perSlot = (count: number): string => (count / slots).toFixed(2);
  t.diagnostic(
    `${slots} slots; for each ${perSlot(retries)} retries of compare-and-swap, ${perSlot(refusals)} refusals`,
  );
  assert.ok(slots > 100);
});

test('a slot that looked full because of a taking that was rolled back wakes those who wait in that shard, too', async (t) => {
  const { Ledger, SharedCells, LedgerControl } = await loadStepped(t);
  const memory = LedgerMemory.make({ shards: 2, counters: 16 }, [1, 2, 3, 4]);
  const control = new LedgerControl(memory, []);
  const [one, other] = [0, 1].map((shard) => {
    complete(control.admit(shard));
    const ledger = new Ledger(new SharedCells(memory, shard));
    complete(ledger.poll());
    return ledger;
  });
  const [first, second] = ['first', 'second'].map((key) => {
    complete(one.refer(key));
    return complete(other.refer(key)) as number;
  });
  const holding = makeClaim([
    [first!, 1],
    [second!, 9],
  ]);
  assert.equal(complete(other.acquire(holding)), ADMITTED);
  const waiter = { waits: [], hasNoConnection: true };
  complete(one.wait(waiter, first, 1));
  assert.equal(complete(one.nextEligible()), null);
  const wide = makeClaim([
    [first!, 2],
    [second!, 1],
  ]);
  const taking = one.acquire(wide);
  while (memory.hot[first! * HOT + OPEN] !== 2) taking.next();
  complete(other.release(holding, false));
  complete(other.acquire(makeClaim([[second!, 9]])));
  assert.equal(complete(taking), 1, 'the second is full');
  assert.equal(complete(one.nextEligible()), waiter);
});

test('real threads: no more slots at once than the limits, everybody is woken, and nothing is left', async (t) => {
  const limits = [2, 1, 2];
  const [shards, slots] = [3, 20_000];
  const memory = LedgerMemory.make({ shards, counters: 64 }, [1, 2, 3, 4]);
  const control = new LedgerControl(memory, []);
  const seen = new SharedArrayBuffer(limits.length * 8);
  const threads = Array.from({ length: shards }, async (_, shard) => {
    control.admit(shard);
    const workerData: LedgerThread = { memory: memory.buffer, seen, shard, limits, slots };
    const worker = new Worker(new URL('../support/ledger-thread.ts', import.meta.url), { workerData });
    const [[sleeps]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return sleeps as number;
  });
  const sleeps = await Promise.all(threads);
  t.diagnostic(`threads slept ${sleeps.join(', ')} times`);
  for (const [at, limit] of limits.entries()) {
    const [now, most] = new Int32Array(seen).subarray(at * 2);
    assert.equal(now, 0);
    assert.ok(most! <= limit, `${most} slots at once of ${limit}`);
    assert.equal(memory.hot[(control.find(`counter ${at}`) as number) * HOT + OPEN], 0);
  }
});

function complete(steps: Generator): unknown {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

const CELLS = 'shared-cells';
const WAITS = 'shared-waits';
const BUGS: readonly (LedgerEdit & { readonly title: string })[] = [
  {
    title: 'the check of the limit apart from the increment',
    file: CELLS,
    text: 'const found = Atomics.compareExchange(this.#hot, index * HOT + OPEN, open, open + 1);',
    replacement: 'const found = open; Atomics.add(this.#hot, index * HOT + OPEN, 1);',
  },
  {
    title: 'the flag of a waiter set after it has looked once more',
    file: 'ledger',
    text: `    this.#cells.publish(counter, standingOf(lists), isWoken);
    if (this.#mayGoOn(list)) this.#noteReleased(counter);
`,
    replacement: `    if (this.#mayGoOn(list)) this.#noteReleased(counter);
    this.#cells.publish(counter, standingOf(lists), isWoken);
`,
  },
  {
    title: 'a rollback that wakes nobody elsewhere',
    file: CELLS,
    text: 'for (let taken = at - 1; taken >= 0; taken--) this.give(counters[taken]!);',
    replacement: `for (let taken = at - 1; taken >= 0; taken--) {
        const index = counters[taken]!;
        Atomics.store(this.#own, index * OWN + OWN_OPEN, this.#own[index * OWN + OWN_OPEN]! - 1);
        Atomics.sub(this.#hot, index * HOT + OPEN, 1);
      }`,
  },
  {
    title: 'a connection that goes over leaves first and enters afterwards, room or not',
    file: 'ledger',
    text: '      if (this.acquire(without(next, held)) !== ADMITTED) return false;\n',
    replacement: '      for (const counter of without(next, held).counters) this.#cells.take(counter);\n',
  },
  {
    title: 'an end of a shard that leaks its slots',
    file: 'ledger-control',
    text: '      Atomics.store(hot, index * HOT + OPEN, open);\n',
    replacement: '',
  },
  {
    title: 'slots of a shard that ended are free at once',
    file: 'ledger-control',
    text: '        held[index * OWN + OWN_OPEN]! += own[index * OWN + OWN_OPEN]!;\n',
    replacement: '',
  },
  {
    title: 'counters are set while a shard still takes and gives back',
    file: 'ledger-control',
    text: 'Atomics.load(words, STATE) !== ABSENT && Atomics.load(words, ACKNOWLEDGED) < epoch',
    replacement: 'Atomics.load(words, ACKNOWLEDGED) < epoch - 1000',
  },
  {
    title: 'a shard that was told to stop takes all the same',
    file: CELLS,
    text: '    if (this.isStopped) return 0;\n',
    replacement: '',
  },
  {
    title: 'a limit that was read once is never read again',
    file: CELLS,
    text: '    const most = this.limitOf(index, limit);\n    let open = this.open(index);\n',
    replacement:
      '    const most = (this.most ??= new Map()).get(index) ?? this.limitOf(index, limit);\n    this.most.set(index, most);\n    let open = this.open(index);\n',
  },
  {
    title: 'who leaves the first place tells nobody',
    file: WAITS,
    text: '    if ((isAgain || goesBefore(former, priority)) && this.others(index) !== 0) this.tellNext(index);\n',
    replacement: '',
  },
  {
    title: 'the bell is answered after what it rings for was looked at',
    file: CELLS,
    text: `    Atomics.store(this.#words, BELL, 0);
    const isChanged = Atomics.load(this.#memory.head, EPOCH) !== this.#epoch;
    if (isChanged) this.#follow();
`,
    replacement: `    const isChanged = Atomics.load(this.#memory.head, EPOCH) !== this.#epoch;
    if (isChanged) this.#follow();
    Atomics.store(this.#words, BELL, 0);
`,
  },
  {
    title: 'a table of keys that nobody takes over from a shard that ended with it',
    file: 'key-table',
    text: 'if (!this.#hasEnded(holder - 1)) continue;',
    replacement: 'continue;',
  },
];

for (const { title, ...edit } of BUGS) {
  test(`${SEEDS} seeds find a bug: ${title}`, async (t) => {
    const found = firstBroken(await loadStepped(t, [edit]));
    assert.notEqual(found, null);
    t.diagnostic(String(found));
  });
}

test(`${FAIRNESS_SEEDS} seeds find a bug: slots are left to nobody`, async (t) => {
  const text = '    return before > 0 && most - open <= before;\n';
  const found = firstUnfair(await loadStepped(t, [{ file: WAITS, text, replacement: '    return false;\n' }]));
  assert.notEqual(found, null);
  t.diagnostic(String(found));
});
