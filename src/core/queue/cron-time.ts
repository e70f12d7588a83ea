// The five fields of time of a crontab line: which minutes they speak of. Days of the month and of the week are one
// condition if only one of them is restricted, and alternatives if both are (as in Vixie cron).

/** A time as the fields count it: local or UTC, whichever the schedule is written in. */
export interface FieldTime {
  readonly minute: number;
  readonly hour: number;
  readonly dayOfMonth: number;
  readonly month: number;
  /** 0 is Sunday. */
  readonly dayOfWeek: number;
}

/** The time that a schedule is written in. */
export interface ScheduleZone {
  readonly name: 'UTC' | 'local';
  /** Its time minus UTC at that instant. */
  utcOffsetMinutes(at: number): number;
}

export const UTC_ZONE: ScheduleZone = { name: 'UTC', utcOffsetMinutes: () => 0 };

export function fieldsAt(at: number, zone: ScheduleZone): FieldTime {
  const local = new Date(at + zone.utcOffsetMinutes(at) * 60_000); // read through its UTC form
  return {
    minute: local.getUTCMinutes(),
    hour: local.getUTCHours(),
    dayOfMonth: local.getUTCDate(),
    month: local.getUTCMonth() + 1,
    dayOfWeek: local.getUTCDay(),
  };
}

/** Values of a field; null for `*`, which restricts nothing. */
type FieldValues = ReadonlySet<number> | null;

export interface CronTime {
  readonly minute: FieldValues;
  readonly hour: FieldValues;
  readonly dayOfMonth: FieldValues;
  readonly month: FieldValues;
  readonly dayOfWeek: FieldValues;
}

const FIELDS = [
  { key: 'minute', name: 'minute', least: 0, most: 59 },
  { key: 'hour', name: 'hour', least: 0, most: 23 },
  { key: 'dayOfMonth', name: 'day of the month', least: 1, most: 31 },
  { key: 'month', name: 'month', least: 1, most: 12 },
  { key: 'dayOfWeek', name: 'day of the week', least: 0, most: 6 },
] as const;

export type ReadCronTime =
  | { readonly kind: 'time'; readonly time: CronTime }
  | { readonly kind: 'problem'; readonly found: string; readonly expected: string };

/** @param words one for each field, in the order of a crontab */
export function readCronTime(words: readonly string[]): ReadCronTime {
  const time: Partial<Record<keyof CronTime, FieldValues>> = {};
  for (const [index, { key, name, least, most }] of FIELDS.entries()) {
    const word = words[index] ?? '';
    const values = readField(word, least, most);
    if (values === undefined) {
      const expected = `*, numbers from ${least} to ${most}, ranges such as 1-5, or steps such as */15, with commas between`;
      return { kind: 'problem', found: `${name} "${word}"`, expected };
    }
    time[key] = values;
  }
  return { kind: 'time', time: time as CronTime };
}

function readField(word: string, least: number, most: number): FieldValues | undefined {
  if (word === '*') return null;
  const values = new Set<number>();
  for (const part of word.split(',')) {
    const found = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (found === null) return undefined;
    const [, from, to, step = '1'] = found;
    const first = from === undefined ? least : Number(from);
    // `5/15` is from 5 on.
    const last = to !== undefined ? Number(to) : from === undefined || found[3] !== undefined ? most : first;
    if (first < least || last > most || first > last || Number(step) === 0) return undefined;
    for (let value = first; value <= last; value += Number(step)) values.add(value);
  }
  return values;
}

/** The values of a field as a crontab has them, such as `18-23` or `0,6`; `*` where it restricts nothing. */
export function formatField(values: CronTime[keyof CronTime]): string {
  if (values === null) return '*';
  const runs: { first: number; last: number }[] = [];
  for (const value of [...values].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && value === run.last + 1) run.last = value;
    else runs.push({ first: value, last: value });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

export function isWithin(cron: CronTime, time: FieldTime): boolean {
  return speaksOfHour(cron, time) && has(cron.minute, time.minute);
}

/** Whether it speaks of any minute in the hour of `time`. */
export function speaksOfHour({ hour, month, dayOfMonth, dayOfWeek }: CronTime, time: FieldTime): boolean {
  if (!has(hour, time.hour) || !has(month, time.month)) return false;
  if (dayOfMonth === null || dayOfWeek === null)
    return has(dayOfMonth, time.dayOfMonth) && has(dayOfWeek, time.dayOfWeek);
  return dayOfMonth.has(time.dayOfMonth) || dayOfWeek.has(time.dayOfWeek);
}

function has(values: FieldValues, value: number): boolean {
  return values === null || values.has(value);
}
