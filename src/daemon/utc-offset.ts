// The time zone of this machine.
import type { WallMs } from '../core/base/moment.ts';

/** Local time minus UTC at that instant, in minutes. */
export function utcOffsetMinutes(at: WallMs): number {
  return -new Date(at).getTimezoneOffset();
}
