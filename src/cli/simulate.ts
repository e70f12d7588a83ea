// `headgate simulate`: takes a day of traffic through the scheduler under one configuration or two, with receivers that are
// models, and tells what came of it (docs/rehearsal.md).
import { readFileSync, writeFileSync } from 'node:fs';
import { type WallMs, wallMs } from '../core/base/moment.ts';
import { systemErrorText } from '../core/base/system-error.ts';
import { type Configuration, DEFAULT_BINDING } from '../core/config/configuration.ts';
import { stanzasBelow } from '../core/config/findings/dead-entry.ts';
import { loadConfiguration } from '../core/config/load.ts';
import { rollupMx } from '../core/config/options/roll-up-options.ts';
import { type ConfigProblem, explainProblem, formatWarning } from '../core/config/problem.ts';
import type { CurfewSchedule } from '../core/queue/curfew-schedule.ts';
import { loadCurfew } from '../daemon/curfew-check.ts';
import { readSource } from '../daemon/read-source.ts';
import { Experience } from '../rehearsal/experience.ts';
import { figuresOf } from '../rehearsal/figures.ts';
import { formatHtmlReport } from '../rehearsal/html-report.ts';
import { formatJsonReport } from '../rehearsal/json-report.ts';
import type { Outcome } from '../rehearsal/outcome.ts';
import { Receivers, readReceivers } from '../rehearsal/receivers-file.ts';
import { type Arrival, Rehearsal } from '../rehearsal/rehearsal.ts';
import { SYNTHETIC_START, syntheticTraffic } from '../rehearsal/synthetic.ts';
import { formatTextReport } from '../rehearsal/text-report.ts';
import { TraceReader } from '../rehearsal/trace.ts';
import { readLines } from './simulate-lines.ts';
import { parseSimulateArguments, type SimulateArguments, type SimulateTraffic } from './simulate-options.ts';

const USAGE = `\
usage: headgate simulate -c FILE [--against FILE] --traffic LOG... [OPTION...]
       headgate simulate -c FILE [--against FILE] --synthetic WORD=VALUE,... [OPTION...]
       headgate simulate --learn FILE --traffic LOG...

Takes recorded mail (mainlog.ec, *.gz, - for standard input; several in their order) or mail that is made up through the
scheduler with modelled receivers, and prints connections, delivery times, backlog and refusals for each binding and domain;
with --against, those of both configurations and the difference. docs/rehearsal.md explains all of it.

  --receivers FILE   how receivers behave
  --seed N           of everything that is left to chance (1)
  --drain HOURS      how long mail is delivered after the last arrival (24)
  --top N, --all     how many (binding, domain) are shown (10), those with most messages first
  --json             JSON in place of tables
  --html FILE        also writes a page with plots
  --learn FILE       rehearses nothing, but writes a receivers file with the refusals that the logs tell of
  --synthetic        messages, domains, hours, names, bindings, zipf, campaigns, campaign_share, campaign_minutes, size

Exit status: 0 done, 1 a file that cannot be read or has no mail, 2 usage, 78 a configuration that does not load.
`;

const EX_CONFIG = 78;
const HOUR_MS = 3_600_000;
const PROGRESS_EVERY = 20_000;

/** @param argv what follows `headgate simulate` @returns the exit status */
export async function runSimulate(argv: readonly string[]): Promise<number> {
  const parsed = parseSimulateArguments(argv);
  if (parsed.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (parsed.kind === 'refused') {
    process.stderr.write(`headgate simulate: ${parsed.reason}\n"headgate simulate --help" says how it is used\n`);
    return 2;
  }
  try {
    return parsed.kind === 'learn' ? await learn(parsed.files, parsed.to) : await rehearse(parsed.arguments);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`headgate simulate: ${error.message}\n`);
    return 1;
  }
}

async function learn(files: readonly string[], to: string): Promise<number> {
  const experience = new Experience();
  for (const file of files) await readLog(file, (text) => experience.line(text));
  if (experience.attempts === 0) {
    throw new Refusal(`${files.join(' ')}: found no attempts; expected records of type D, T or P of mainlog`);
  }
  writeReport(to, experience.receiversFile(files.join(' ')));
  return 0;
}

async function rehearse(options: SimulateArguments): Promise<number> {
  const { file, against, receivers: receiversFile, traffic, seed } = options;
  const candidate = load(file);
  const other = against === null ? null : load(against);
  const receivers = receiversFile === null ? new Receivers() : loadReceivers(receiversFile);
  if (candidate === null || (against !== null && other === null) || receivers === null) return EX_CONFIG;
  const stage = new Stage(other === null ? [candidate] : [candidate, other], receivers, seed);
  const heard = await play(traffic, candidate.configuration, seed, stage);
  if (!stage.hasBegun)
    throw new Refusal(`${heard.traffic}: found no mail; expected reception records (type R) of mainlog`);
  return tell(stage, heard, options);
}

/** What was asked for cannot be done; the message says why. */
class Refusal extends Error {}

/** The rehearsals of all configurations, side by side. They begin with the first mail. */
class Stage {
  rehearsals: readonly Rehearsal[] = [];
  arrivals = 0;
  lastArrivalAt: WallMs = wallMs(0);
  readonly #loaded: readonly Loaded[];
  readonly #receivers: Receivers;
  readonly #seed: number;

  constructor(loaded: readonly Loaded[], receivers: Receivers, seed: number) {
    this.#loaded = loaded;
    this.#receivers = receivers;
    this.#seed = seed;
  }

  get hasBegun(): boolean {
    return this.rehearsals.length > 0;
  }

  begin(startsAt: WallMs): void {
    const [receivers, seed] = [this.#receivers, this.#seed];
    this.rehearsals = this.#loaded.map((loaded) => new Rehearsal({ ...loaded, receivers, seed, startsAt }));
  }

  receive(arrival: Arrival): void {
    if (!this.hasBegun) this.begin(wallMs(Math.floor(arrival.at / 1000) * 1000));
    this.lastArrivalAt = arrival.at;
    for (const rehearsal of this.rehearsals) rehearsal.receive(arrival);
    this.arrivals += 1;
    if (this.arrivals % PROGRESS_EVERY === 0 && process.stderr.isTTY === true) {
      process.stderr.write(`\r${this.arrivals} messages, ${new Date(arrival.at).toISOString()} `);
    }
  }
}

/** What is said of the traffic in reports. */
interface Heard {
  readonly traffic: string;
  readonly notes: readonly string[];
}

async function play(traffic: SimulateTraffic, candidate: Configuration, seed: number, stage: Stage): Promise<Heard> {
  if (traffic.kind === 'trace') return playTrace(traffic.files, stage);
  const { shape, text } = traffic;
  for (const name of shape.bindings) {
    if (!candidate.hasBinding(name)) throw new Refusal(`--synthetic: bindings: no such binding "${name}"`);
  }
  const all = candidate.bindings().map(({ name }) => name);
  const others = all.filter((name) => name !== DEFAULT_BINDING);
  const bindings = shape.bindings.length > 0 ? shape.bindings : others.length > 0 ? others : all;
  stage.begin(SYNTHETIC_START);
  for (const arrival of syntheticTraffic(shape, bindings, seed)) stage.receive(arrival);
  return { traffic: `synthetic ${text}`, notes: [] };
}

async function playTrace(files: readonly string[], stage: Stage): Promise<Heard> {
  const reader = new TraceReader((arrival) => stage.receive(arrival));
  let firstUnreadable: string | null = null;
  for (const file of files) {
    let line = 0;
    const before = reader.unreadable;
    await readLog(file, (text) => {
      line += 1;
      reader.line(text);
      if (firstUnreadable === null && reader.unreadable > before) firstUnreadable = `${file}:${line}`;
    });
  }
  reader.end();
  const notes: string[] = [];
  if (firstUnreadable !== null) {
    notes.push(`${reader.unreadable} of ${reader.lines} lines are no records of mainlog, the first ${firstUnreadable}`);
  }
  if (reader.late > 0) notes.push(`${reader.late} receptions are earlier than one before them and arrive with that`);
  return { traffic: files.join(' '), notes };
}

function tell(stage: Stage, heard: Heard, options: SimulateArguments): number {
  for (const rehearsal of stage.rehearsals) rehearsal.finish(options.drainHours * HOUR_MS);
  if (process.stderr.isTTY === true && stage.arrivals >= PROGRESS_EVERY) process.stderr.write('\n');
  const [candidate, other] = stage.rehearsals as [Rehearsal, Rehearsal | undefined];
  const files = [options.file, options.against];
  const outcome: Outcome = {
    traffic: heard.traffic,
    receivers: options.receivers,
    seed: options.seed,
    startsAt: new Date(candidate.startsAt),
    lastArrivalAt: new Date(stage.lastArrivalAt),
    notes: [
      ...heard.notes,
      ...stage.rehearsals.flatMap((rehearsal, index) => notesOn(rehearsal, files[index]!, options.drainHours)),
    ],
    candidate: figuresOf(candidate, options.file),
    against: other === undefined ? null : figuresOf(other, options.against!),
  };
  if (options.html !== null) writeReport(options.html, formatHtmlReport(outcome, options.top));
  process.stdout.on('error', () => process.exit(1)); // the reader has seen enough, as `head` does
  process.stdout.write(options.json ? formatJsonReport(outcome, options.top) : formatTextReport(outcome, options.top));
  return 0;
}

async function readLog(file: string, take: (line: string) => void): Promise<void> {
  try {
    await readLines(file, take);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const expected = code.startsWith('Z_') ? 'a whole file of gzip' : 'a readable file';
    throw new Refusal(`${file}: ${systemErrorText(error)}; expected ${expected}`);
  }
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Refusal(`${file}: ${systemErrorText(error, 'write')}; expected a file that can be written`);
  }
}

function notesOn(rehearsal: Rehearsal, file: string, drainHours: number): string[] {
  const notes = rehearsal.heldBindings.map(
    ({ name, messages }) => `${file} has no binding "${name}": its ${messages} messages are held, as by a reload`,
  );
  const left = rehearsal.places.all.backlog;
  if (left > 0) notes.push(`${file}: ${left} messages were left ${drainHours} hours after the last arrival (--drain)`);
  return notes;
}

/** What a rehearsal needs of a configuration. Files for TLS are not looked at: they are on the server's machine. */
interface Loaded {
  readonly configuration: Configuration;
  readonly curfew: CurfewSchedule | null;
}

function load(file: string): Loaded | null {
  const result = loadConfiguration(file, readSource);
  process.stderr.write(result.warnings.map((warning) => `${formatWarning(warning)}\n`).join(''));
  let problems: readonly ConfigProblem[] = result.kind === 'problems' ? result.problems : [];
  if (result.kind === 'loaded') {
    const { configuration } = result;
    warnOfRollUps(configuration);
    const curfew = loadCurfew(configuration);
    if (curfew.problems.length === 0) return { configuration, curfew: curfew.schedule };
    problems = curfew.problems;
  }
  process.stderr.write(problems.map((problem) => `${explainProblem(problem)}\n`).join(''));
  return null;
}

function warnOfRollUps({ root }: Configuration): void {
  for (const { settings } of stanzasBelow(root)) {
    const setting = settings.get(rollupMx.name);
    if (setting?.value !== true) continue;
    const text =
      'is not rehearsed: domains keep their own queues, and what the limits of rollup_mx_name do to them is not shown';
    process.stderr.write(`${formatWarning({ at: setting.at, subject: rollupMx.name, text, repeats: 0 })}\n`);
  }
}

function loadReceivers(file: string): Receivers | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    process.stderr.write(`cannot read ${file}: ${systemErrorText(error)}; expected a receivers file\n`);
    return null;
  }
  const read = readReceivers(file, text);
  if (read.kind === 'receivers') return read.receivers;
  process.stderr.write(read.problems.map((problem) => `${explainProblem(problem)}\n`).join(''));
  return null;
}
