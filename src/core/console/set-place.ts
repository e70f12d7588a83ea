// Where a value was set, for people: the place in its file, or who set it on the console, and when.
import { localTime } from '../base/local-time.ts';
import type { WallMs } from '../base/moment.ts';
import { formatPosition, type SourcePosition } from '../config/source.ts';

/** Local time minus UTC. */
interface Zone {
  utcOffsetMinutes(at: WallMs): number;
}

/** `mail.conf:12:3`, or `by /tmp/2025 (session 3) on Tue 24 Nov 2026 at 04:12:09` */
export function positionText(at: SourcePosition, zone: Zone): string {
  if (at.console === undefined) return formatPosition(at);
  const { weekday, day, year, clock } = localTime(at.console.at, zone.utcOffsetMinutes(at.console.at));
  return `by ${at.console.by} on ${weekday} ${day} ${year} at ${clock}`;
}

/** `Binding "a" at mail.conf:12:3`, `the global scope, by /tmp/2025 (session 3) on Tue 24 Nov 2026 at 04:12:09` */
export function setPlaceText(
  { scope, at }: { readonly scope: string; readonly at: SourcePosition },
  zone: Zone,
): string {
  const joint = at.console === undefined ? ' at' : ',';
  return `${scope === '' ? 'the global scope' : scope}${joint} ${positionText(at, zone)}`;
}
