// What `headgate sink` prints at its end, for people or as one JSON object.
import type { Arrivals } from './sink-arrivals.ts';
import type { Counted, Gauge } from './sink-counts.ts';
import type { SinkSnapshot } from './sink-server.ts';

export interface SinkSummary {
  readonly snapshot: SinkSnapshot;
  /** Null when ids were not asked for. */
  readonly arrivals: Arrivals | null;
  readonly seconds: number;
}

/** Rows shown to people; the JSON form has all. */
const ROWS_MAX = 50;

export function formatSummary({ snapshot, arrivals, seconds }: SinkSummary): string {
  const { total, octets, refusals, breaks, handshakes, violations } = snapshot;
  const rate = seconds > 0 ? total.messages / seconds : 0;
  const lines = [
    `connections  ${total.opened}, at most ${total.peak} at once, ${total.now} open`,
    `messages     ${total.messages} to ${total.recipients} recipients, ${octets} octets, ${rate.toFixed(0)}/s`,
    `refusals     ${refusals}, broken connections ${breaks}, TLS handshakes ${handshakes}, violations by clients ${violations}`,
  ];
  if (arrivals !== null) {
    lines.push(`distinct     ${arrivals.distinct} pairs of id and recipient, ${arrivals.repeated} repeated arrivals`);
  }
  const byDomain = snapshot.rows.filter((row) => row.source !== undefined && row.domain !== undefined);
  const byDestination = snapshot.rows.filter((row) => row.source !== undefined && row.destination !== undefined);
  lines.push(...table('source', 'destination', byDestination, (row) => row.destination));
  lines.push(...table('source', 'domain', byDomain, (row) => row.domain));
  return `${lines.join('\n')}\n`;
}

export function summaryJson({ snapshot, arrivals, seconds }: SinkSummary): string {
  const distinct = arrivals === null ? {} : { distinct: arrivals.distinct, repeated: arrivals.repeated };
  return `${JSON.stringify({ ...snapshot, ...distinct, seconds })}\n`;
}

function table(
  first: string,
  second: string,
  rows: readonly (Counted & Gauge)[],
  nameOf: (row: Counted) => string | undefined,
): string[] {
  if (rows.length === 0) return [];
  const cells = [...rows]
    .sort((a, b) => b.peak - a.peak || b.messages - a.messages)
    .slice(0, ROWS_MAX)
    .map((row) => [
      row.source,
      printable(nameOf(row) ?? ''),
      row.peak,
      row.now,
      row.opened,
      row.messages,
      row.recipients,
    ]);
  const all = [[first, second, 'peak', 'open', 'connections', 'messages', 'recipients'], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => String(line[column]).length)));
  const lines = all.map((line) =>
    line
      .map((cell, column) =>
        column < 2 ? String(cell).padEnd(widths[column]!) : String(cell).padStart(widths[column]!),
      )
      .join('  '),
  );
  const left = rows.length - cells.length;
  return ['', ...lines, ...(left > 0 ? [`and ${left} more; --json has all`] : [])];
}

/** Names come from clients: nothing in them may steer the terminal. */
function printable(name: string): string {
  const shown = name.replace(/[^\x21-\x7e]/g, '?');
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}
