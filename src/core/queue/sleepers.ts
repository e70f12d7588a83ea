// Tasks that wait as rows of numbers instead of objects, some 60 octets each and nothing for the garbage collector to look at:
// there may be millions. All queues of a server share one table. A row is made into a task when a connection takes it, or
// for a look, which leaves it where it is.
import type { WallMs } from '../base/moment.ts';
import { CHUNK_ROWS, placeInChunk, Rows } from '../base/rows.ts';
import { HeldMessages, type StoredMessages } from './stored-messages.ts';
import { makeTask, type Task } from './task.ts';

/** Where a row stands: in none, in one of the two parts of an active queue, or in a delayed one. */
export type Bed = typeof FREE | typeof RING | typeof RETURNED | typeof DELAYED | typeof GAP;
export const FREE = 0;
export const RING = 1;
export const RETURNED = 2;
export const DELAYED = 3;
/** In a ring, in place of one that was taken out of the middle: it keeps the order. */
export const GAP = 4;

/** Tasks of all queues that may stay objects because they are soon to be sent. */
const AWAKE_MAX = 8_192;
/** Of one queue. */
const AWAKE_OF_QUEUE_MAX = 256;
/** In place of the first recipient of a task whose recipients do not follow one another. */
const SCATTERED = 0xffff_ffff;

interface Columns {
  readonly receivedAt: Float64Array;
  readonly sequence: Float64Array;
  readonly dueAt: Float64Array;
  readonly message: Uint32Array;
  readonly first: Uint32Array;
  readonly count: Uint32Array;
  readonly retries: Uint32Array;
  /** Another for every task: whoever had a look at one finds out whether it is still there. */
  readonly stamp: Uint32Array;
  /** Its place in its heap. */
  readonly place: Uint32Array;
  readonly bed: Uint8Array;
}

function makeColumns(): Columns {
  const buffer = new ArrayBuffer(CHUNK_ROWS * (3 * 8 + 6 * 4 + 1));
  let at = 0;
  const next = (bytes: number): number => {
    at += CHUNK_ROWS * bytes;
    return at - CHUNK_ROWS * bytes;
  };
  return {
    receivedAt: new Float64Array(buffer, next(8), CHUNK_ROWS),
    sequence: new Float64Array(buffer, next(8), CHUNK_ROWS),
    dueAt: new Float64Array(buffer, next(8), CHUNK_ROWS),
    message: new Uint32Array(buffer, next(4), CHUNK_ROWS),
    first: new Uint32Array(buffer, next(4), CHUNK_ROWS),
    count: new Uint32Array(buffer, next(4), CHUNK_ROWS),
    retries: new Uint32Array(buffer, next(4), CHUNK_ROWS),
    stamp: new Uint32Array(buffer, next(4), CHUNK_ROWS),
    place: new Uint32Array(buffer, next(4), CHUNK_ROWS),
    bed: new Uint8Array(buffer, next(1), CHUNK_ROWS),
  };
}

export class Sleepers {
  readonly #messages: StoredMessages;
  readonly #awakeOfQueueMax: number;
  readonly #rows = new Rows<Columns>(makeColumns);
  readonly #scattered = new Map<number, readonly number[]>();
  #lastStamp = 0;
  /** Tasks that wait as objects, over all queues; the queues keep count. */
  awake = 0;

  constructor(messages: StoredMessages = new HeldMessages(), awakeOfQueueMax = AWAKE_OF_QUEUE_MAX) {
    this.#messages = messages;
    this.#awakeOfQueueMax = awakeOfQueueMax;
  }

  /** Tasks asleep. */
  get size(): number {
    return this.#rows.size;
  }

  /** Whether a queue with so many tasks that wait as objects may have one more. */
  mayStayAwake(awakeOfQueue: number): boolean {
    return awakeOfQueue < this.#awakeOfQueueMax && this.awake < AWAKE_MAX;
  }

  /** @returns the row. The object is not needed any more; whoever has it still has a look at the row. */
  sleep(task: Task, bed: Bed): number {
    const { stored, receivedAt, recipients, retries, dueAt } = task;
    const row = this.#rows.take();
    const columns = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    columns.receivedAt[at] = receivedAt;
    columns.sequence[at] = stored.sequence;
    columns.dueAt[at] = dueAt;
    columns.message[at] = this.#messages.keep(stored);
    columns.count[at] = recipients.length;
    columns.retries[at] = retries;
    this.#lastStamp = (this.#lastStamp + 1) >>> 0;
    columns.stamp[at] = this.#lastStamp;
    task.row = row;
    task.stamp = this.#lastStamp;
    columns.bed[at] = bed;
    if (followOneAnother(recipients)) columns.first[at] = recipients[0]!;
    else {
      columns.first[at] = SCATTERED;
      this.#scattered.set(row, recipients);
    }
    return row;
  }

  /** The task of a row, which is in no queue any more. */
  wake(row: number): Task {
    const task = this.look(row);
    task.row = -1;
    this.end(row);
    return task;
  }

  /** The row is not needed any more. */
  end(row: number): void {
    this.#leave(row, FREE);
    this.#rows.give(row);
  }

  /** The task of a row, which stays where it is: {@link isIn} says whether it still does. */
  look(row: number): Task {
    const { message, retries, dueAt, stamp } = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    const stored = this.#messages.at(message[at]!);
    const task = makeTask(stored, this.#recipientsOf(row), retries[at]!, dueAt[at] as WallMs);
    task.row = row;
    task.stamp = stamp[at]!;
    return task;
  }

  /** Whether a task that was looked at is there. */
  isIn(bed: Bed, { row, stamp }: Task): boolean {
    return this.isStill(bed, row, stamp);
  }

  isStill(bed: Bed, row: number, stamp: number): boolean {
    if (!this.#rows.has(row)) return false;
    const columns = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    return columns.stamp[at] === stamp && columns.bed[at] === bed;
  }

  /** It stands in another part now; `GAP`: the task is gone and its row keeps a place. */
  move(row: number, bed: Bed): void {
    if (bed === GAP) this.#leave(row, GAP);
    else this.#rows.columnsOf(row).bed[placeInChunk(row)] = bed;
  }

  /** Of a gap that is not needed any more. */
  giveGap(row: number): void {
    this.#rows.columnsOf(row).bed[placeInChunk(row)] = FREE;
    this.#rows.give(row);
  }

  bedOf(row: number): Bed {
    return this.#rows.columnsOf(row).bed[placeInChunk(row)] as Bed;
  }

  stampOf(row: number): number {
    return this.#rows.columnsOf(row).stamp[placeInChunk(row)]!;
  }

  receivedAt(row: number): WallMs {
    return this.#rows.columnsOf(row).receivedAt[placeInChunk(row)] as WallMs;
  }

  sequenceOf(row: number): number {
    return this.#rows.columnsOf(row).sequence[placeInChunk(row)]!;
  }

  dueAt(row: number): WallMs {
    return this.#rows.columnsOf(row).dueAt[placeInChunk(row)] as WallMs;
  }

  /** Its recipients: messages of listings. */
  countOf(row: number): number {
    return this.#rows.columnsOf(row).count[placeInChunk(row)]!;
  }

  placeOf(row: number): number {
    return this.#rows.columnsOf(row).place[placeInChunk(row)]!;
  }

  setPlace(row: number, place: number): void {
    this.#rows.columnsOf(row).place[placeInChunk(row)] = place;
  }

  /** Whether `row` comes before a task of this reception and sequence. */
  isOlderThan(row: number, receivedAt: number, sequence: number): boolean {
    const columns = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    const own = columns.receivedAt[at]!;
    return own === receivedAt ? columns.sequence[at]! < sequence : own < receivedAt;
  }

  isOlder(row: number, other: number): boolean {
    const columns = this.#rows.columnsOf(other);
    const at = placeInChunk(other);
    return this.isOlderThan(row, columns.receivedAt[at]!, columns.sequence[at]!);
  }

  #recipientsOf(row: number): readonly number[] {
    const { first, count } = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    const from = first[at]!;
    if (from === SCATTERED) return this.#scattered.get(row)!;
    return Array.from({ length: count[at]! }, (_, step) => from + step);
  }

  #leave(row: number, bed: Bed): void {
    const columns = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    columns.bed[at] = bed;
    this.#messages.letGo(columns.message[at]!);
    if (columns.first[at] === SCATTERED) this.#scattered.delete(row);
  }
}

function followOneAnother(recipients: readonly number[]): boolean {
  const first = recipients[0]!;
  for (let step = 1; step < recipients.length; step++) if (recipients[step] !== first + step) return false;
  return true;
}
