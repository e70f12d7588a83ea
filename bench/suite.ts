// `npm run bench`: runs rows of figures (bench/rows.ts) in interleaved rounds, each contestant once in each round, and prints
// medians with the least and the greatest, and what Headgate is compared with each of the others.
//
//   npm run bench -- [ROW...|all|list] [--rounds N] [--only NAME,...] [--tiny] [--json] [--out FILE] [--timeout SECONDS]
//                   [--minutes N]
//
// Without a ROW: relay-20 and relay-100. --only: contestants by name; --tiny: counts of the smoke test; --json: results on
// the output in place of tables; --out: puts the rows into a file of results, beside those that are there already;
// --timeout: for one run, 3600 unless told otherwise; --minutes: no round is begun that is not expected to end within so many,
// and it is said which did not. Rows are in the order of their importance. Status 1: a row came to nothing, or a run went wrong;
// 2: a name that there is not, and nothing was run.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Contestant, Peer, Scale } from './contestant.ts';
import { busyShare, freePortBase, machineFacts, peerVersions } from './machine.ts';
import { type Figures, type Measurement, type Results, type RowResult, summarise } from './measurement.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';
import { complaintAbout } from './subject.ts';
import { describeRow } from './tables.ts';
import { Words } from './words.ts';

const DEFAULT_ROWS = ['relay-20', 'relay-100'];
/** Of the processors, in use by others: then figures are worth little. */
const NOISE_MAX = 0.12;
const QUIET_MAX = 0.08;
const COMPLAINTS_MAX = 2_000;
/** What a program has to stop its servers after SIGTERM. */
const STOP_MS = 30_000;
const MINUTE_MS = 60_000;

/** A line of `bench/bench relay`. */
interface RelayLine {
  readonly messages: number;
  readonly msgs_per_s: number;
  readonly accept_per_s: number | null;
  readonly cpu_ms_per_msg: number | null;
  readonly max_rss_mb: number;
  readonly max_pss_mb: number;
  readonly lost: number;
  readonly noisy: boolean;
  readonly error?: string;
}

class Suite {
  readonly #words: Words;
  readonly #scale: Scale;
  readonly #timeoutMs: number;
  readonly #endsAt: number;
  readonly #versions: ReadonlyMap<Peer, string>;
  readonly #environment: NodeJS.ProcessEnv;
  #running: ChildProcess | null = null;
  isStopped = false;
  hasFailed = false;

  constructor(words: Words, versions: ReadonlyMap<Peer, string>) {
    this.#words = words;
    this.#scale = words.has('tiny') ? 'tiny' : 'full';
    this.#timeoutMs = words.number('timeout', 3_600) * 1000;
    this.#endsAt = performance.now() + words.number('minutes', Number.POSITIVE_INFINITY) * MINUTE_MS;
    this.#versions = versions;
    const impatient = { BENCH_QUIET: '0', BENCH_TRIES: '1' };
    this.#environment = { ...process.env, ...(this.#scale === 'tiny' ? impatient : {}) };
  }

  /** What runs is told to stop its servers and end; nothing else is started. */
  stop(): void {
    this.isStopped = true;
    if (this.#running !== null) signalGroup(this.#running, 'SIGTERM');
  }

  async measure(row: Row): Promise<RowResult | 'no time'> {
    const leftOut: { name: string; reason: string }[] = [];
    const measurements = new Map<string, Measurement[]>();
    const wanted = wantedOf(row, this.#scale, namesOf(this.#words));
    for (const contestant of wanted) {
      const reason = await this.#obstacle(contestant);
      if (reason !== null) leftOut.push({ name: contestant.name, reason });
    }
    const startedAt = performance.now();
    const rounds = this.#words.number('rounds', this.#scale === 'tiny' ? 1 : row.rounds);
    let [round, expectedMs] = [1, row.roundMinutes * MINUTE_MS];
    for (; round <= rounds && performance.now() + expectedMs <= this.#endsAt; round++) {
      const roundAt = performance.now();
      for (const contestant of wanted) {
        const { name, rounds: most = rounds } = contestant;
        if (round > most || leftOut.some((one) => one.name === name)) continue;
        if (this.isStopped) throw new Error('told to end');
        process.stderr.write(`bench: ${row.id}: round ${round} of ${rounds}: ${name}\n`);
        const outcome = await this.#run(contestant);
        if (typeof outcome === 'string') {
          this.hasFailed = true;
          leftOut.push({ name, reason: `${round > 1 ? `after ${round - 1} rounds, ` : ''}${outcome}` });
          continue;
        }
        const before = measurements.get(name) ?? [];
        measurements.set(name, [...before, outcome]);
      }
      expectedMs = performance.now() - roundAt;
      const took = (expectedMs / MINUTE_MS).toFixed(1);
      process.stderr.write(`bench: ${row.id}: round ${round} of ${rounds} took ${took} minutes\n`);
    }
    const done = round - 1;
    if (this.isStopped) throw new Error('told to end');
    if (done === 0 && rounds > 0) return 'no time';
    const shortened =
      done < rounds
        ? `${done} of ${rounds} rounds: the ${this.#words.text('minutes', '')} minutes of the run were over`
        : null;
    if (shortened !== null) process.stderr.write(`bench: ${row.id}: ${shortened}\n`);
    for (const { name, reason } of leftOut) process.stderr.write(`bench: ${row.id}: ${name} is left out: ${reason}\n`);
    if (measurements.size === 0) this.hasFailed = true;
    return {
      title: row.title,
      command: this.#commandOf(row, done),
      isTiny: this.#scale === 'tiny',
      measuredAt: new Date().toISOString(),
      minutes: Number(((performance.now() - startedAt) / MINUTE_MS).toFixed(2)),
      ...(shortened === null ? {} : { shortened }),
      contestants: Array.from(measurements, ([name, all]) => summarise(name, all)),
      leftOut,
    };
  }

  #commandOf(row: Row, rounds: number): string {
    const only = this.#words.has('only') ? ` --only ${quoted(this.#words.text('only', ''))}` : '';
    const tiny = this.#scale === 'tiny' ? ' --tiny' : '';
    return `npm run bench -- ${row.id} --rounds ${rounds}${only}${tiny}`;
  }

  /** @returns why it cannot run on this machine, or null */
  async #obstacle({ peer, isRelay, needsTools, configuration }: Contestant): Promise<string | null> {
    if (configuration !== undefined) {
      const complaint = await complaintAbout(configuration);
      if (complaint !== null) return `this version refuses \`${configuration}\`: ${complaint}`;
    }
    if ((isRelay === true || needsTools === true) && !this.#versions.has('postfix'))
      return 'smtp-source and smtp-sink are not installed; `bench/bench setup postfix` does it';
    if (peer === undefined) return null;
    if (!this.#versions.has(peer)) return `not set up; \`bench/bench setup ${peer}\` does it`;
    if (peer !== 'haraka' && process.getuid?.() !== 0) return 'it has to be started as root';
    return null;
  }

  /** @returns its figures, or what went wrong */
  async #run(contestant: Contestant): Promise<Measurement | string> {
    const { name, command, environment, isRelay } = contestant;
    if (isRelay !== true) await this.#quiet();
    const { code, output, complaints } = await this.#spawn(command, environment ?? {});
    const last = output.trimEnd().split('\n').at(-1)!;
    if (code !== 0 || !last.startsWith('{')) return `it ended with ${code}: ${oneLine(complaints)}`;
    let line: unknown;
    try {
      line = JSON.parse(last);
    } catch {
      return `its last line is not JSON: ${oneLine(last)}`;
    }
    if (isRelay === true) return measurementOf(name, line as RelayLine);
    const measurement = line as Measurement;
    const isNoisy = measurement.isNoisy || (this.#scale === 'full' && (await busyShare()) > NOISE_MAX);
    return { ...measurement, name, isNoisy };
  }

  /** Waits for a moment in which the machine does little, a minute and a half at most. */
  async #quiet(): Promise<void> {
    if (this.#scale === 'tiny') return;
    const endsAt = performance.now() + Number(process.env['BENCH_QUIET'] ?? 90) * 1000;
    while (performance.now() < endsAt && (await busyShare()) > QUIET_MAX);
  }

  #spawn(
    [program, ...words]: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<{ code: number | string | null; output: string; complaints: string }> {
    return new Promise((resolve) => {
      const env = { ...this.#environment, ...environment };
      const child = spawn(program!, words, { stdio: ['ignore', 'pipe', 'pipe'], env, detached: true });
      this.#running = child;
      let [output, complaints] = ['', ''];
      let isLate = false;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complaints = (complaints + text).slice(-COMPLAINTS_MAX);
      });
      const timers: NodeJS.Timeout[] = [];
      const end = (): void => {
        isLate = true;
        signalGroup(child, 'SIGTERM');
        timers.push(setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS));
      };
      timers.push(setTimeout(end, this.#timeoutMs));
      child.once('error', (error) => {
        complaints += error.message; // it cannot be started; 'close' follows
      });
      child.once('close', (code, signal) => {
        for (const timer of timers) clearTimeout(timer);
        this.#running = null;
        resolve({ code: isLate ? 'the timeout' : (code ?? signal), output, complaints });
      });
    });
  }
}

/** The program and what it started in its own group; servers of `bench/bench` are in groups that it stops itself. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function measurementOf(name: string, line: RelayLine): Measurement {
  const figures: Figures = {
    messages: line.messages,
    msgs_per_s: line.msgs_per_s,
    accept_per_s: line.accept_per_s,
    ...(line.cpu_ms_per_msg === null
      ? {}
      : { cpu_ms_per_msg: line.cpu_ms_per_msg, rss_mb: line.max_rss_mb, pss_mb: line.max_pss_mb }),
  };
  const problems = [
    ...(line.lost === 0 ? [] : [`${line.lost} of ${line.messages} messages did not arrive in time`]),
    ...(line.error === undefined ? [] : [oneLine(line.error)]),
  ];
  return { name, figures, isNoisy: line.noisy, problems };
}

/** The error, if there is one, or the end. */
function oneLine(text: string): string {
  const lines = text.trim().split('\n');
  const error = lines.findLast((line) => /^\w*Error: /.test(line));
  const said = error ?? lines.slice(-3).join(' ');
  return said.replaceAll(/\s+/g, ' ').slice(0, 300) || 'it said nothing';
}

/** As a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w.,:=/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The contestants of `--only`; none for all of them. */
const namesOf = (words: Words): readonly string[] => words.text('only', '').split(',').filter(Boolean);

function wantedOf(row: Row, scale: Scale, only: readonly string[]): readonly Contestant[] {
  return row.contestants(scale).filter(({ name }) => only.length === 0 || only.includes(name));
}

/** What is wrong with names that were given, or null. */
function mistakeIn(rows: readonly string[], only: readonly string[]): string | null {
  const unknown = rows.filter((id) => ROWS.every((row) => row.id !== id));
  if (unknown.length > 0) return `no such row: ${unknown.join(', ')}; there are ${ROWS.map(({ id }) => id).join(', ')}`;
  const contestants = rowsOf(rows).flatMap((row) => row.contestants('tiny').map(({ name }) => name));
  const strange = only.filter((name) => !contestants.includes(name));
  if (strange.length === 0) return null;
  return `--only: no such contestant in ${rows.join(', ')}: ${strange.join(', ')}; there are ${[...new Set(contestants)].join(', ')}`;
}

function readResults(file: string): Results {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : { machine: {}, rows: {} };
}

/** A row that has no contestants is worked out from others: those are measured. */
function rowsOf(wanted: readonly string[]): readonly Row[] {
  const isView = (row: Row): boolean => row.contestants('tiny').length === 0;
  const sources = ROWS.filter((row) => wanted.includes(row.id) && isView(row)).flatMap((row) => row.from ?? []);
  return ROWS.filter((row) => !isView(row) && [...wanted, ...sources].includes(row.id));
}

function wordsOf(given: readonly string[]): Words {
  const words = new Words(given, ['rounds', 'only', 'out', 'timeout', 'minutes'], ['tiny', 'json']);
  for (const name of ['rounds', 'timeout'])
    if (words.has(name) && words.number(name, 0) === 0) throw new Error(`--${name}: found 0; expected more`);
  const out = words.text('out', '');
  if (out !== '' && !existsSync(dirname(out))) throw new Error(`--out: there is no directory ${dirname(out)}`);
  return words;
}

async function main(): Promise<number> {
  let words: Words;
  try {
    words = wordsOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    return 2;
  }
  if (words.rest.includes('list')) {
    for (const { id, title } of ROWS) process.stdout.write(`${id.padEnd(12)} ${title}\n`);
    return 0;
  }
  const named = words.rest.length > 0 ? words.rest : DEFAULT_ROWS;
  const wanted = words.rest.includes('all') ? ROWS.map(({ id }) => id) : named;
  const only = namesOf(words);
  const mistake = mistakeIn(wanted, only);
  if (mistake !== null) {
    process.stderr.write(`bench: ${mistake}\n`);
    return 2;
  }
  process.env['BENCH_PORT_BASE'] ??= String(await freePortBase());
  const versions = await peerVersions();
  const suite = new Suite(words, versions);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => suite.stop());
  const out = words.text('out', '');
  const before = out === '' ? { rows: {} } : readResults(out);
  let results: Results = { machine: await machineFacts(versions), rows: before.rows };
  const fresh: Record<string, RowResult> = {};
  for (const row of rowsOf(wanted)) {
    if (wantedOf(row, 'tiny', only).length === 0) {
      process.stderr.write(`bench: ${row.id}: not measured: it has none of the contestants of --only\n`);
      continue;
    }
    let result: RowResult;
    try {
      const measured = await suite.measure(row);
      if (measured === 'no time') {
        suite.hasFailed = true;
        process.stderr.write(
          `bench: ${row.id}: NOT MEASURED: too little of the ${words.text('minutes', '')} minutes is left\n`,
        );
        continue;
      }
      result = measured;
    } catch (error) {
      if (suite.isStopped) throw error;
      suite.hasFailed = true; // the other rows are worth having
      process.stderr.write(`bench: ${row.id}: ${(error as Error).stack}\n`);
      continue;
    }
    fresh[row.id] = result;
    results = { ...results, rows: { ...results.rows, [row.id]: result } };
    // After each row, so that what was measured stays when a later one is ended.
    if (out !== '') writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
    if (!words.has('json')) process.stdout.write(`\n## ${row.title}\n\n${describeRow(row, results.rows)}\n`);
  }
  if (words.has('json')) process.stdout.write(`${JSON.stringify({ ...results, rows: fresh }, null, 2)}\n`);
  return suite.hasFailed ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
