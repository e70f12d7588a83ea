// Quiet hours under some rules of a schedule: whether they are now, by which rule, and until when that stays so. What was
// worked out is kept, since it is asked for every message and changes a few times a day.
import { type WallMs, wallMs } from '../base/moment.ts';
import { type FieldTime, isWithin, speaksOfHour } from './cron-time.ts';
import type { CurfewRule } from './curfew-schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How far ahead a change is looked for. Where there is none by then, it is looked for again. */
const AHEAD_MS = 8 * 24 * HOUR_MS;

/** A stretch of time in which nothing changes. */
interface Stretch {
  readonly from: number;
  /** The first instant that is not in it. */
  readonly until: number;
  readonly rule: CurfewRule | null;
}

export class Curfew {
  /** Of the schedule. */
  readonly file: string;
  readonly #rules: readonly CurfewRule[];
  readonly #utcOffsetMinutes: (at: number) => number;
  #stretch: Stretch = { from: 0, until: 0, rule: null };

  constructor(file: string, rules: readonly CurfewRule[], utcOffsetMinutes: (at: number) => number) {
    this.file = file;
    this.#rules = rules;
    this.#utcOffsetMinutes = utcOffsetMinutes;
  }

  /** Whether one of the rules speaks of every minute there is. */
  get neverEnds(): boolean {
    return this.#rules.some(({ time }) => Object.values(time).every((values) => values === null));
  }

  /** The first rule that keeps the mail at that time, or null. */
  ruleAt(at: WallMs): CurfewRule | null {
    return this.#stretchOf(at).rule;
  }

  /** The next time at which there may be another answer. */
  changesAt(at: WallMs): WallMs {
    return wallMs(this.#stretchOf(at).until);
  }

  #stretchOf(at: number): Stretch {
    if (at < this.#stretch.from || at >= this.#stretch.until) this.#stretch = this.#workOut(at);
    return this.#stretch;
  }

  #workOut(at: number): Stretch {
    const from = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    const rule = this.#firstAt(this.#fieldsAt(from));
    let until = from;
    do {
      until = this.#nextThatMatters(until);
    } while (until < from + AHEAD_MS && this.#isKept(until) === (rule !== null));
    return { from, until, rule };
  }

  /** The next minute, or the next hour where no minute of this one differs from another. */
  #nextThatMatters(at: number): number {
    const fields = this.#fieldsAt(at);
    const differ = this.#rules.some(({ time }) => time.minute !== null && speaksOfHour(time, fields));
    return at + (differ ? MINUTE_MS : HOUR_MS - fields.minute * MINUTE_MS);
  }

  #isKept(at: number): boolean {
    return this.#firstAt(this.#fieldsAt(at)) !== null;
  }

  #firstAt(fields: FieldTime): CurfewRule | null {
    return this.#rules.find(({ time }) => isWithin(time, fields)) ?? null;
  }

  #fieldsAt(at: number): FieldTime {
    const local = new Date(at + this.#utcOffsetMinutes(at) * MINUTE_MS); // read through its UTC form
    return {
      minute: local.getUTCMinutes(),
      hour: local.getUTCHours(),
      dayOfMonth: local.getUTCDate(),
      month: local.getUTCMonth() + 1,
      dayOfWeek: local.getUTCDay(),
    };
  }
}
