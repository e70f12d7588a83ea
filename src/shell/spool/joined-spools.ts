// The Spool port of a shard that has more than one spool: its own, and those that shards left behind which are no more. New
// mail goes into its own; what becomes of the rest is kept where it lies. A number names a record in all spools of a server,
// so it says which spool a record is in.
import { assert } from '../../core/base/assert.ts';
import type { Content, Envelope, QueuePlace, Settlement } from '../../core/mail/message.ts';
import type { NumberedSpool, RecoveredRecord, StoredContent } from '../../engine/ports.ts';
import type { BodyInMemory } from './body-memory.ts';
import { RecordTable } from './record-table.ts';
import { openSpool, type SegmentSpool, type SpoolOptions } from './segment-spool.ts';
import type { Appended } from './stored-record.ts';

/** One of the spools of a server. */
export interface SpoolPlace {
  readonly directory: string;
  /** From 0; the same for the directory as long as it is there. */
  readonly number: number;
}

/** What a shard asks of its spool beside the port. */
export interface ShardSpool extends NumberedSpool {
  bodyInMemory(stored: StoredContent): BodyInMemory | null;
  /** As that of SegmentSpool. */
  takeRecovered(): Iterable<RecoveredRecord>;
  flushSettlements(): Promise<boolean>;
  close(): Promise<void>;
}

export type ShardSpoolOptions = Omit<SpoolOptions, 'directory' | 'firstNumber'> & {
  /** The shard's own first. */
  readonly places: readonly SpoolPlace[];
};

/** Of a spool: at a million in a second for nine years. 32 of them are numbers without a fraction still. */
const NUMBERS_OF_SPOOL = 2 ** 48;

/** As openSpool; none is left open when one cannot be. Of others' spools, one that holds no mail is closed again. */
export async function openShardSpool({ places, ...options }: ShardSpoolOptions): Promise<ShardSpool> {
  const spoolByNumber = new Map<number, SegmentSpool>();
  const table = new RecordTable();
  try {
    for (const { directory, number } of places) {
      const firstNumber = number * NUMBERS_OF_SPOOL + 1;
      const spool = await openSpool({ ...options, table, directory, firstNumber });
      if (spoolByNumber.size > 0 && !spool.hasRecovered) await spool.close();
      else spoolByNumber.set(number, spool);
    }
  } catch (error) {
    for (const spool of spoolByNumber.values()) await spool.close();
    throw error;
  }
  const [own] = spoolByNumber.values();
  assert(own !== undefined, 'a shard has a spool of its own');
  return spoolByNumber.size === 1 ? own : new JoinedSpools(own, spoolByNumber);
}

/** For {@link openShardSpool}. */
class JoinedSpools implements ShardSpool {
  readonly #own: SegmentSpool;
  readonly #spoolByNumber: ReadonlyMap<number, SegmentSpool>;

  constructor(own: SegmentSpool, spoolByNumber: ReadonlyMap<number, SegmentSpool>) {
    this.#own = own;
    this.#spoolByNumber = spoolByNumber;
  }

  append(envelope: Envelope, content: Content, done: Appended): void {
    this.#own.append(envelope, content, done);
  }

  settle(stored: StoredContent, index: number, settlement: Settlement): void {
    this.#spoolOf(stored).settle(stored, index, settlement);
  }

  requeue(stored: StoredContent, index: number, place: QueuePlace): void {
    this.#spoolOf(stored).requeue(stored, index, place);
  }

  numberOf(stored: StoredContent): number {
    return this.#own.numberOf(stored);
  }

  at(number: number): StoredContent {
    return this.#own.at(number);
  }

  whenSettled(done: (isDurable: boolean) => void): void {
    let [waiting, areAllDurable] = [this.#spoolByNumber.size, true];
    for (const spool of this.#spoolByNumber.values()) {
      spool.whenSettled((isDurable) => {
        areAllDurable &&= isDurable;
        waiting -= 1;
        if (waiting === 0) done(areAllDurable);
      });
    }
  }

  read(stored: StoredContent, done: (content: Content | null) => void): void {
    this.#spoolOf(stored).read(stored, done);
  }

  release(stored: StoredContent): void {
    this.#spoolOf(stored).release(stored);
  }

  bodyInMemory(stored: StoredContent): BodyInMemory | null {
    return this.#spoolOf(stored).bodyInMemory(stored);
  }

  *takeRecovered(): Generator<RecoveredRecord> {
    for (const spool of this.#spoolByNumber.values()) yield* spool.takeRecovered();
  }

  async flushSettlements(): Promise<boolean> {
    const areDurable = await Promise.all(Array.from(this.#spoolByNumber.values(), (spool) => spool.flushSettlements()));
    return !areDurable.includes(false);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#spoolByNumber.values(), (spool) => spool.close()));
  }

  #spoolOf({ sequence }: StoredContent): SegmentSpool {
    const spool = this.#spoolByNumber.get(Math.floor((sequence - 1) / NUMBERS_OF_SPOOL));
    assert(spool !== undefined, 'a record lies in a spool that this shard has');
    return spool;
  }
}
