// `npm run sim`: runs seeds of the simulation and stops at the first broken promise.
//
//   npm run sim -- --seed 42         one seed, with everything that happened
//   npm run sim -- --seeds 1..200    many, with one line in the end
//   npm run sim -- --fresh           one that was never run before; its number is printed
import { parseArgs } from 'node:util';
import { type RunReport, runSeed } from './simulation.ts';

const USAGE = 'usage: npm run sim -- --seed NUMBER | --seeds FROM..TO | --fresh';

/** Exit status. */
function main(args: readonly string[]): number {
  const options = { seed: { type: 'string' }, seeds: { type: 'string' }, fresh: { type: 'boolean' } } as const;
  let values: { seed?: string; seeds?: string; fresh?: boolean };
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\n${USAGE}`);
  }
  if (values.fresh) {
    const seed = Date.now() % 2 ** 31;
    console.log(`seed ${seed}`);
    return runMany(seed, seed);
  }
  const [, from, to] = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds ?? values.seed ?? '') ?? [];
  if (from === undefined || (values.seed !== undefined && to !== undefined)) return refuse(USAGE);
  if (values.seed !== undefined) return runTraced(Number(from));
  return runMany(Number(from), Number(to ?? from));
}

function refuse(text: string): number {
  console.error(text);
  return 2;
}

function runTraced(seed: number): number {
  const report = runSeed(seed, (line) => console.log(line));
  console.log(summary(report));
  return tell(report);
}

function runMany(from: number, to: number): number {
  let events = 0;
  let delivered = 0;
  for (let seed = from; seed <= to; seed++) {
    const report = runSeed(seed);
    events += report.events;
    delivered += report.delivered;
    const status = tell(report);
    if (status !== 0) return status;
  }
  console.log(`${to - from + 1} seeds kept every promise: ${delivered} messages delivered in ${events} events`);
  return 0;
}

function tell(report: RunReport): number {
  const [first] = report.violations;
  if (first === undefined) return 0;
  console.error(
    `seed ${report.seed} (${report.title})\n${first}\nrepeat it with: npm run sim -- --seed ${report.seed}`,
  );
  return 1;
}

function summary({ seed, title, events, elapsedMs, delivered, failed, lives }: RunReport): string {
  const seconds = (elapsedMs / 1000).toFixed(0);
  return `seed ${seed}: ${title}; ${delivered} delivered, ${failed} failed, ${lives} lives, ${events} events in ${seconds} s`;
}

process.exitCode = main(process.argv.slice(2));
