// What is written of throttles, so that long windows hold over a restart: what happened, and what was set aside to be
// taken. Read back in order, later records of a throttle add to earlier ones.
import type { WallMs } from '../base/moment.ts';

export type ThrottleRecord = WindowRecord | UnknownRecord;

export interface WindowRecord {
  readonly kind: 'window';
  readonly key: string;
  /** Of the value in force; events that left so long a window may be left out of later records. */
  readonly periodMs: number;
  /** Events since the record before, the oldest first; a time is never too early. */
  readonly events: readonly (readonly [at: WallMs, count: number])[];
  /** So many more may have happened at any time after this was written. Takes the place of what the record before says. */
  readonly reserved: number;
  /** Up to then anything may have happened; null for nothing but the events. */
  readonly unknownUntil: WallMs | null;
}

/** Nothing is known of any throttle up to then: what was written before was damaged. */
export interface UnknownRecord {
  readonly kind: 'unknown';
  readonly until: WallMs;
}

/** What an earlier life of the process left behind. */
export interface SavedThrottles {
  readonly records: readonly ThrottleRecord[];
  /** Something that was written cannot be read. */
  readonly isDamaged: boolean;
}
