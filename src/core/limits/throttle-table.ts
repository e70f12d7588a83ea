// All throttles of this node. The stanza that holds a value owns one, and everybody who falls back to that stanza shares
// it: they are found by the key of the stanza, and last as long as they know of events, over any change of configuration.
// Who finds one empty waits here and is woken at its recovery: who has no connection first, then the longest wait, one
// for each token there is. A woken waiter that does not take its token leaves it to the next.
// Where several shards take tokens out of one window (windows.ts), each wakes its own: one that goes before those of the others,
// as far as they have said who goes first there; a token is left to who does, wherever that is.
// Knows keys and numbers; which of them a message or a connection needs is decided in delivery/throttles.ts.
import { addMono, type Moment, type MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';
import type { Priority } from './cells.ts';
import type { Reservation } from './reservation.ts';
import { type EventsAt, NEVER } from './throttle.ts';
import { DURABLE_PERIOD_MS, type ThrottleMemory, wallEvents, wallOf } from './throttle-memory.ts';
import type { ThrottleRecord, WindowRecord } from './throttle-record.ts';
import { NO_COUNTER, stopWaiting, type Waiter, WaitList } from './wait-list.ts';
import { LONE_WINDOWS, type Window, type Windows } from './windows.ts';

/** What a stanza sets. */
export interface ThrottleValue {
  /** Of the option and the stanza. */
  readonly key: string;
  readonly count: number;
  readonly periodMs: number;
  /** Where it is set, for people. */
  readonly setAt: { readonly file: string; readonly line: number; readonly column: number };
}

/** What a throttle tells its table. */
interface ThrottleNotes {
  recovered(throttle: SharedThrottle): void;
  /** Somebody has left, or goes before others now. */
  waitersChanged(throttle: SharedThrottle): void;
}

/** One throttle with those who wait for it. Changed by the table only. */
export class SharedThrottle {
  value: ThrottleValue;
  readonly window: Window;
  /** Null for a window that does not survive a restart. */
  reservation: Reservation | null;
  /** Of all its values in this life of the process. */
  longestPeriodMs: number;
  readonly waiters: WaitList;
  readonly timer: Timer;

  constructor(value: ThrottleValue, window: Window, reservation: Reservation | null, notes: ThrottleNotes) {
    this.value = value;
    this.window = window;
    this.reservation = reservation;
    this.longestPeriodMs = value.periodMs;
    const waitersChanged = () => notes.waitersChanged(this);
    this.waiters = new WaitList(NO_COUNTER, 0, waitersChanged, waitersChanged);
    this.timer = new Timer(() => notes.recovered(this));
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

interface Woken {
  readonly waiter: Waiter;
  readonly throttle: SharedThrottle;
  readonly priority: Priority;
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
  readonly #windows: Windows;
  readonly #timers: Timers;
  readonly #memory: ThrottleMemory;
  readonly #writer: RecordWriter;
  /** Those whose waiters are to be looked at. */
  readonly #recovered = new Set<SharedThrottle>();
  /** Those with tokens that are left to others, who have to tell when they do not want them. */
  readonly #left = new Set<SharedThrottle>();
  /** Those of which the other shards are to be told anew who waits here. Always empty where there are none. */
  readonly #changed = new Set<SharedThrottle>();
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
  #woken: Woken | null = null;
  /** Who was woken in this turn, and for what, and let others go first. */
  readonly #gaveWay = new Map<Waiter, Woken>();
  readonly #notes: ThrottleNotes;

  /**
   * @param memory of what this shard has written down
   */
  constructor(timers: Timers, memory: ThrottleMemory, writer: RecordWriter, windows: Windows = LONE_WINDOWS) {
    this.#timers = timers;
    this.#memory = memory;
    this.#writer = writer;
    this.#mustWriteAll = memory.isDamaged;
    this.#windows = windows;
    this.#notes = {
      recovered: (throttle) => this.#recovered.add(throttle),
      waitersChanged: windows.isShared ? (throttle) => this.#changed.add(throttle) : () => {},
    };
  }

  /** Others take tokens, too: what there was room for a moment ago may be gone. */
  get isShared(): boolean {
    return this.#windows.isShared;
  }

  /** Until {@link letGo} what there is room for stays. Calls may be nested. */
  hold(at: MonoMs): void {
    this.#windows.hold(at);
  }

  letGo(): void {
    this.#windows.letGo();
  }

  /** The throttle of the stanza, with the value in force from now on. */
  refer(value: ThrottleValue): SharedThrottle {
    const { key, count, periodMs } = value;
    const throttle = this.#throttles.get(key);
    if (throttle === undefined) {
      const { window: own, reservation } = this.#memory.begin(key, count, periodMs);
      const window = this.#windows.begin(key, own);
      const made = new SharedThrottle(value, window, reservation, this.#notes);
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
      for (const [at, events] of window.own.remembered()) throttle.reservation!.note(at, events);
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
      this.#left.delete(throttle);
      this.#changed.delete(throttle);
      this.#windows.end(window);
    }
  }

  // ---- tokens

  /** Whether one of `waiters`, who are one and the same, may take a token now, considering who else waits for one. */
  hasRoom(throttle: SharedThrottle, waiters: readonly Waiter[], at: MonoMs): boolean {
    const free = throttle.free(at);
    if (free === 0) return false;
    const { window } = throttle;
    let others = throttle.waiters.size;
    if (others > 0 || this.#windows.isShared) {
      const woken = this.#woken !== null && waiters.includes(this.#woken.waiter) ? this.#woken : null;
      if (woken?.throttle === throttle) return free > this.#windows.before(window, woken.priority);
      for (const { waits } of waiters) if (waits.some(({ list }) => list === throttle.waiters)) others -= 1;
      if (woken !== null)
        return this.#hasRoomForWoken(woken, free, others, this.#windows.before(window, woken.priority));
    }
    return free > others + this.#windows.waitingElsewhere(window);
  }

  /**
   * The same for who was woken for another throttle. It lets those go first who wait for this one. With several shards it does
   * so once a turn: those who need the same two throttles could give way to each other for ever, where others elsewhere keep
   * either list from running empty.
   */
  #hasRoomForWoken(woken: Woken, free: number, others: number, elsewhere: number): boolean {
    if (free > others + elsewhere) return true;
    if (free <= elsewhere || !this.#windows.isShared) return false;
    const gaveWay = this.#gaveWay.get(woken.waiter);
    if (gaveWay !== undefined && gaveWay !== woken) return true;
    this.#gaveWay.set(woken.waiter, woken);
    return false;
  }

  /** Takes a token that there is room for. @returns the time at which it counts */
  take(throttle: SharedThrottle, at: MonoMs): MonoMs {
    throttle.window.take(at);
    this.#spent(throttle, at);
    return this.#windows.stamp(at);
  }

  /** A token taken at `takenAt` is to count from now on instead. False when that time has left the window, or later. */
  canMove(throttle: SharedThrottle, takenAt: MonoMs, at: MonoMs): boolean {
    if (throttle.reservation !== null && throttle.reservation.ready === 0) return false;
    return throttle.window.holds(takenAt, at);
  }

  /** @returns the time at which it counts from now on */
  move(throttle: SharedThrottle, takenAt: MonoMs, at: MonoMs): MonoMs {
    throttle.window.move(takenAt, at);
    this.#spent(throttle, at);
    return this.#windows.stamp(at);
  }

  #spent(throttle: SharedThrottle, at: MonoMs): void {
    if (this.#woken?.throttle === throttle) this.#woken = null;
    const { reservation } = throttle;
    if (reservation === null) return;
    reservation.spend(this.#windows.stamp(at));
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
    waiter.waits.push(waiters.add(waiter, this.#windows.ticket()));
    this.#notes.waitersChanged(throttle);
    if (throttle.free(at) > 0) this.#recovered.add(throttle);
    else this.#awaitRecovery(throttle, at);
  }

  /** The next waiter that may have a token, taken out of all its lists, or null. */
  nextEligible(at: MonoMs): Waiter | null {
    this.#woken = null;
    this.#tellOthers();
    for (const throttle of this.#recovered) {
      const { waiters } = throttle;
      if (waiters.size > 0 && this.#mayWake(throttle, at)) {
        const { priority } = waiters;
        const waiter = waiters.first();
        stopWaiting(waiter);
        this.#woken = { waiter, throttle, priority };
        return waiter;
      }
      this.#recovered.delete(throttle);
      if (waiters.size > 0) this.#awaitRecovery(throttle, at);
    }
    return null;
  }

  /** Whether there is a token that is not left to others. */
  #mayWake(throttle: SharedThrottle, at: MonoMs): boolean {
    const { window, waiters } = throttle;
    this.#windows.hold(at); // or somebody could take a token in between, and not know that others are left for it
    const free = throttle.free(at);
    const mayWake = free > 0 && free > this.#windows.before(window, waiters.priority);
    this.#windows.letGo();
    if (free > 0 && !mayWake) this.#left.add(throttle);
    return mayWake;
  }

  #tellOthers(): void {
    if (this.#changed.size === 0) return;
    for (const throttle of this.#changed) {
      const { window, waiters, reservation } = throttle;
      // Who goes first here may go before those now that a token was left to; they would leave it to this shard.
      if (this.#left.delete(throttle)) this.#recovered.add(throttle);
      // While nothing can be written here, a token that is left to this shard would be of use to nobody.
      const isStuck = this.#retryTimer.isArmed && reservation?.ready === 0;
      if (isStuck || waiters.size === 0) this.#windows.publish(window, 0, 0);
      else this.#windows.publish(window, waiters.priority, waiters.size);
    }
    this.#changed.clear();
  }

  /** Once a turn: hears of others who have taken their tokens, or want none. */
  poll(): void {
    if (this.#gaveWay.size > 0) this.#gaveWay.clear();
    if (!this.#windows.poll()) return;
    for (const throttle of this.#left) this.#recovered.add(throttle);
    this.#left.clear();
  }

  /** There is no token: the window recovers at a known time, a reservation when it is written. */
  #awaitRecovery(throttle: SharedThrottle, at: MonoMs): void {
    const { window, reservation } = throttle;
    if (window.free(at) === 0) this.#timers.set(throttle.timer, window.recoversAt(at));
    else if (reservation?.ready === 0 && !reservation.isBeingWritten) this.#wanting.add(throttle);
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
      return this.#record(throttle, isAnew ? throttle.window.own.remembered() : events, reserved, now);
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
    const changed = isDurable ? this.#beingWritten : this.#throttles.values();
    for (const throttle of changed) this.#notes.waitersChanged(throttle);
    this.#beingWritten = [];
    if (isDurable) return;
    this.#mustWriteAll = true; // what is there now is not known
    this.#timers.set(this.#retryTimer, addMono(at, WRITE_RETRY_MS));
  }

  /** For an orderly stop: every long window as it is, with nothing reserved. Null when there is nothing to write. */
  finalRecords(now: Moment): readonly ThrottleRecord[] | null {
    const records = [...this.#memory.unclaimed(now)];
    for (const throttle of this.#throttles.values()) {
      const { own } = throttle.window;
      if (!throttle.isKept || own.newest === NEVER) continue;
      records.push(this.#record(throttle, own.remembered(), 0, now));
    }
    return records.length === 0 && this.#eventsWritten === 0 ? null : records;
  }

  #record(throttle: SharedThrottle, events: Iterable<EventsAt>, reserved: number, now: Moment): WindowRecord {
    const { window, longestPeriodMs: periodMs } = throttle;
    const { own } = window;
    const { key } = throttle.value;
    const told = wallEvents(events, now);
    this.#eventsWritten += told.length + 1;
    const unknownUntil = own.unknownUntil === NEVER ? null : wallOf(own.unknownUntil, now);
    return { kind: 'window', key, periodMs, events: told, reserved, unknownUntil };
  }

  get #isWasteful(): boolean {
    if (this.#eventsWritten < WASTE_MIN) return false;
    let counting = 0;
    for (const { window, isKept } of this.#throttles.values()) if (isKept) counting += window.own.entries;
    return this.#eventsWritten > WASTE_FACTOR * counting;
  }
}
