// Times in the forms of strftime (POSIX), as far as formats of logs and file names use them; names are English.
import { localTime, twoDigits } from '../base/local-time.ts';
import type { WallMs } from '../base/moment.ts';

type Conversion = (local: Date, at: WallMs, utcOffsetMinutes: number) => string;

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  a: (_, at, offset) => localTime(at, offset).weekday,
  b: (_, at, offset) => localTime(at, offset).day.slice(3),
  d: (local) => twoDigits(local.getUTCDate()),
  D: (local) =>
    `${twoDigits(local.getUTCMonth() + 1)}/${twoDigits(local.getUTCDate())}/${twoDigits(local.getUTCFullYear() % 100)}`,
  e: (local) => String(local.getUTCDate()).padStart(2),
  F: (local) => `${local.getUTCFullYear()}-${twoDigits(local.getUTCMonth() + 1)}-${twoDigits(local.getUTCDate())}`,
  H: (local) => twoDigits(local.getUTCHours()),
  I: (local) => twoDigits(((local.getUTCHours() + 11) % 12) + 1),
  j: (local) => String(dayOfYear(local)).padStart(3, '0'),
  m: (local) => twoDigits(local.getUTCMonth() + 1),
  M: (local) => twoDigits(local.getUTCMinutes()),
  p: (local) => (local.getUTCHours() < 12 ? 'AM' : 'PM'),
  R: (local) => `${twoDigits(local.getUTCHours())}:${twoDigits(local.getUTCMinutes())}`,
  s: (_, at) => String(Math.floor(at / 1000)),
  S: (local) => twoDigits(local.getUTCSeconds()),
  T: (_, at, offset) => localTime(at, offset).clock,
  u: (local) => String(local.getUTCDay() || 7),
  w: (local) => String(local.getUTCDay()),
  y: (local) => twoDigits(local.getUTCFullYear() % 100),
  Y: (local) => String(local.getUTCFullYear()),
  z: (_, __, offset) =>
    `${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(offset) / 60))}${twoDigits(Math.abs(offset) % 60)}`,
  '%': () => '%',
};

/** The first conversion in `format` that is not known, such as `%Q`, or null. */
export function unknownConversion(format: string): string | null {
  for (const [conversion, letter] of format.matchAll(/%(.?)/gs)) {
    if (!Object.hasOwn(CONVERSIONS, letter!)) return conversion;
  }
  return null;
}

/**
 * @param format with known conversions only
 * @param utcOffsetMinutes local time minus UTC at that instant
 */
export function strftime(format: string, at: WallMs, utcOffsetMinutes: number): string {
  const local = new Date(at + utcOffsetMinutes * 60_000); // read through its UTC getters
  return format.replace(/%(.)/gs, (_, letter: string) => CONVERSIONS[letter]!(local, at, utcOffsetMinutes));
}

function dayOfYear(local: Date): number {
  const start = Date.UTC(local.getUTCFullYear(), 0, 1);
  return Math.floor((local.getTime() - start) / 86_400_000) + 1;
}
