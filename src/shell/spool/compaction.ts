// Gives space back that a few waiting records hold: copies what is live of a mostly dead segment to the deferred log, a
// few records at a time. The deferred log has segments of its own, so that those of fresh mail die young.
import type { EncodedPlace, PendingRecord } from './commit-lane.ts';
import { releaseSource } from './moves.ts';
import { encodeEnvelope, RECORD_HEADER_BYTES } from './record-format.ts';
import { payloadOf, type RecordReader } from './record-reader.ts';
import type { RecordTable } from './record-table.ts';
import type { Segment } from './segment.ts';
import type { SettlementLog } from './settlement-log.ts';
import type { StoredRecord } from './stored-record.ts';

export interface CompactionOptions {
  readonly table: RecordTable;
  readonly segments: ReadonlySet<Segment>;
  readonly reader: RecordReader;
  readonly log: SettlementLog;
  /** Writes a copy to the deferred log. */
  append(copy: PendingRecord): void;
  /** How long a segment is left to die by itself after it was closed. */
  readonly graceMs: number;
  /** Monotonic milliseconds. */
  now(): number;
}

/** A segment is compacted when less than this part of its file is live. */
const LIVE_PART_MAX = 0.25;
const COPIES_AT_ONCE = 32;
const BYTES_AT_ONCE = 1_048_576;

export class Compaction {
  readonly #options: CompactionOptions;
  #running: Promise<void> | null = null;
  #isStopping = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
  }

  /** Compacts every segment that is due. Nothing happens while a run is under way. */
  run(): Promise<void> {
    this.#running ??= this.#compactAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Ends after the copies that are under way. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #compactAll(): Promise<void> {
    for (const segment of [...this.#options.segments]) {
      if (this.#isStopping) return;
      if (this.#isDue(segment) && !(await this.#compact(segment))) return;
    }
  }

  #isDue({ sealedAt, live, liveBytes, file }: Segment): boolean {
    if (sealedAt === null || live === 0) return false;
    if (liveBytes > file.bytes * LIVE_PART_MAX) return false;
    return this.#options.now() - sealedAt >= this.#options.graceMs;
  }

  /** @returns false when the disk does not take copies now */
  async #compact(segment: Segment): Promise<boolean> {
    segment.hold();
    let isTaken = true;
    const records = this.#options.table.recordsOf(segment);
    while (records.length > 0 && isTaken && !this.#isStopping) {
      const batch: StoredRecord[] = [];
      let bytes = 0;
      while (records[0] !== undefined && batch.length < COPIES_AT_ONCE && bytes < BYTES_AT_ONCE) {
        bytes += records[0].bytes;
        batch.push(records.shift() as StoredRecord);
      }
      const outcomes = await Promise.all(batch.map((record) => this.#move(record, segment)));
      isTaken = !outcomes.includes('refused');
    }
    segment.unhold();
    this.#options.log.freeIfDead(segment);
    return isTaken;
  }

  async #move(record: StoredRecord, source: Segment): Promise<'moved' | 'kept' | 'refused'> {
    if (record.isFinal || record.isDamaged) return 'kept';
    const bytes = await this.#options.reader.read(record);
    if (bytes === null || record.isFinal) return 'kept';
    record.isMoving = true;
    const copy = encodeCopy(record, payloadOf(bytes));
    return new Promise((resolve) => {
      this.#options.append({
        ...copy,
        committed: (target, offset) => {
          record.isMoving = false;
          source.drop(record, record.bytes);
          record.segment = target;
          record.offset = offset;
          record.copyNumber = copy.copyNumber;
          record.envelopeBytes = copy.envelopeBytes;
          if (!record.isFinal) target.add(record);
          releaseSource(this.#options.log, record, source, target, record.changes === copy.changes);
          if (record.isFinal) this.#options.table.forget(record);
          resolve('moved');
        },
        refused: () => {
          record.isMoving = false;
          if (record.isFinal) this.#options.table.forget(record);
          resolve('refused');
        },
      });
    });
  }
}

type EncodedCopy = Omit<PendingRecord, 'committed' | 'refused'> & { readonly changes: number };

/** A copy carries what was settled before it was made. */
function encodeCopy(record: StoredRecord, payload: Buffer): EncodedCopy {
  const envelope = Buffer.from(encodeEnvelope(record.envelope, record.progress));
  const place: EncodedPlace = {
    buffer: Buffer.concat([Buffer.alloc(RECORD_HEADER_BYTES), envelope, payload]),
    chunks: null,
  };
  return {
    record,
    slab: place,
    slabAt: 0,
    bytes: place.buffer.length,
    envelopeBytes: envelope.length,
    copyNumber: record.copyNumber + 1,
    changes: record.changes,
  };
}
