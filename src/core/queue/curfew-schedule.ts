// The schedule of quiet hours: a text of one rule in a line, and which rules speak for the mail of a binding to a domain.
// A text with a mistake is none; who reads it keeps the one before.
import type { WallMs } from '../base/moment.ts';
import type { DomainName } from '../mail/domain-name.ts';
import { type CronTime, fieldsAt, isWithin, readCronTime, type ScheduleZone } from './cron-time.ts';
import { Curfew } from './curfew.ts';

export interface CurfewRule {
  /** From 1. */
  readonly line: number;
  /** Name of a binding or of a group, or `*`; lower case, as names are compared without it here. */
  readonly binding: string;
  /** Lower case, or `*`. */
  readonly domain: string;
  readonly time: CronTime;
}

export interface ScheduleProblem {
  /** From 1. */
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

export type ReadSchedule =
  | { readonly kind: 'rules'; readonly rules: readonly CurfewRule[] }
  | { readonly kind: 'problems'; readonly problems: readonly ScheduleProblem[] };

const LINE = 'binding domain on|off minute hour day-of-month month day-of-week';

/** `off` rules are checked and left out. */
export function readSchedule(text: string): ReadSchedule {
  const rules: CurfewRule[] = [];
  const problems: ScheduleProblem[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    const words = raw.trim().split(/\s+/);
    if (words[0] === '' || words[0]!.startsWith('#')) continue;
    if (words.length !== 8) {
      problems.push({ line, found: `${words.length} words`, expected: `eight: ${LINE}` });
      continue;
    }
    const [binding, domain, state, ...fields] = words as [string, string, string, ...string[]];
    if (state !== 'on' && state !== 'off') problems.push({ line, found: `"${state}"`, expected: 'on or off' });
    const read = readCronTime(fields);
    if (read.kind === 'problem') problems.push({ line, found: read.found, expected: read.expected });
    else if (state === 'on')
      rules.push({ line, binding: binding.toLowerCase(), domain: domain.toLowerCase(), time: read.time });
  }
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'rules', rules };
}

export class CurfewSchedule {
  readonly file: string;
  /** Those that are `on`. */
  readonly rules: readonly CurfewRule[];
  readonly zone: ScheduleZone;
  /** By the lines of their rules: queues under the same rules share one, and what it has worked out. */
  readonly #curfews = new Map<string, Curfew>();

  constructor(file: string, rules: readonly CurfewRule[], zone: ScheduleZone) {
    this.file = file;
    this.rules = rules;
    this.zone = zone;
  }

  /** The rules that speak for that minute, whoever's mail they keep. O(rules). */
  engagedAt(at: WallMs): ReadonlySet<CurfewRule> {
    const fields = fieldsAt(at, this.zone);
    return new Set(this.rules.filter(({ time }) => isWithin(time, fields)));
  }

  /** The hours of one of the rules alone. */
  hoursOf(rule: CurfewRule): Curfew {
    return new Curfew(this.file, [rule], this.zone);
  }

  /** The quiet hours of the mail of a binding to a domain, or null when there are none. */
  curfewOf(binding: string, group: string, domain: DomainName): Curfew | null {
    if (this.rules.length === 0) return null;
    const names = ['*', binding.toLowerCase(), group.toLowerCase()];
    const rules = this.rules.filter(
      (rule) => (rule.domain === '*' || rule.domain === domain) && names.includes(rule.binding),
    );
    if (rules.length === 0) return null;
    const key = rules.map(({ line }) => line).join(' ');
    let curfew = this.#curfews.get(key);
    if (curfew === undefined) {
      curfew = new Curfew(this.file, rules, this.zone);
      this.#curfews.set(key, curfew);
    }
    return curfew;
  }
}
