// Looks for mail that could go out and does not: a queue without a connection that nothing keeps, for some seconds. There
// is none as long as every wait has its wake-up; where one is lost through a mistake in this program, the queue is
// reported and looked at again. The cost is bounded: queues that have mail and no connection are looked at, so many at a time.
import { addMono, type Moment, type MonoMs } from '../base/moment.ts';
import { Timer, type Timers } from '../base/timers.ts';
import type { MailQueue } from './mail-queue.ts';

const INTERVAL_MS = 2000;
const LOOKS_MAX = 500;
/** What is nobody's fault for so long: a turn may be under way, a timer due. */
const PATIENCE_MS = 5000;

export interface WatchdogParts {
  readonly timers: Timers;
  /** Why the queue could open a connection now, for people; null when something keeps it. */
  findRoom(queue: MailQueue, at: Moment): string | null;
  /** A queue could have started and had not. */
  found(queue: MailQueue, text: string): void;
}

export class Watchdog {
  readonly #parts: WatchdogParts;
  /** Queues with mail and without a connection, the one not looked at for the longest first. */
  readonly #watched = new Set<MailQueue>();
  /** Of those, the ones that were found able to start, since when. */
  readonly #suspectedSince = new Map<MailQueue, MonoMs>();
  readonly #timer: Timer;
  #isDue = false;
  #stalls = 0;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.#timer = new Timer(() => {
      this.#isDue = true;
    });
  }

  /** How often a queue was found that could have started and had not. */
  get stalls(): number {
    return this.#stalls;
  }

  /** Queues that are looked at now. */
  get watched(): number {
    return this.#watched.size;
  }

  /** To be called whenever the queue gets mail, or gets or loses connections. */
  note(queue: MailQueue): void {
    const isUnserved = queue.active.size > 0 && queue.hasNoConnection;
    if (isUnserved === queue.isWatched) return;
    queue.isWatched = isUnserved;
    if (isUnserved) {
      this.#watched.add(queue);
    } else {
      this.#watched.delete(queue);
      this.#suspectedSince.delete(queue);
    }
  }

  /** At the end of a turn, when everything that may start has started. @returns whether it found a queue that has not */
  look(at: Moment): boolean {
    if (!this.#isDue) {
      if (this.#watched.size > 0 && !this.#timer.isArmed) this.#arm(at);
      return false;
    }
    this.#isDue = false;
    const before = this.#stalls;
    let looks = 0;
    for (const queue of this.#watched) {
      if (++looks > Math.min(LOOKS_MAX, this.#watched.size)) break;
      this.#watched.delete(queue); // to the end, behind all others
      this.#watched.add(queue);
      this.#lookAt(queue, at);
    }
    if (this.#watched.size > 0) this.#arm(at);
    return this.#stalls > before;
  }

  #arm(at: Moment): void {
    this.#parts.timers.set(this.#timer, addMono(at.mono, INTERVAL_MS));
  }

  #lookAt(queue: MailQueue, at: Moment): void {
    const room = this.#parts.findRoom(queue, at);
    if (room === null) {
      this.#suspectedSince.delete(queue);
      return;
    }
    const since = this.#suspectedSince.get(queue);
    if (since === undefined) this.#suspectedSince.set(queue, at.mono);
    else if (at.mono - since >= PATIENCE_MS) {
      this.#suspectedSince.delete(queue);
      this.#stalls += 1;
      this.#parts.found(queue, room);
    }
  }
}
