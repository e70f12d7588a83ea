// The schedule of quiet hours of a run, and a second, plain reading of it (docs/delivery.md, "Quiet hours"): a rule here
// speaks for some minutes of every hour.
import { UTC_ZONE } from '../core/queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../core/queue/curfew-schedule.ts';

export interface QuietRule {
  /** A binding or a group, or `*`. */
  readonly binding: string;
  /** A routing domain, or `*`. */
  readonly domain: string;
  readonly minutes: readonly number[];
}

const MINUTE_MS = 60_000;

/** Whether mail of the binding to the domain waits at that time of the wall clock. */
export function isQuiet(rules: readonly QuietRule[], names: readonly string[], domain: string, wall: number): boolean {
  const minute = Math.floor(wall / MINUTE_MS) % 60;
  return rulesFor(rules, names, domain).some(({ minutes }) => minutes.includes(minute));
}

/** Those that speak for mail of the binding, which has these names, to the domain. */
function rulesFor(rules: readonly QuietRule[], names: readonly string[], domain: string): readonly QuietRule[] {
  return rules.filter(
    (rule) => (rule.binding === '*' || names.includes(rule.binding)) && (rule.domain === '*' || rule.domain === domain),
  );
}

/** As the product reads it; null without rules. */
export function scheduleOf(rules: readonly QuietRule[]): CurfewSchedule | null {
  if (rules.length === 0) return null;
  const lines = rules.map(({ binding, domain, minutes }) => `${binding} ${domain} on ${minutes.join(',')} * * * *`);
  const read = readSchedule(lines.join('\n'));
  if (read.kind === 'problems') throw new Error(`a schedule does not load: ${JSON.stringify(read.problems)}`);
  return new CurfewSchedule('quiet-hours', read.rules, UTC_ZONE);
}
