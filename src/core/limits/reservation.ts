// The tokens of one long window that may be taken now, because that they may be is on stable storage already: if the
// process is killed, all of them count as taken when it starts again. One second's worth at the rate is reserved at a
// time by all shards together, at least one by each. Keeps what happened since the last record, for the next.
import type { MonoMs } from '../base/moment.ts';
import type { EventsAt } from './throttle.ts';

export class Reservation {
  /** Tokens that may be taken now. */
  #ready = 0;
  /** Of those that will be ready with the record under way, how many were taken out of the earlier reservation. */
  #takenSince = 0;
  #size = 1;
  #unsaved: EventsAt[] = [];
  /** What the record under way tells; null when none is. */
  #telling: { readonly events: EventsAt[]; readonly reserved: number } | null = null;

  readonly #shards: number;

  /** @param shards so many take tokens out of the window, each out of a reservation of its own */
  constructor(count: number, periodMs: number, shards: number) {
    this.#shards = shards;
    this.change(count, periodMs);
  }

  get ready(): number {
    return this.#ready;
  }

  get isBeingWritten(): boolean {
    return this.#telling !== null;
  }

  /** Whether it is time to reserve more although some are left, so that takers need not wait for the disk. */
  get isLow(): boolean {
    return this.#telling === null && this.#size > 1 && 2 * this.#ready <= this.#size;
  }

  change(count: number, periodMs: number): void {
    this.#size = Math.max(1, Math.floor((count * 1000) / (periodMs * this.#shards)));
    this.#ready = Math.min(this.#ready, this.#size);
  }

  /** Events that the next record tells of, whoever they were taken by. */
  note(at: MonoMs, count: number): void {
    const newest = this.#unsaved.at(-1);
    if (newest !== undefined && newest[0] === at) this.#unsaved[this.#unsaved.length - 1] = [at, newest[1] + count];
    else this.#unsaved.push([at, count]);
  }

  /** One token of those that are ready is taken. */
  spend(at: MonoMs): void {
    this.#ready -= 1;
    this.#takenSince += 1;
    this.note(at, 1);
  }

  /**
   * A record is about to be written.
   * @param isWanted whether it reserves as much as may be; otherwise what is ready stays reserved
   * @returns what it tells
   */
  begin(isWanted: boolean): { readonly events: readonly EventsAt[]; readonly reserved: number } {
    this.#telling = { events: this.#unsaved, reserved: isWanted ? this.#size : this.#ready };
    this.#unsaved = [];
    this.#takenSince = 0;
    return this.#telling;
  }

  /** The record is on stable storage, or it is not and its events have to be told again. */
  end(isDurable: boolean): void {
    const telling = this.#telling!;
    this.#telling = null;
    if (isDurable) this.#ready = Math.max(0, Math.min(this.#size, telling.reserved - this.#takenSince));
    else this.#unsaved = [...telling.events, ...this.#unsaved];
  }
}
