// Tasks that wait as rows of numbers instead of objects, 56 octets each and nothing for the garbage collector to look at:
// there may be millions. All queues of a server share one table. A row is made into a task when a connection takes it, or
// for a look, which leaves it where it is.
import type { WallMs } from '../base/moment.ts';
import { CHUNK_ROWS, placeInChunk, Rows } from '../base/rows.ts';
import { HeldMessages, type StoredMessages } from './stored-messages.ts';
import { makeTask, type Task } from './task.ts';

/** Where a row stands: in none, in one of the two parts of an active queue, or in a delayed one. */
export type Bed = typeof FREE | typeof IN_ORDER | typeof RETURNED | typeof DELAYED;
export const FREE = 0;
export const IN_ORDER = 1;
export const RETURNED = 2;
export const DELAYED = 3;

/** Tasks of all queues that may stay objects because they are soon to be sent. */
const AWAKE_MAX = 8_192;
/** Of one queue. */
const AWAKE_OF_QUEUE_MAX = 256;
/** In place of the first recipient of a task whose recipients do not follow one another. */
const SCATTERED = 0xffff_ffff;

/**
 * What a row holds stands side by side, for tasks of one queue are far from each other and each line of memory that has to be
 * fetched costs more than all else here: first its doubles, then its words.
 */
const ROW_DOUBLES = 7;
const ROW_WORDS = 2 * ROW_DOUBLES;
// Doubles.
const RECEIVED_AT = 0;
const SEQUENCE = 1;
const DUE_AT = 2;
// Words.
const MESSAGE = 6;
const FIRST = 7;
const COUNT = 8;
const RETRIES = 9;
/** Another for every task: whoever had a look at one finds out whether it is still there. */
const STAMP = 10;
const BED = 11;
/** Its place in its heap, or the one behind it in its list. */
const PLACE = 12;
/** The one before it in its list. */
const PREVIOUS = 13;

interface Chunk {
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
}

function makeChunk(): Chunk {
  const doubles = new Float64Array(CHUNK_ROWS * ROW_DOUBLES);
  return { doubles, words: new Uint32Array(doubles.buffer) };
}

export class Sleepers {
  readonly #messages: StoredMessages;
  readonly #awakeOfQueueMax: number;
  readonly #rows = new Rows<Chunk>(makeChunk);
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
    const { doubles, words } = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    const double = at * ROW_DOUBLES;
    const word = at * ROW_WORDS;
    doubles[double + RECEIVED_AT] = receivedAt;
    doubles[double + SEQUENCE] = stored.sequence;
    doubles[double + DUE_AT] = dueAt;
    words[word + MESSAGE] = this.#messages.keep(stored);
    words[word + COUNT] = recipients.length;
    words[word + RETRIES] = retries;
    this.#lastStamp = (this.#lastStamp + 1) >>> 0;
    words[word + STAMP] = this.#lastStamp;
    task.row = row;
    task.stamp = this.#lastStamp;
    words[word + BED] = bed;
    if (followOneAnother(recipients)) words[word + FIRST] = recipients[0]!;
    else {
      words[word + FIRST] = SCATTERED;
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
    this.#leave(row);
    this.#rows.give(row);
  }

  /** The task of a row, which stays where it is: {@link isIn} says whether it still does. */
  look(row: number): Task {
    const { doubles, words } = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    const double = at * ROW_DOUBLES;
    const word = at * ROW_WORDS;
    const task = makeTask(
      this.#messages.at(words[word + MESSAGE]!),
      this.#recipientsOf(row),
      words[word + RETRIES]!,
      doubles[double + DUE_AT] as WallMs,
      doubles[double + RECEIVED_AT] as WallMs,
    );
    task.row = row;
    task.stamp = words[word + STAMP]!;
    return task;
  }

  /** Whether a task that was looked at is there. */
  isIn(bed: Bed, { row, stamp }: Task): boolean {
    return this.isStill(bed, row, stamp);
  }

  isStill(bed: Bed, row: number, stamp: number): boolean {
    return this.#rows.has(row) && this.stampOf(row) === stamp && this.bedOf(row) === bed;
  }

  /** It stands in another part now. */
  move(row: number, bed: Bed): void {
    this.#setWord(row, BED, bed);
  }

  bedOf(row: number): Bed {
    return this.#word(row, BED) as Bed;
  }

  stampOf(row: number): number {
    return this.#word(row, STAMP);
  }

  receivedAt(row: number): WallMs {
    return this.#double(row, RECEIVED_AT) as WallMs;
  }

  sequenceOf(row: number): number {
    return this.#double(row, SEQUENCE);
  }

  dueAt(row: number): WallMs {
    return this.#double(row, DUE_AT) as WallMs;
  }

  /** Its recipients: messages of listings. */
  countOf(row: number): number {
    return this.#word(row, COUNT);
  }

  placeOf(row: number): number {
    return this.#word(row, PLACE);
  }

  setPlace(row: number, place: number): void {
    this.#setWord(row, PLACE, place);
  }

  /** What {@link setNext} said last; not kept while the row is in a heap. */
  nextOf(row: number): number {
    return this.#word(row, PLACE);
  }

  setNext(row: number, next: number): void {
    this.#setWord(row, PLACE, next);
  }

  previousOf(row: number): number {
    return this.#word(row, PREVIOUS);
  }

  setPrevious(row: number, previous: number): void {
    this.#setWord(row, PREVIOUS, previous);
  }

  /** Whether `row` comes before a task of this reception and sequence. */
  isOlderThan(row: number, receivedAt: number, sequence: number): boolean {
    const own = this.receivedAt(row);
    return own === receivedAt ? this.sequenceOf(row) < sequence : own < receivedAt;
  }

  isOlder(row: number, other: number): boolean {
    return this.isOlderThan(row, this.receivedAt(other), this.sequenceOf(other));
  }

  #word(row: number, field: number): number {
    return this.#rows.columnsOf(row).words[placeInChunk(row) * ROW_WORDS + field]!;
  }

  #setWord(row: number, field: number, value: number): void {
    this.#rows.columnsOf(row).words[placeInChunk(row) * ROW_WORDS + field] = value;
  }

  #double(row: number, field: number): number {
    return this.#rows.columnsOf(row).doubles[placeInChunk(row) * ROW_DOUBLES + field]!;
  }

  #recipientsOf(row: number): readonly number[] {
    const from = this.#word(row, FIRST);
    if (from === SCATTERED) return this.#scattered.get(row)!;
    const count = this.countOf(row);
    return count === 1 ? [from] : Array.from({ length: count }, (_, step) => from + step);
  }

  /** The row is in no queue, and holds no message. */
  #leave(row: number): void {
    this.#setWord(row, BED, FREE);
    this.#messages.letGo(this.#word(row, MESSAGE));
    if (this.#word(row, FIRST) === SCATTERED) this.#scattered.delete(row);
  }
}

function followOneAnother(recipients: readonly number[]): boolean {
  const first = recipients[0]!;
  for (let step = 1; step < recipients.length; step++) if (recipients[step] !== first + step) return false;
  return true;
}
