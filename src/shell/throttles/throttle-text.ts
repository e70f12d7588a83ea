// The text of the throttle file: a first line that names the format, then a record in each line, JSON behind its own
// checksum. A last line without its end was being written when the process stopped; nobody was told that it is durable,
// so it is passed over. Anything else that cannot be read is damage.
import { crc32 } from 'node:zlib';
import type { WallMs } from '../../core/base/moment.ts';
import type { SavedThrottles, ThrottleRecord } from '../../core/limits/throttle-record.ts';

export const FIRST_LINE = 'headgate throttles 1\n';

export function formatRecords(records: readonly ThrottleRecord[]): string {
  return records.map((record) => formatLine(JSON.stringify(shorten(record)))).join('');
}

function formatLine(text: string): string {
  return `${checksum(text)} ${text}\n`;
}

export interface ReadThrottles extends SavedThrottles {
  /** How much of the file is whole lines. */
  readonly wholeBytes: number;
  /** The first line that cannot be read, counted from 1; null when there is none. */
  readonly damagedLine: number | null;
}

export function parseThrottleFile(bytes: Uint8Array): ReadThrottles {
  const wholeBytes = bytes.lastIndexOf(10) + 1;
  const lines = Buffer.from(bytes.subarray(0, wholeBytes)).toString('utf8').split('\n').slice(0, -1);
  const damaged = (line: number): ReadThrottles => ({ records: [], isDamaged: true, wholeBytes, damagedLine: line });
  if (`${lines[0]}\n` !== FIRST_LINE) return damaged(1); // the file was put in its place with that line
  const records: ThrottleRecord[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const record = parseLine(line);
    if (record === null) return damaged(index + 1);
    records.push(record);
  }
  return { records, isDamaged: false, wholeBytes, damagedLine: null };
}

function parseLine(line: string): ThrottleRecord | null {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) return null;
  try {
    return lengthen(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');

function shorten(record: ThrottleRecord): object {
  if (record.kind === 'unknown') return { unknown: record.until };
  const { key, periodMs, events, reserved, unknownUntil } = record;
  return { key, ms: periodMs, events, reserved, ...(unknownUntil === null ? {} : { unknown: unknownUntil }) };
}

/** Null for what no record looks like; the checksum was right, so this is another version's. */
function lengthen(value: Readonly<Record<string, unknown>>): ThrottleRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const { key, ms, events, reserved, unknown } = value;
  if (unknown !== undefined && !isNumber(unknown)) return null;
  const until = (unknown ?? null) as WallMs | null;
  if (key === undefined) return until === null ? null : { kind: 'unknown', until };
  if (typeof key !== 'string' || !isNumber(ms) || !isNumber(reserved) || !Array.isArray(events)) return null;
  if (!events.every((event) => Array.isArray(event) && event.length === 2 && event.every(isNumber))) return null;
  return { kind: 'window', key, periodMs: ms, events: events as [WallMs, number][], reserved, unknownUntil: until };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && value >= 0;
