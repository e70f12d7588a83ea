// `npm run sim`: runs seeds of the simulation and stops at the first broken promise, which it then makes smaller.
//
//   npm run sim -- --seed 42         one seed, with everything that happened
//   npm run sim -- --seeds 1..200    many, with one line in the end
//   npm run sim -- --failed          those that ever failed
//   npm run sim -- --fresh           one that was never run before; its number is printed
//   npm run sim -- --scenario FILE   what a failure printed, with everything that happens; - is the standard input
//   --no-shrink                      says of a failure only which it is
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAILED_SEEDS } from './failed-seeds.ts';
import { describeShrunken, describeViolation } from './failure-report.ts';
import { parseScenario } from './scenario-text.ts';
import { type RunReport, runScenario, runSeed } from './simulation.ts';

const USAGE = `usage: npm run sim -- --seed NUMBER | --seeds FROM..TO | --failed | --fresh | --scenario FILE [--no-shrink]`;
const OPTIONS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  failed: { type: 'boolean' },
  fresh: { type: 'boolean' },
  scenario: { type: 'string' },
  'no-shrink': { type: 'boolean' },
} as const;
const STANDARD_INPUT = 0;

/** Exit status. */
function main(args: readonly string[]): number {
  let values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];
  try {
    values = parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\n${USAGE}`);
  }
  const { seed, seeds, failed, fresh, scenario } = values;
  if ([seed, seeds, failed, fresh, scenario].filter((value) => value !== undefined).length !== 1) return refuse(USAGE);
  const shrinks = values['no-shrink'] !== true;
  if (scenario !== undefined) return runTraced((trace) => runScenario(readScenario(scenario), trace), false);
  if (failed)
    return runMany(
      FAILED_SEEDS.map((known) => known.seed),
      shrinks,
    );
  if (fresh) {
    const unknown = Date.now() % 2 ** 31;
    console.log(`seed ${unknown}`);
    return runMany([unknown], shrinks);
  }
  const [, from, to] = /^(\d+)(?:\.\.(\d+))?$/.exec(seeds ?? seed!) ?? [];
  if (from === undefined || (seed !== undefined && to !== undefined)) return refuse(USAGE);
  if (seed !== undefined) return runTraced((trace) => runSeed(Number(from), trace), shrinks);
  const count = Number(to ?? from) - Number(from) + 1;
  return runMany(
    Array.from({ length: count }, (_, at) => Number(from) + at),
    shrinks,
  );
}

function refuse(text: string): number {
  console.error(text);
  return 2;
}

function readScenario(file: string): ReturnType<typeof parseScenario> {
  return parseScenario(readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8'));
}

function runTraced(run: (trace: (line: string) => void) => RunReport, shrinks: boolean): number {
  const report = run((line) => console.log(line));
  console.log(summary(report));
  return tell(report, shrinks);
}

function runMany(seeds: readonly number[], shrinks: boolean): number {
  let events = 0;
  let delivered = 0;
  for (const seed of seeds) {
    const report = runSeed(seed);
    events += report.events;
    delivered += report.delivered;
    const status = tell(report, shrinks);
    if (status !== 0) return status;
  }
  console.log(`${seeds.length} seeds kept every promise: ${delivered} messages delivered in ${events} events`);
  return 0;
}

function tell(report: RunReport, shrinks: boolean): number {
  if (report.violations.length === 0) return 0;
  console.error(describeViolation(report));
  if (shrinks) console.error(describeShrunken(report));
  return 1;
}

function summary({ seed, title, events, elapsedMs, delivered, failed, lives }: RunReport): string {
  const seconds = (elapsedMs / 1000).toFixed(0);
  return `seed ${seed}: ${title}; ${delivered} delivered, ${failed} failed, ${lives} lives, ${events} events in ${seconds} s`;
}

process.exitCode = main(process.argv.slice(2));
