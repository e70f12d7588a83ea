// The shapes that more than one command prints. Widths and blanks are those of the documented samples, since operators'
// tools parse them (docs/console.md); a figure wider than its column pushes the rest of the line to the right.
import { localTime } from '../base/local-time.ts';
import type { WallMs } from '../base/moment.ts';
import type { DomainRow } from './server-view.ts';

/** A text or a whole number in at least `width` columns, at their right end. */
export function right(value: number | string, width: number): string {
  return String(value).padStart(width);
}

/** The figures of a domain row, as `active`, `delayed` and `domain all` print them. */
export interface DomainCounts {
  connections: number;
  active: number;
  delayed: number;
  delivered: number;
}

const DOMAIN_LABEL = 'Domain: ';
/** Names and `Total:` end here. */
const NAME_END = 38;

export function domainLine(row: DomainRow): string {
  return `${DOMAIN_LABEL}${right(row.domain, NAME_END - DOMAIN_LABEL.length)}  ${domainCounts(row, 3)}`;
}

/** The last row of `active` and `delayed`. */
export function totalLine(counts: DomainCounts): string {
  return `${right('Total:', NAME_END)}  ${domainCounts(counts, 3)}`;
}

/** The last row of `domain all`, one column wider behind `C:`. */
export function totalsLine(counts: DomainCounts): string {
  return `Totals: ${domainCounts(counts, 4)}`;
}

function domainCounts(counts: DomainCounts, connectionsWidth: number): string {
  const connections = ` ${right(counts.connections, connectionsWidth - 1)}`;
  return `C:${connections}  A:${right(counts.active, 7)}  D:${right(counts.delayed, 6)}  S:${right(counts.delivered, 6)}`;
}

/** Sums rows as they go by. */
export function addCounts(sum: DomainCounts, row: DomainRow): void {
  sum.connections += row.connections;
  sum.active += row.active;
  sum.delayed += row.delayed;
  sum.delivered += row.delivered;
}

/** Figures below a heading: eight blanks, label, colon, blank, and the number in `width` columns, then its unit. */
export function figureLine(label: string, value: number, width: number, unit = '', digits = 0): string {
  return `        ${label}: ${right(value.toFixed(digits), width)}${unit === '' ? '' : ` ${unit}`}`;
}

/** Events per second, 0 before the first second is over. */
export function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}

/** `[Sun 30 Nov 2003 10:31:37]`, the documented default of `timestampformat`, in local time. */
export function panicTime(at: WallMs, utcOffsetMinutes: number): string {
  const { weekday, day, year, clock } = localTime(at, utcOffsetMinutes);
  return `[${weekday} ${day} ${year} ${clock}]`;
}

/** `2003-12-01 02:15:45`, in local time. */
export function wallTime(at: WallMs, process: { utcOffsetMinutes(at: WallMs): number }): string {
  const local = new Date(at + process.utcOffsetMinutes(at) * 60_000); // read through its UTC form
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

/** The same with its zone, such as `2003-12-01 02:15:45 +01:00`. */
export function zonedTime(at: WallMs, process: { utcOffsetMinutes(at: WallMs): number }): string {
  const offset = process.utcOffsetMinutes(at);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(offset);
  const zone = offset === 0 ? 'UTC' : `${offset < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
  return `${wallTime(at, process)} ${zone}`;
}

/** How times stand in answers for programs. */
export function unixSeconds(at: WallMs): number {
  return Math.floor(at / 1000);
}

/** Lines as one text, each ended. */
export function textOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
