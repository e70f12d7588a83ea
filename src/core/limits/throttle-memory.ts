// What a throttle begins with (design decision 8). Windows shorter than 10 seconds begin as if their events had all
// happened when the process started. Longer ones begin with what was written: the events with their wall-clock times (a
// clock that went backwards makes them happen now), and what was reserved as if taken at the start. Where something
// written cannot be read, every long window begins like a short one.
import { addMono, addWall, type Moment, type MonoMs, type WallMs, wallMs } from '../base/moment.ts';
import { Reservation } from './reservation.ts';
import { latest, replayed, type SavedWindow } from './saved-throttles.ts';
import { type EventsAt, Throttle } from './throttle.ts';
import type { SavedThrottles, ThrottleRecord } from './throttle-record.ts';

/** Windows of this length and more survive a restart. */
export const DURABLE_PERIOD_MS = 10_000;

/** A window with what it takes its tokens out of; null for one that does not survive a restart. */
export interface BegunThrottle {
  readonly window: Throttle;
  readonly reservation: Reservation | null;
}

export class ThrottleMemory {
  readonly #startedAt: Moment;
  /** Of throttles that were not asked for yet in this life. */
  readonly #saved: Map<string, SavedWindow>;
  readonly #unknownUntil: WallMs | null;
  readonly #shards: number;
  /** What was written before is not to be added to. */
  readonly isDamaged: boolean;

  constructor({ records, isDamaged }: SavedThrottles, startedAt: Moment, shards = 1) {
    const { windows, unknownUntil } = replayed(records);
    this.#startedAt = startedAt;
    this.isDamaged = isDamaged;
    this.#shards = shards;
    this.#saved = isDamaged ? new Map() : windows;
    this.#unknownUntil = isDamaged ? startedAt.wall : unknownUntil;
  }

  /** A throttle that is asked for the first time in this life, or was forgotten since. */
  begin(key: string, count: number, periodMs: number): BegunThrottle {
    if (periodMs < DURABLE_PERIOD_MS) {
      return { window: new Throttle(count, periodMs, this.#startedAt.mono), reservation: null };
    }
    const saved = this.#saved.get(key);
    this.#saved.delete(key);
    const unknownUntil = latest(this.#unknownUntil, saved?.unknownUntil ?? null);
    const window =
      unknownUntil === null ? new Throttle(count, periodMs) : new Throttle(count, periodMs, this.#mono(unknownUntil));
    const reservation = new Reservation(count, periodMs, this.#shards);
    if (saved !== undefined) {
      for (const [at, events] of [...saved.events].sort((a, b) => a[0] - b[0])) window.add(this.#mono(at), events);
      if (saved.reserved > 0) {
        window.add(this.#startedAt.mono, saved.reserved);
        reservation.note(this.#startedAt.mono, saved.reserved);
      }
    }
    return { window, reservation };
  }

  /** What must be written so that nothing that is not asked for yet is lost when the rest is written anew. */
  *unclaimed(now: Moment): Generator<ThrottleRecord> {
    if (this.#unknownUntil !== null) yield { kind: 'unknown', until: this.#unknownUntil };
    for (const [key, { events, periodMs, reserved, unknownUntil }] of this.#saved) {
      const newest = events.reduce((at, event) => Math.max(at, event[0]), unknownUntil ?? 0);
      if (reserved === 0 && newest + periodMs <= now.wall) continue;
      yield { kind: 'window', key, periodMs, events, reserved, unknownUntil };
    }
  }

  #mono(at: WallMs): MonoMs {
    return addMono(this.#startedAt.mono, -Math.max(0, this.#startedAt.wall - at));
  }
}

/** Times for a record: rounded up, since an event may be taken for a later one but not for an earlier one. */
export function wallEvents(events: Iterable<EventsAt>, now: Moment): (readonly [at: WallMs, count: number])[] {
  const told: [at: WallMs, count: number][] = [];
  for (const [at, count] of events) {
    const wall = wallOf(at, now);
    const newest = told.at(-1);
    if (newest !== undefined && newest[0] === wall) newest[1] += count;
    else told.push([wall, count]);
  }
  return told;
}

export function wallOf(at: MonoMs, now: Moment): WallMs {
  return wallMs(Math.ceil(addWall(now.wall, at - now.mono)));
}
