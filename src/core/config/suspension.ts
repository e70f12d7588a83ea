// The value of suspend_delivery: a boolean, or (ours) the time until which the mail of the scope is held. In the program
// it is that time: the beginning of all time for mail that is not held, its end for mail that is held until further notice.
import { type WallMs, wallMs } from '../base/moment.ts';
import { describeValue } from './syntax.ts';
import { BOOLEAN, type ValueType } from './value-type.ts';

export const NOT_SUSPENDED = wallMs(0);
export const SUSPENDED_WITHOUT_END = wallMs(Number.POSITIVE_INFINITY);

export const SUSPENSION: ValueType<WallMs> = {
  expected: 'true or false, or the time until which it is true, such as 2030-01-31T18:00:00Z (or +01:00 for Z)',
  style: 'bare',
  parse(syntax) {
    const flag = BOOLEAN.parse(syntax);
    if (flag.kind === 'value') return { ...flag, value: flag.value ? SUSPENDED_WITHOUT_END : NOT_SUSPENDED };
    const until = syntax.kind === 'word' ? readTime(syntax.text) : null;
    if (until !== null) return { kind: 'value', value: until };
    return { kind: 'problem', at: syntax.at, found: describeValue(syntax), expected: this.expected };
  },
  format: (until) => (until === NOT_SUSPENDED ? '0' : until === SUSPENDED_WITHOUT_END ? '1' : formatTime(until)),
};

/** Whether it is the end of a suspension that is over. */
export function hasPassed(until: WallMs, now: WallMs): boolean {
  return until !== NOT_SUSPENDED && until <= now;
}

/** To the second, with `Z`. */
export function formatTime(at: WallMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?(?:Z|([+-])(\d\d):(\d\d))$/i;

/** RFC 3339, the seconds may be left out. A time without a zone is none: the server's may not be the operator's. */
function readTime(text: string): WallMs | null {
  const found = TIME.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second = 0] = found.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number?,
  ];
  const [sign, zoneHour, zoneMinute] = [found[7], Number(found[8] ?? 0), Number(found[9] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return null;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const read = new Date(local);
  if (read.getUTCMonth() !== month - 1 || read.getUTCDate() !== day) return null; // no such day
  return wallMs(local - (sign === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60_000);
}
