// What the table of throttles asks of the windows behind it. There are two kinds: those of a process with one shard (here), and
// one shard's view of windows that several shards share (shared-windows.ts).
import type { MonoMs } from '../base/moment.ts';
import type { Priority } from './cells.ts';
import type { Throttle } from './throttle.ts';

/** One sliding window, whoever counts events in it. */
export interface Window {
  readonly periodMs: number;
  /** With the events that this shard has to write down: those it has taken. */
  readonly own: Throttle;
  /** The time of the newest event that is remembered, or up to which nothing is known. */
  readonly newest: MonoMs;

  free(at: MonoMs): number;
  recoversAt(at: MonoMs): MonoMs;
  take(at: MonoMs): boolean;
  holds(takenAt: MonoMs, at: MonoMs): boolean;
  move(takenAt: MonoMs, at: MonoMs): boolean;
  change(count: number, periodMs: number): void;
}

/** Those of other shards who wait for tokens of a window, as this shard has to consider them. */
export interface Windows {
  /** Others take tokens out of the same windows. */
  readonly isShared: boolean;
  readonly shards: number;

  /**
   * The window of a key that this shard has not asked for yet.
   * @param own what this shard begins with
   * @param first what all begin with where no shard has asked for it; left out: what an earlier life of the process left
   */
  begin(key: string, own: Throttle, first?: Throttle): Window;
  /** It is of no use to this shard any more. */
  end(window: Window): void;

  /** Until {@link letGo} nobody else takes a token. Calls may be nested. */
  hold(at: MonoMs): void;
  letGo(): void;
  /** The time at which an event counts that is taken now. */
  stamp(at: MonoMs): MonoMs;

  /** A number for who begins to wait, above all that were given out, in any shard. */
  ticket(): number;
  /** How many wait for tokens of the window in other shards. */
  waitingElsewhere(window: Window): number;
  /** How many of other shards go before `priority`. They are to tell when one of them has taken a token, or wants none. */
  before(window: Window, priority: Priority): number;
  /** Who waits in this shard: how many, and the one who goes first; 0 for nobody. */
  publish(window: Window, priority: Priority, count: number): void;
  /** Once a turn: whether somebody of another shard has told something. */
  poll(): boolean;
}

/** For one shard: nobody is considered, and nothing has to be held. */
export const LONE_WINDOWS: Windows = {
  isShared: false,
  shards: 1,
  begin: (_, own) => own,
  end: () => {},
  hold: () => {},
  letGo: () => {},
  stamp: (at) => at,
  ticket: () => 0,
  waitingElsewhere: () => 0,
  before: () => 0,
  publish: () => {},
  poll: () => false,
};
