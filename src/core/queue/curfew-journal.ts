// What paniclog says of quiet hours: a line when a rule begins to keep mail and one when it ends, however much mail there
// is. Rules are known by what they say, so that reading the same schedule again says nothing.
import type { WallMs } from '../base/moment.ts';
import { formatField } from './cron-time.ts';
import type { CurfewRule, CurfewSchedule } from './curfew-schedule.ts';

interface Engaged {
  /** From 1, of those of the schedule that are on. */
  readonly number: number;
  readonly rule: CurfewRule;
}

export class CurfewJournal {
  #engaged: ReadonlyMap<string, Engaged> = new Map();

  /** @returns a line for each rule that has changed since the last look, in the documented words */
  look(schedule: CurfewSchedule | null, at: WallMs): string[] {
    const now = schedule === null ? new Map<string, Engaged>() : engagedRules(schedule, at);
    const before = this.#engaged;
    this.#engaged = now;
    const lifted = [...before].filter(([key]) => !now.has(key)).map(([, one]) => lineOf(one, 'lifted'));
    const begun = [...now].filter(([key]) => !before.has(key)).map(([, one]) => lineOf(one, 'engaged'));
    return [...lifted, ...begun];
  }
}

function engagedRules(schedule: CurfewSchedule, at: WallMs): Map<string, Engaged> {
  const engaged = schedule.engagedAt(at);
  const byText = new Map<string, Engaged>();
  if (engaged.size === 0) return byText;
  for (const [index, rule] of schedule.rules.entries()) {
    if (engaged.has(rule)) byText.set(textOf(rule), { number: index + 1, rule });
  }
  return byText;
}

const textOf = ({ binding, domain, time }: CurfewRule): string =>
  [binding, domain, ...[time.minute, time.hour, time.dayOfMonth, time.month, time.dayOfWeek].map(formatField)].join(
    ' ',
  );

const lineOf = ({ number, rule }: Engaged, change: 'engaged' | 'lifted'): string =>
  `curfew: rule #${number} ${change} (binding=${rule.binding} domain=${rule.domain})`;
