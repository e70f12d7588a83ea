// Quiet hours under some rules of a schedule: whether they are now, by which rule, and until when that stays so. What was
// worked out is kept, since it is asked for every message and changes a few times a day.
import { type WallMs, wallMs } from '../base/moment.ts';
import { type FieldTime, fieldsAt, isWithin, type ScheduleZone, speaksOfHour } from './cron-time.ts';
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
  readonly #zone: ScheduleZone;
  #stretch: Stretch = { from: 0, until: 0, rule: null };

  constructor(file: string, rules: readonly CurfewRule[], zone: ScheduleZone) {
    this.file = file;
    this.#rules = rules;
    this.#zone = zone;
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

  /** Since when the answer has been what it is then, a rule or none; null when that is longer than eight days. */
  beganAt(at: WallMs): WallMs | null {
    const isKept = this.ruleAt(at) !== null;
    let from = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    for (const earliest = from - AHEAD_MS; from > earliest; ) {
      const before = this.#lastThatMatters(from);
      if (this.#isKept(before) !== isKept) return wallMs(from);
      from = before;
    }
    return null;
  }

  #stretchOf(at: number): Stretch {
    if (at < this.#stretch.from || at >= this.#stretch.until) this.#stretch = this.#workOut(at);
    return this.#stretch;
  }

  #workOut(at: number): Stretch {
    const from = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    const rule = this.#firstAt(fieldsAt(from, this.#zone));
    let until = from;
    do {
      until = this.#nextThatMatters(until);
    } while (until < from + AHEAD_MS && this.#isKept(until) === (rule !== null));
    return { from, until, rule };
  }

  /** The next minute, or the next hour where no minute of this one differs from another. */
  #nextThatMatters(at: number): number {
    const fields = fieldsAt(at, this.#zone);
    return at + (this.#minutesDiffer(fields) ? MINUTE_MS : HOUR_MS - fields.minute * MINUTE_MS);
  }

  /** The minute before, or the beginning of its hour where no minute of that differs from another. */
  #lastThatMatters(at: number): number {
    const before = at - MINUTE_MS;
    const fields = fieldsAt(before, this.#zone);
    return this.#minutesDiffer(fields) ? before : before - fields.minute * MINUTE_MS;
  }

  #minutesDiffer(hour: FieldTime): boolean {
    return this.#rules.some(({ time }) => time.minute !== null && time.minute.size < 60 && speaksOfHour(time, hour));
  }

  #isKept(at: number): boolean {
    return this.#firstAt(fieldsAt(at, this.#zone)) !== null;
  }

  #firstAt(fields: FieldTime): CurfewRule | null {
    return this.#rules.find(({ time }) => isWithin(time, fields)) ?? null;
  }
}
