// A time as people read it, in the names and digits that header fields and logs share.
import type { WallMs } from './moment.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface LocalTime {
  /** Such as `Tue`. */
  readonly weekday: string;
  /** Such as `24 Nov`, the day in two digits. */
  readonly day: string;
  readonly year: number;
  /** Such as `09:05:00`. */
  readonly clock: string;
}

/** @param utcOffsetMinutes local time minus UTC at that instant */
export function localTime(at: WallMs, utcOffsetMinutes: number): LocalTime {
  const local = new Date(at + utcOffsetMinutes * 60_000); // read through its UTC getters
  return {
    weekday: DAYS[local.getUTCDay()]!,
    day: `${twoDigits(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]}`,
    year: local.getUTCFullYear(),
    clock: `${twoDigits(local.getUTCHours())}:${twoDigits(local.getUTCMinutes())}:${twoDigits(local.getUTCSeconds())}`,
  };
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
