// What the console sees of quiet hours: part of ServerView. The schedule is one of rules and times, so that what is worked
// out of it here serves whoever has the schedule.
import type { WallMs } from '../base/moment.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { Curfew } from '../queue/curfew.ts';
import type { CurfewRule, CurfewSchedule } from '../queue/curfew-schedule.ts';
import { inPages, type Pages, type Pauses } from './pages.ts';

/** The schedule in force as it was read. */
export interface CurfewText {
  readonly file: string;
  readonly timezone: string;
  /** Those that are `on`. */
  readonly rules: readonly CurfewRule[];
}

export interface CurfewState {
  readonly rule: CurfewRule;
  readonly isEngaged: boolean;
  /** Null: for longer than is looked back. */
  readonly since: WallMs | null;
  /** Null: not as far as is looked ahead. */
  readonly changesAt: WallMs | null;
}

export interface CurfewView {
  /** Null without one. */
  schedule(): Promise<CurfewText | null>;
  /** Each rule as it is now, in order. O(rules), some hundred steps for each. */
  states(): Pages<CurfewState>;
  /** Whether mail of a binding to a domain is kept now. O(rules). */
  keeps(binding: string, domain: DomainName): Promise<boolean>;
}

/** The quiet hours in force, at a time. */
export interface CurfewNow {
  readonly schedule: CurfewSchedule;
  readonly at: WallMs;
  /** Those of the mail of a binding to a domain; null when no rule speaks of it. */
  curfewOf(binding: string, domain: DomainName): Curfew | null;
}

/** Rules whose hours are worked out in one turn. */
const RULES_PER_TURN = 20;

export class ScheduleView implements CurfewView {
  readonly #now: () => CurfewNow | null;
  readonly #turns: Pauses;

  /** @param now null without a schedule */
  constructor(now: () => CurfewNow | null, turns: Pauses) {
    this.#now = now;
    this.#turns = turns;
  }

  async schedule(): Promise<CurfewText | null> {
    const schedule = this.#now()?.schedule;
    if (schedule === undefined) return null;
    const { file, rules, zone } = schedule;
    return { file, rules, timezone: zone.name };
  }

  async *states(): Pages<CurfewState> {
    const now = this.#now();
    if (now !== null) yield* inPages(statesOf(now), this.#turns, RULES_PER_TURN);
  }

  async keeps(binding: string, domain: DomainName): Promise<boolean> {
    const now = this.#now();
    return (now?.curfewOf(binding, domain)?.ruleAt(now.at) ?? null) !== null;
  }
}

function* statesOf({ schedule, at }: CurfewNow): Iterable<CurfewState> {
  for (const rule of schedule.rules) {
    const hours = schedule.hoursOf(rule);
    const isEngaged = hours.ruleAt(at) !== null;
    const changesAt = hours.changesAt(at);
    const isChange = (hours.ruleAt(changesAt) !== null) !== isEngaged;
    yield { rule, isEngaged, since: hours.beganAt(at), changesAt: isChange ? changesAt : null };
  }
}
