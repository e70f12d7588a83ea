// What is said of a seed that fails: the promise it broke, the same failure in the smallest scenario that was found, and
// what happened there just before.
import { drawScenario, type Scenario } from './scenario.ts';
import { formatScenario } from './scenario-text.ts';
import { type ShrinkBounds, shrink } from './shrink.ts';
import { type RunReport, runScenario } from './simulation.ts';
import { sizeOf } from './smaller-scenario.ts';

/** Lines of the trace before the failure that are shown. */
const LAST_LINES = 40;

/** The failure in two lines. */
export function describeViolation({ seed, title, violations }: RunReport): string {
  return `seed ${seed} (${title})\n${violations[0]}\nrepeat it with: npm run sim -- --seed ${seed}`;
}

/** The same failure in a small scenario, which takes seconds to find. */
export function describeShrunken(report: RunReport, bounds?: ShrinkBounds): string {
  const whole = drawScenario(report.seed);
  const { scenario, report: shrunken, runs } = shrink(whole, runScenario, bounds);
  return [
    `shrunk from ${describeSize(whole)} to ${describeSize(scenario)}, in ${runs} runs:`,
    shrunken.violations[0],
    `the last ${LAST_LINES} of its events:`,
    ...lastLinesOf(scenario),
    'repeat it with: npm run sim -- --scenario FILE, where the file has this line:',
    formatScenario(scenario),
  ].join('\n');
}

function describeSize(scenario: Scenario): string {
  return Object.entries(sizeOf(scenario))
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function lastLinesOf(scenario: Scenario): readonly string[] {
  const lines: string[] = [];
  runScenario(scenario, (line) => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
  });
  return lines;
}
