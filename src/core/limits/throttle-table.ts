// All throttles of this node. The stanza that holds a value owns one, and everybody who falls back to that stanza shares
// it: they are found by the key of the stanza, and last as long as they know of events, over any change of configuration.
// Who finds one empty waits here and is woken at its recovery: who has no connection first, then the longest wait, one
// for each token there is. A woken waiter that does not take its token leaves it to the next.
// Knows keys and numbers; which of them a message or a connection needs is decided in delivery/tokens.ts.
import { addMono, type Moment, type MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';
import type { Reservation } from './reservation.ts';
import { type EventsAt, NEVER, type Throttle } from './throttle.ts';
import { DURABLE_PERIOD_MS, type ThrottleMemory, wallEvents, wallOf } from './throttle-memory.ts';
import type { ThrottleRecord, WindowRecord } from './throttle-record.ts';
import { NO_COUNTER, stopWaiting, type Waiter, WaitList } from './wait-list.ts';

/** What a stanza sets. */
export interface ThrottleValue {
  /** Of the option and the stanza. */
  readonly key: string;
  readonly count: number;
  readonly periodMs: number;
  /** Where it is set, for people. */
  readonly setAt: { readonly file: string; readonly line: number; readonly column: number };
}

/** One throttle with those who wait for it. Changed by the table only. */
export class SharedThrottle {
  value: ThrottleValue;
  readonly window: Throttle;
  /** Null for a window that does not survive a restart. */
  reservation: Reservation | null;
  /** Of all its values in this life of the process. */
  longestPeriodMs: number;
  readonly waiters = new WaitList(NO_COUNTER, 0);
  readonly timer: Timer;

  constructor(value: ThrottleValue, window: Throttle, reservation: Reservation | null, recovered: () => void) {
    this.value = value;
    this.window = window;
    this.reservation = reservation;
    this.longestPeriodMs = value.periodMs;
    this.timer = new Timer(recovered);
  }

  /** What happened is written, since its window is long or was. */
  get isKept(): boolean {
    return this.longestPeriodMs >= DURABLE_PERIOD_MS;
  }

  /** Tokens that may be taken now. */
  free(at: MonoMs): number {
    if (this.reservation !== null && this.reservation.ready === 0) return 0;
    const free = this.window.free(at);
    return this.reservation === null ? free : Math.min(free, this.reservation.ready);
  }
}

/** Puts records on stable storage and answers with {@link ThrottleTable.written}, in a later turn; one write at a time. */
export interface RecordWriter {
  /** Behind those that were written before. */
  reserve(records: readonly ThrottleRecord[]): void;
  /** In place of all that was written before. */
  writeAll(records: readonly ThrottleRecord[]): void;
}

const NOTHING_RESERVED = { events: [], reserved: 0 };

/** How long after a failed write the next is tried. */
const WRITE_RETRY_MS = 1000;
/** A throttle that nobody waits for is forgotten so long after its last event, with the next configuration. */
const FORGET_MS = 86_400_000;
/** Records are written anew when they hold this many times the events that count, and this many events at least. */
const WASTE_FACTOR = 4;
const WASTE_MIN = 20_000;

export class ThrottleTable {
  readonly #throttles = new Map<string, SharedThrottle>();
  readonly #timers: Timers;
  readonly #memory: ThrottleMemory;
  readonly #writer: RecordWriter;
  /** Those whose waiters are to be looked at. */
  readonly #recovered = new Set<SharedThrottle>();
  /** Those that want more tokens reserved. */
  readonly #wanting = new Set<SharedThrottle>();
  /** Those that the write under way is about. */
  #beingWritten: readonly SharedThrottle[] = [];
  /** What was written cannot be added to. */
  #mustWriteAll: boolean;
  /** Events in the records since they were last written anew. */
  #eventsWritten = 0;
  readonly #retryTimer = new Timer(() => {});
  /** Who was woken last, and for what: it alone may take a token past the others who wait. */
  #woken: { readonly waiter: Waiter; readonly throttle: SharedThrottle } | null = null;

  /** @param isDamaged what was written before is not to be added to */
  constructor(timers: Timers, memory: ThrottleMemory, writer: RecordWriter, isDamaged: boolean) {
    this.#timers = timers;
    this.#memory = memory;
    this.#writer = writer;
    this.#mustWriteAll = isDamaged;
  }

  /** The throttle of the stanza, with the value in force from now on. */
  refer(value: ThrottleValue): SharedThrottle {
    const { key, count, periodMs } = value;
    const throttle = this.#throttles.get(key);
    if (throttle === undefined) {
      const { window, reservation } = this.#memory.begin(key, count, periodMs);
      const made: SharedThrottle = new SharedThrottle(value, window, reservation, () => this.#recovered.add(made));
      this.#throttles.set(key, made);
      return made;
    }
    if (throttle.value.count !== count || throttle.value.periodMs !== periodMs) this.#change(throttle, value);
    throttle.value = value;
    return throttle;
  }

  #change(throttle: SharedThrottle, { key, count, periodMs }: ThrottleValue): void {
    const { window, reservation } = throttle;
    window.change(count, periodMs);
    throttle.longestPeriodMs = Math.max(throttle.longestPeriodMs, periodMs);
    this.#recovered.add(throttle);
    if (periodMs < DURABLE_PERIOD_MS) throttle.reservation = null;
    else if (reservation !== null) reservation.change(count, periodMs);
    else {
      throttle.reservation = this.#memory.begin(key, count, periodMs).reservation;
      for (const [at, events] of window.remembered()) throttle.reservation!.note(at, events);
    }
  }

  /** Before other values come into force: throttles that know nothing of use any more go. References to them are void. */
  forget(now: MonoMs): void {
    for (const [key, throttle] of this.#throttles) {
      const { window, reservation, waiters } = throttle;
      if (waiters.size > 0 || reservation?.isBeingWritten === true) continue;
      if (addMono(window.newest, Math.max(window.periodMs, FORGET_MS)) > now) continue;
      this.#throttles.delete(key);
      this.#timers.drop(throttle.timer);
      this.#recovered.delete(throttle);
      this.#wanting.delete(throttle);
    }
  }

  // ---- tokens

  /** Whether one of `waiters`, who are one and the same, may take a token now, considering who else waits for one. */
  hasRoom(throttle: SharedThrottle, waiters: readonly Waiter[], at: MonoMs): boolean {
    const free = throttle.free(at);
    if (free === 0) return false;
    let others = throttle.waiters.size;
    if (others > 0) {
      if (this.#woken !== null && this.#woken.throttle === throttle && waiters.includes(this.#woken.waiter))
        return true;
      for (const { waits } of waiters) if (waits.some(({ list }) => list === throttle.waiters)) others -= 1;
    }
    return free > others;
  }

  /** Takes a token that there is room for. */
  take(throttle: SharedThrottle, at: MonoMs): void {
    throttle.window.take(at);
    this.#spent(throttle, at);
  }

  /** A token taken at `takenAt` is to count from now on instead. False when that time has left the window, or later. */
  canMove(throttle: SharedThrottle, takenAt: MonoMs, at: MonoMs): boolean {
    if (throttle.reservation !== null && throttle.reservation.ready === 0) return false;
    return throttle.window.holds(takenAt, at);
  }

  move(throttle: SharedThrottle, takenAt: MonoMs, at: MonoMs): void {
    throttle.window.move(takenAt, at);
    this.#spent(throttle, at);
  }

  #spent(throttle: SharedThrottle, at: MonoMs): void {
    if (this.#woken?.throttle === throttle) this.#woken = null;
    const { reservation } = throttle;
    if (reservation === null) return;
    reservation.spend(at);
    if (reservation.isLow && throttle.window.free(at) > 0) this.#wanting.add(throttle);
  }

  /** When one more could be taken if nobody else did. What waits for the disk does so from now on. */
  recoversAt(throttle: SharedThrottle, at: MonoMs): MonoMs {
    return throttle.window.recoversAt(at);
  }

  // ---- waiting

  /** `waiter` is woken when it may have a token of the throttle. */
  wait(waiter: Waiter, throttle: SharedThrottle, at: MonoMs): void {
    const { waiters } = throttle;
    if (waiter.waits.some(({ list }) => list === waiters)) return;
    waiter.waits.push(waiters.add(waiter));
    if (throttle.free(at) > 0) this.#recovered.add(throttle);
    else this.#awaitRecovery(throttle, at);
  }

  /** The next waiter that may have a token, taken out of all its lists, or null. */
  nextEligible(at: MonoMs): Waiter | null {
    this.#woken = null;
    for (const throttle of this.#recovered) {
      const { waiters } = throttle;
      if (waiters.size > 0 && throttle.free(at) > 0) {
        const waiter = waiters.first();
        stopWaiting(waiter);
        this.#woken = { waiter, throttle };
        return waiter;
      }
      this.#recovered.delete(throttle);
      if (waiters.size > 0) this.#awaitRecovery(throttle, at);
    }
    return null;
  }

  /** There is no token: the window recovers at a known time, a reservation when it is written. */
  #awaitRecovery(throttle: SharedThrottle, at: MonoMs): void {
    if (throttle.window.free(at) === 0) this.#timers.set(throttle.timer, throttle.window.recoversAt(at));
    else if (!throttle.reservation!.isBeingWritten) this.#wanting.add(throttle);
  }

  // ---- records

  /** At the end of a turn: everything that is to be reserved goes into one write. */
  write(now: Moment): void {
    if (this.#wanting.size === 0 || this.isWriting || this.#retryTimer.isArmed) return;
    const wanting = [...this.#wanting].filter(({ reservation }) => reservation !== null);
    const isAnew = this.#mustWriteAll || this.#isWasteful;
    const throttles = isAnew ? [...this.#throttles.values()].filter(({ isKept }) => isKept) : wanting;
    this.#wanting.clear();
    if (wanting.length === 0) return;
    this.#beingWritten = throttles;
    if (isAnew) this.#eventsWritten = 0;
    const records = throttles.map((throttle) => {
      const { events, reserved } = throttle.reservation?.begin(wanting.includes(throttle)) ?? NOTHING_RESERVED;
      return this.#record(throttle, isAnew ? throttle.window.remembered() : events, reserved, now);
    });
    if (!isAnew) {
      this.#writer.reserve(records);
      return;
    }
    this.#mustWriteAll = false;
    this.#writer.writeAll([...this.#memory.unclaimed(now), ...records]);
  }

  /** All that somebody asked for, for checks and listings. */
  values(): IterableIterator<SharedThrottle> {
    return this.#throttles.values();
  }

  get isWriting(): boolean {
    return this.#beingWritten.length > 0;
  }

  /** The write under way has come to its end. */
  written(isDurable: boolean, at: MonoMs): void {
    for (const throttle of this.#beingWritten) {
      if (throttle.reservation?.isBeingWritten === true) throttle.reservation.end(isDurable);
      if (throttle.waiters.size > 0) this.#recovered.add(throttle);
    }
    this.#beingWritten = [];
    if (isDurable) return;
    this.#mustWriteAll = true; // what is there now is not known
    this.#timers.set(this.#retryTimer, addMono(at, WRITE_RETRY_MS));
  }

  /** For an orderly stop: every long window as it is, with nothing reserved. Null when there is nothing to write. */
  finalRecords(now: Moment): readonly ThrottleRecord[] | null {
    const records = [...this.#memory.unclaimed(now)];
    for (const throttle of this.#throttles.values()) {
      if (!throttle.isKept || throttle.window.newest === NEVER) continue;
      records.push(this.#record(throttle, throttle.window.remembered(), 0, now));
    }
    return records.length === 0 ? null : records;
  }

  #record(throttle: SharedThrottle, events: Iterable<EventsAt>, reserved: number, now: Moment): WindowRecord {
    const { window, longestPeriodMs: periodMs } = throttle;
    const { key } = throttle.value;
    const told = wallEvents(events, now);
    this.#eventsWritten += told.length + 1;
    const unknownUntil = window.unknownUntil === NEVER ? null : wallOf(window.unknownUntil, now);
    return { kind: 'window', key, periodMs, events: told, reserved, unknownUntil };
  }

  get #isWasteful(): boolean {
    if (this.#eventsWritten < WASTE_MIN) return false;
    let counting = 0;
    for (const { window, isKept } of this.#throttles.values()) if (isKept) counting += window.entries;
    return this.#eventsWritten > WASTE_FACTOR * counting;
  }
}
