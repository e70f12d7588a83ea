// The benchmarks with tiny counts: every row runs to its end and gives its figures, and the document is filled with them. How
// fast anything was is not looked at.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Measurement, type Results, summarise } from '../../bench/measurement.ts';
import { ROWS } from '../../bench/rows.ts';
import { describeRow, NOT_MEASURED } from '../../bench/tables.ts';
import { IS_ROOT, skipWithout } from '../support/peer-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const PERFORMANCE = path('docs/performance.md');

for (const { row, names, figures } of [
  { row: 'hot-parts', names: ['ledger', 'queue', 'resolution'], figures: ['ledger_10_ns', 'load_cpu_seconds'] },
  { row: 'limit', names: ['headgate'], figures: ['busy_share_mean', 'connections_peak', 'cpu_ms_per_msg'] },
  {
    row: 'growth',
    names: ['queued', 'domains', 'bindings', 'stanzas', 'outbound'],
    figures: ['delivering_beside_20_ns'],
  },
  { row: 'latency', names: ['headgate'], figures: ['latency_p50_ms', 'latency_p99_ms', 'peak_per_s'] },
  {
    row: 'queued',
    names: ['a hundred thousand'],
    figures: ['octets_per_message', 'start_seconds', 'rss_mb_restarted'],
  },
  { row: 'slots', names: ['each slot'], figures: ['retries_of_compare_and_swap', 'attempts_that_failed'] },
]) {
  test(`row ${row} gives figures for ${names.join(', ')}`, { timeout: 300_000 }, async (t) => {
    const results = await measure(t, temporaryDirectory(t), row, names);
    assertFigures(results, row, names, figures);
  });
}

const skip = skipWithout('smtp-source', 'smtp-sink');

test('source, server and sink; and the parts', { skip, timeout: 600_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755); // the user of Postfix looks into it
  const file = join(directory, 'results.json');
  const common = ['--out', file];
  const names = ['direct', 'headgate'];
  for (const row of ['relay-20', 'relay-50k', 'relay-new', 'domains']) {
    const results = await measure(t, directory, row, names, common);
    assertFigures(results, row, names, ['msgs_per_s']);
    assert.ok(results.rows[row]!.contestants[1]!.figures['cpu_ms_per_msg'] !== undefined);
  }
  if (IS_ROOT) {
    const encrypted = await measure(t, directory, 'tls', ['headgate'], common);
    assertFigures(encrypted, 'tls', ['headgate'], ['msgs_per_s']);
  } else {
    t.diagnostic('NOT RUN: row tls; its receiver is Postfix, which starts as root only');
  }
  const cases = [
    { row: 'relay-100', only: ['headgate', 'headgate with two shards', 'the bare relay'], figures: ['cpu_ms_per_msg'] },
    { row: 'bare', only: ['receive', 'commit', 'send'], figures: ['2k_100_cpu_ms', '50k_20_cpu_ms'] },
    { row: 'profile', only: ['2 KB at 20 sessions', 'the bare relay'], figures: ['CPU: all', 'CPU: spool'] },
    { row: 'growth', only: ['clients'], figures: ['relaying_beside_20_ns'] },
  ];
  for (const { row, only, figures } of cases) {
    assertFigures(await measure(t, directory, row, only, common), row, only, figures);
  }
  const parts = await measure(t, directory, 'parts', ['receive', 'commit', 'send'], common);
  assertFigures(parts, 'parts', ['send'], ['send_2k_overlap_cpu_ms', 'send_50k_overlap_cpu_ms']);

  const document = join(directory, 'performance.md');
  cpSync(PERFORMANCE, document);
  assert.equal((await run(t, directory, ['bench/publish.ts', file, document])).code, 0);
  const filled = readFileSync(document, 'utf8');
  const placeOf = (row: string): string =>
    filled.split(`<!-- figures: ${row} -->`)[1]!.split('<!-- end of figures -->')[0]!;
  for (const row of ['relay-20', 'relay-new', 'bare', 'domains', 'parts', ...(IS_ROOT ? ['tls'] : [])]) {
    assert.match(placeOf(row), /Counts of the smoke test[\s\S]*\| (headgate|send) +\|[\s\S]*npm run bench -- /, row);
  }
  assert.match(
    placeOf('shards'),
    /Counts of the smoke test[\s\S]*\| two shards +\|[\s\S]*from `relay-20`, `relay-100`/,
  );
  assert.ok(Object.keys((JSON.parse(readFileSync(file, 'utf8')) as Results).machine).length > 3);
});

test('a table tells which goals are met and which are missed, and what is less than was asked for', () => {
  const row = ROWS.find(({ id }) => id === 'relay-50k')!;
  const measured = (name: string, rate: number, cpu: number, runs = 5): Measurement[] =>
    Array.from({ length: runs }, () => {
      return { name, figures: { msgs_per_s: rate, cpu_ms_per_msg: cpu }, isNoisy: false, problems: [] };
    });
  const result = {
    title: row.title,
    command: 'npm run bench -- relay-50k --rounds 5',
    isTiny: false,
    measuredAt: '2026-11-25T12:00:00.000Z',
    shortened: '5 of 7 rounds: the 9 minutes of the run were over',
    contestants: [
      summarise('headgate', measured('headgate', 700, 0.2)),
      summarise('postfix', measured('postfix', 100, 1.9, 3)),
    ],
    leftOut: [],
  };
  const text = describeRow(row, { 'relay-50k': result });
  assert.match(text, /^- Goal: messages\/s, times those of postfix, at least 7: 7\.00\.$/m);
  assert.match(text, /^- \*\*Missed\*\*: CPU per message of postfix, times Headgate's, at least 10: 9\.50\.$/m);
  assert.match(text, /^- 5 of 7 rounds: the 9 minutes of the run were over\.$/m);
  assert.match(text, /^- postfix: 3 of 5 rounds\.$/m);
  const shards = describeRow(ROWS.find(({ id }) => id === 'shards')!, { 'relay-50k': result });
  assert.equal(shards, NOT_MEASURED);
});

for (const { words, expected } of [
  { words: ['relay-7'], expected: /^bench: no such row: relay-7; there are relay-20, relay-100, .*queued\n$/ },
  {
    words: ['latency', 'slots', '--only', 'headgate,postfx,each slot'],
    expected:
      /^bench: --only: no such contestant in latency, slots: postfx; there are headgate, postfix, .*, each slot\n$/,
  },
  { words: ['slots', '--rounds', '0'], expected: /^bench: --rounds: found 0; expected more\n$/ },
  { words: ['slots', '--rounds', 'x'], expected: /^bench: --rounds: found x; expected a number from 0\n$/ },
  { words: ['slots', '--out', '/nowhere/at/all'], expected: /^bench: --out: there is no directory \/nowhere\/at\n$/ },
  {
    words: ['shards', '--only', 'two shards'], // it is worked out from others
    expected: /no such contestant in shards: two shards; there are direct, headgate, headgate with two shards, /,
  },
]) {
  test(`bench ${words.join(' ')}: what is wrong is told, and nothing runs`, { timeout: 60_000 }, async (t) => {
    const { code, output, complaints } = await run(t, temporaryDirectory(t), ['bench/suite.ts', ...words]);
    assert.equal(code, 2);
    assert.equal(output, '');
    assert.match(complaints, expected);
  });
}

test('bench/bench compare: the name that there is not is told', { timeout: 60_000 }, async (t) => {
  const words = [path('bench/bench'), 'compare', 'direct', 'postfx'];
  const child = spawn('bash', words, { env: { ...process.env, HEADGATE_BENCH_DIR: temporaryDirectory(t) } });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const [code] = await once(child, 'close');
  assert.deepEqual(
    [code, complaints],
    [2, 'bench: no such name: postfx; there are direct, exim, haraka, opensmtpd, postfix\n'],
  );
});

test('the command of a result can be pasted into a shell', { timeout: 120_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const words = ['bench/suite.ts', 'slots', 'latency', '--only', 'each slot', '--tiny', '--json', '--rounds', '1'];
  const { code, output, complaints } = await run(t, directory, words);
  assert.equal(code, 0, complaints);
  assert.match(complaints, /^bench: latency: not measured: it has none of the contestants of --only$/m);
  const { rows } = JSON.parse(output) as Results;
  assert.deepEqual(Object.keys(rows), ['slots']);
  assert.equal(rows['slots']!.command, "npm run bench -- slots --rounds 1 --only 'each slot' --tiny");
});

test('what does not fit into the time is told', { timeout: 60_000 }, async (t) => {
  const words = ['bench/suite.ts', 'slots', '--tiny', '--minutes', '0'];
  const { code, complaints } = await run(t, temporaryDirectory(t), words);
  assert.equal(code, 1);
  assert.match(complaints, /bench: slots: NOT MEASURED: too little of the 0 minutes is left/);
});

async function measure(
  t: TestContext,
  directory: string,
  row: string,
  names: readonly string[],
  words: readonly string[] = [],
): Promise<Results> {
  const command = ['bench/suite.ts', row, '--tiny', '--json', '--only', names.join(','), '--timeout', '240', ...words];
  const { code, output, complaints } = await run(t, directory, command);
  assert.equal(code, 0, complaints);
  return JSON.parse(output) as Results;
}

function assertFigures(results: Results, row: string, names: readonly string[], figures: readonly string[]): void {
  const { contestants, leftOut } = results.rows[row]!;
  assert.deepEqual(leftOut, []);
  for (const name of names) {
    const contestant = contestants.find((candidate) => candidate.name === name);
    assert.ok(contestant !== undefined, name);
    assert.deepEqual([contestant.runs, contestant.problems], [1, []], name);
  }
  const known = new Set(contestants.flatMap((contestant) => Object.keys(contestant.figures)));
  for (const figure of figures) assert.ok(known.has(figure), `${figure} is not among ${[...known].join(', ')}`);
}

/** Its queues are in `directory`, so that runs at the same time do not meet. */
async function run(t: TestContext, directory: string, words: readonly string[]) {
  const env = { ...process.env, HEADGATE_BENCH_DIR: join(directory, 'bench') };
  const child = spawn(process.execPath, words, { cwd: path('.'), stdio: ['ignore', 'pipe', 'pipe'], env });
  t.after(() => child.kill()); // a suite that is told to end stops what it started
  let [output, complaints] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, complaints };
}
