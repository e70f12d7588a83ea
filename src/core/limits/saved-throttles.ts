// What was written of throttles, read in order: later records of a throttle add to earlier ones. Where several shards have
// written of one throttle, each of its own events, all of them count.
import type { WallMs } from '../base/moment.ts';
import type { SavedThrottles, ThrottleRecord } from './throttle-record.ts';

/** Of one throttle. */
export interface SavedWindow {
  readonly events: (readonly [at: WallMs, count: number])[];
  periodMs: number;
  reserved: number;
  unknownUntil: WallMs | null;
}

export interface ReplayedThrottles {
  readonly windows: Map<string, SavedWindow>;
  /** Nothing is known of any throttle up to then. */
  readonly unknownUntil: WallMs | null;
}

export function replayed(records: readonly ThrottleRecord[]): ReplayedThrottles {
  const windows = new Map<string, SavedWindow>();
  let allUnknownUntil: WallMs | null = null;
  for (const record of records) {
    if (record.kind === 'unknown') {
      allUnknownUntil = latest(allUnknownUntil, record.until);
      continue;
    }
    const { key, periodMs, events, reserved, unknownUntil } = record;
    const window = windows.get(key);
    if (window === undefined) {
      windows.set(key, { events: [...events], periodMs, reserved, unknownUntil });
    } else {
      for (const event of events) window.events.push(event);
      window.periodMs = periodMs;
      window.reserved = reserved;
      window.unknownUntil = latest(window.unknownUntil, unknownUntil);
    }
  }
  return { windows, unknownUntil: allUnknownUntil };
}

/** What shards left, as if one had written it. */
export function joinedThrottles(all: readonly SavedThrottles[]): SavedThrottles {
  const joined = new Map<string, SavedWindow>();
  let allUnknownUntil: WallMs | null = null;
  for (const { records } of all) {
    const { windows, unknownUntil } = replayed(records);
    allUnknownUntil = latest(allUnknownUntil, unknownUntil);
    for (const [key, one] of windows) {
      const other = joined.get(key);
      if (other === undefined) {
        joined.set(key, one);
        continue;
      }
      for (const event of one.events) other.events.push(event);
      other.periodMs = Math.max(other.periodMs, one.periodMs);
      other.reserved += one.reserved;
      other.unknownUntil = latest(other.unknownUntil, one.unknownUntil);
    }
  }
  const records: ThrottleRecord[] = [...joined].map(([key, window]) => ({ kind: 'window', key, ...window }));
  if (allUnknownUntil !== null) records.unshift({ kind: 'unknown', until: allUnknownUntil });
  return { records, isDamaged: all.some(({ isDamaged }) => isDamaged) };
}

export function latest(a: WallMs | null, b: WallMs | null): WallMs | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}
