// The Spool port on disk: an append-only log in segments, with group commit, settlements beside the segments, recovery
// at start and compaction (design section 5; docs/spool.md). This file puts the parts together and owns none of their
// rules. The caller keeps one spool per directory and closes it in the end.
import { join } from 'node:path';
import { assert } from '../../core/base/assert.ts';
import type { Content, Envelope, QueuePlace, Settlement } from '../../core/mail/message.ts';
import type { NumberedSpool, RecoveredRecord, StoredContent } from '../../engine/ports.ts';
import { type BodyInMemory, BodyMemory, type Slab } from './body-memory.ts';
import { CommitLane, type PendingRecord } from './commit-lane.ts';
import { Compaction } from './compaction.ts';
import { DescriptorCache } from './descriptor-cache.ts';
import { type Disk, reasonOf, systemDisk } from './disk.ts';
import { releaseSource } from './moves.ts';
import { type ReportProblem, SpoolUnavailable } from './problem.ts';
import { Quarantine } from './quarantine.ts';
import { encodeEnvelope, RECORD_BYTES_MAX, RECORD_HEADER_BYTES } from './record-format.ts';
import { contentOf, RecordReader } from './record-reader.ts';
import { NONE, RecordTable } from './record-table.ts';
import { recover } from './recovery.ts';
import type { Segment } from './segment.ts';
import { SegmentStore } from './segment-store.ts';
import { SequenceNumbers } from './sequence-numbers.ts';
import { SettlementLog } from './settlement-log.ts';
import { lockSpool } from './spool-lock.ts';
import { type Appended, entryOf, placeEntryOf, StoredRecord } from './stored-record.ts';

export interface SpoolOptions {
  readonly directory: string;
  /** `force_fsync`: `durable` means on stable storage. False leaves that to the kernel's leisure. */
  readonly forceFsync: boolean;
  /** Size of a segment file in octets; default 16 MiB. */
  readonly segmentBytes?: number;
  /** Most octets of content kept in memory; default 32 MiB. */
  readonly memoryBytes?: number;
  /** Free segment files kept for use; default 4. */
  readonly freeFilesMax?: number;
  /** Longest time until a settlement is written, in ms; default 20. */
  readonly settlementDelayMs?: number;
  /** Longest time until it is synced, in ms; default 900. */
  readonly syncIntervalMs?: number;
  /** Time between two looks for segments to compact, in ms; default 1000. */
  readonly compactionIntervalMs?: number;
  /** How long a closed segment is left to die by itself, in ms; default 10,000. */
  readonly compactionGraceMs?: number;
  /** The least number of a record; default 1. Records of several spools are told apart by their numbers. */
  readonly firstNumber?: number;
  /** Numbers reserved at a time; default 2^20. */
  readonly numberReservation?: number;
  /** Most commits at a time; default 3. More than one only while commits are slow. */
  readonly lanesMax?: number;
  /** Commits that take longer, in ms, are slow; default 1.5. */
  readonly slowCommitMs?: number;
  readonly onProblem: ReportProblem;
  /** Makes the log records safe that belong to what was settled so far (log record first, then settlement). */
  beforeSettlementWrite(): Promise<void>;
  readonly disk?: Disk;
  /** One for all spools whose records are told apart by their numbers. */
  readonly table?: RecordTable;
  /** Keeps other processes out; default: a lock file in the directory. @returns how to let them in again */
  readonly lock?: (directory: string) => Promise<() => Promise<void>>;
}

const SEGMENT_BYTES = 16_777_216;
const MEMORY_BYTES = 33_554_432;
const NUMBER_RESERVATION = 1_048_576;
const SLOW_COMMIT_MS = 1.5;
const DESCRIPTORS_IDLE_MAX = 64;
const SETTLEMENT_RETRY_MS = 1_000;

/**
 * Opens or creates the spool in a directory and reads what is in it.
 * Rejects with SpoolUnavailable when another process has it, the directory cannot be used, or a later version wrote it.
 */
export async function openSpool(options: SpoolOptions): Promise<SegmentSpool> {
  const { directory, disk = systemDisk, lock = lockSpool } = options;
  let unlock: (() => Promise<void>) | null = null;
  try {
    await disk.makeDirectory(directory);
    unlock = await lock(directory);
    const spool = new SegmentSpool(options, unlock);
    await spool.recover(options);
    return spool;
  } catch (error) {
    await unlock?.();
    if (error instanceof SpoolUnavailable || !isSystemError(error)) throw error;
    throw new SpoolUnavailable(`spool ${directory}: ${reasonOf(error)}`, { cause: error });
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

export class SegmentSpool implements NumberedSpool {
  readonly #disk: Disk;
  readonly #forceFsync: boolean;
  readonly #report: ReportProblem;
  readonly #unlock: () => Promise<void>;
  readonly #lanesMax: number;
  readonly #slowCommitMs: number;
  readonly #numbers: SequenceNumbers;
  readonly #store: SegmentStore;
  readonly #table: RecordTable;
  readonly #memory: BodyMemory;
  readonly #readDescriptors: DescriptorCache;
  readonly #settlementDescriptors: DescriptorCache;
  readonly #reader: RecordReader;
  readonly #log: SettlementLog;
  readonly #compaction: Compaction;
  readonly #compactionTimer: NodeJS.Timeout;
  readonly #incoming: PendingRecord[] = [];
  readonly #lanes: CommitLane[];
  readonly #copies: PendingRecord[] = [];
  readonly #deferredLane: CommitLane;
  #isPumpScheduled = false;
  #isClosing = false;
  #whenIdle: (() => void) | null = null;
  /** What was found and not taken yet. */
  #recovered: Iterable<RecoveredRecord> = [];
  #hasRecovered = false;

  /** For {@link openSpool}. */
  constructor(options: SpoolOptions, unlock: () => Promise<void>) {
    const { directory, forceFsync, disk = systemDisk, onProblem: report } = options;
    this.#disk = disk;
    this.#forceFsync = forceFsync;
    this.#report = report;
    this.#unlock = unlock;
    this.#lanesMax = options.lanesMax ?? 3;
    this.#slowCommitMs = options.slowCommitMs ?? SLOW_COMMIT_MS;
    const reservation = options.numberReservation ?? NUMBER_RESERVATION;
    this.#numbers = new SequenceNumbers(disk, join(directory, 'sequence'), forceFsync, reservation);
    this.#store = new SegmentStore({
      disk,
      directory,
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      forceFsync,
      freeFilesMax: options.freeFilesMax ?? 4,
      report,
    });
    this.#table = options.table ?? new RecordTable();
    this.#memory = new BodyMemory(this.#table, options.memoryBytes ?? MEMORY_BYTES, now);
    this.#readDescriptors = new DescriptorCache(disk, 'read', DESCRIPTORS_IDLE_MAX);
    this.#settlementDescriptors = new DescriptorCache(disk, 'write', DESCRIPTORS_IDLE_MAX);
    this.#reader = new RecordReader(disk, this.#readDescriptors, report);
    this.#log = new SettlementLog({
      disk,
      store: this.#store,
      descriptors: this.#settlementDescriptors,
      forceFsync,
      delayMs: options.settlementDelayMs ?? 20,
      syncIntervalMs: options.syncIntervalMs ?? 900,
      retryMs: SETTLEMENT_RETRY_MS,
      beforeWrite: options.beforeSettlementWrite,
      report,
      now,
      freed: ({ file, number }) => {
        if (number !== NONE) this.#table.segments.drop(number);
        this.#readDescriptors.forget(file.path);
        this.#settlementDescriptors.forget(file.settlementsPath);
      },
    });
    this.#lanes = [this.#newLane()];
    this.#deferredLane = this.#newLane();
    this.#compaction = new Compaction({
      table: this.#table,
      segments: this.#store.segments,
      reader: this.#reader,
      log: this.#log,
      append: (copy) => {
        this.#copies.push(copy);
        this.#pumpSoon();
      },
      graceMs: options.compactionGraceMs ?? 10_000,
      now,
    });
    this.#compactionTimer = setInterval(() => this.#giveBack(), options.compactionIntervalMs ?? 1_000);
    this.#compactionTimer.unref();
  }

  /** For {@link openSpool}: reads the directory, before anything else is done. */
  async recover({ directory, firstNumber = 1 }: SpoolOptions): Promise<void> {
    await this.#numbers.open();
    const { records, count, superseded, highestNumber } = await recover({
      table: this.#table,
      disk: this.#disk,
      directory,
      store: this.#store,
      quarantine: new Quarantine(this.#disk, directory),
      forceFsync: this.#forceFsync,
      report: this.#report,
      now,
    });
    this.#numbers.continueAbove(Math.max(highestNumber, firstNumber - 1));
    try {
      await this.#numbers.reserve();
      if (this.#forceFsync) await this.#disk.syncDirectory(directory);
    } catch (error) {
      // With a full disk the mail in the spool can still be delivered, which makes room.
      this.#report({ kind: 'housekeepingFailed', text: `spool: no sequence numbers reserved: ${reasonOf(error)}` });
    }
    for (const { source, record } of superseded) {
      assert(record.segment !== null, 'a recovered record lies in a segment');
      releaseSource(this.#log, record, source, record.segment, false);
    }
    for (const { record, isLive } of superseded) if (!isLive) this.#table.forget(record);
    for (const segment of this.#store.segments) this.#log.freeIfDead(segment);
    this.#recovered = records;
    this.#hasRecovered = count > 0;
    this.#store.prepare();
  }

  /** Whether a record with an open recipient was found at start. */
  get hasRecovered(): boolean {
    return this.#hasRecovered;
  }

  /**
   * The records found at start, in order of sequence; once, and before anything else is asked of the spool. Each is made when
   * it is its turn, so that some millions of them are never in memory together.
   */
  *takeRecovered(): Generator<RecoveredRecord> {
    const records = this.#recovered;
    this.#recovered = [];
    yield* records;
  }

  append(envelope: Envelope, content: Content, done: Appended): void {
    assert(!this.#isClosing, 'nothing is appended to a spool that closes');
    assert(envelope.recipients.length > 0, 'a transaction has a recipient');
    const record = this.#table.add(envelope);
    this.#memory.encode(record, encodeEnvelope(envelope, null), content);
    const pending = new NewRecord(record, this.#table, this.#memory, done);
    if (record.bytes > RECORD_BYTES_MAX) {
      setImmediate(() => pending.refused('longer than a record of the spool can be'));
      return;
    }
    this.#incoming.push(pending);
    this.#pumpSoon();
  }

  settle(stored: StoredContent, index: number, settlement: Settlement): void {
    const record = ownRecord(stored);
    const { segment } = record;
    assert(segment !== null, 'a record is settled after it is durable');
    record.settle(index, settlement);
    this.#log.add(segment, entryOf(record, index, settlement));
    if (!record.isFinal) return;
    this.#memory.release(record);
    segment.drop(record, record.bytes);
    if (!record.isMoving) this.#table.forget(record);
    this.#log.freeIfDead(segment);
  }

  requeue(stored: StoredContent, index: number, place: QueuePlace): void {
    const record = ownRecord(stored);
    const { segment } = record;
    assert(segment !== null, 'a record is queued elsewhere after it is durable');
    record.requeue(index, place);
    this.#log.add(segment, placeEntryOf(record, index, place));
  }

  numberOf(stored: StoredContent): number {
    return ownRecord(stored).row;
  }

  at(number: number): StoredContent {
    return this.#table.at(number);
  }

  whenSettled(done: (isDurable: boolean) => void): void {
    this.#log.flush().then((isDurable) => {
      // Outside of the promise, so that what `done` throws is not taken for a failed write.
      setImmediate(() => done(isDurable));
    });
  }

  read(stored: StoredContent, done: (content: Content | null) => void): void {
    const record = ownRecord(stored);
    const held = this.bodyInMemory(record);
    if (held !== null) {
      const headerSection = Buffer.from(held.headerSection).toString('latin1');
      const body = held.body.map((chunk) => Buffer.from(chunk));
      held.done();
      setImmediate(() => done({ headerSection, body }));
      return;
    }
    this.#reader.read(record).then((bytes) => {
      // Outside of the promise, so that what `done` throws is not taken for a failed read.
      setImmediate(() => done(bytes === null ? null : contentOf(bytes)));
    });
  }

  release(stored: StoredContent): void {
    this.#memory.release(ownRecord(stored));
  }

  /** The content, when it is in memory. The views stay as they are until `done` of it is called. */
  bodyInMemory(stored: StoredContent): BodyInMemory | null {
    return this.#memory.lend(ownRecord(stored));
  }

  /** Octets of memory that hold content. */
  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /** Everything settled so far is on stable storage when this is done. @returns whether that succeeded */
  flushSettlements(): Promise<boolean> {
    return this.#log.flush();
  }

  /** Gives back the space of mostly dead segments now. */
  compact(): Promise<void> {
    return this.#compaction.run();
  }

  /** An orderly stop: appends are answered, settlements are on disk, nothing will be repeated. */
  async close(): Promise<void> {
    assert(!this.#isClosing, 'a spool is closed once');
    this.#isClosing = true;
    clearInterval(this.#compactionTimer);
    await this.#compaction.stop();
    if (!this.#isIdle) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    for (const lane of [...this.#lanes, this.#deferredLane]) {
      await lane.close().catch((error: unknown) => {
        const text = `spool: refused transactions may come back at the next start: ${reasonOf(error)}`;
        this.#report({ kind: 'commitFailed', text });
      });
    }
    await this.#log.close();
    await this.#store.close();
    await this.#numbers.close();
    await this.#readDescriptors.close();
    await this.#settlementDescriptors.close();
    await this.#unlock();
  }

  get #isIdle(): boolean {
    const isQueueEmpty = this.#incoming.length === 0 && this.#copies.length === 0;
    return isQueueEmpty && this.#deferredLane.isIdle && this.#lanes.every(({ isIdle }) => isIdle);
  }

  #newLane(): CommitLane {
    return new CommitLane({
      disk: this.#disk,
      store: this.#store,
      numbers: this.#numbers,
      report: this.#report,
      now,
      sealed: (segment: Segment) => this.#log.freeIfDead(segment),
      idle: () => this.#pumpSoon(),
    });
  }

  /** At the end of this turn, so that one commit takes all that arrives in it. */
  #pumpSoon(): void {
    if (this.#isPumpScheduled) return;
    this.#isPumpScheduled = true;
    setImmediate(() => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#copies.length > 0 && this.#deferredLane.isIdle) this.#deferredLane.commit(this.#copies);
    for (const lane of this.#lanes) {
      if (this.#incoming.length === 0) break;
      if (lane.isIdle) lane.commit(this.#incoming);
      // One lane makes the larger commits; only where waiting for the disk is what takes time, more are faster.
      if (!lane.isSlowerThan(this.#slowCommitMs)) break;
      if (lane === this.#lanes.at(-1) && this.#lanes.length < this.#lanesMax) this.#lanes.push(this.#newLane());
    }
    if (this.#whenIdle !== null && this.#isIdle) this.#whenIdle();
  }

  #giveBack(): void {
    this.#memory.dropWaiting();
    this.#compaction.run().catch((error: unknown) => {
      throw error; // a failed copy is no rejection, so this is a bug of ours and stops the process
    });
  }
}

/** Monotonic milliseconds. */
const now = (): number => performance.now();

/** A transaction on its way to stable storage. */
class NewRecord implements PendingRecord {
  readonly record: StoredRecord;
  readonly slabAt: number;
  readonly bytes: number;
  readonly envelopeBytes: number;
  readonly copyNumber = 0;
  readonly slab: Slab;
  readonly #table: RecordTable;
  readonly #memory: BodyMemory;
  readonly #done: Appended;

  constructor(record: StoredRecord, table: RecordTable, memory: BodyMemory, done: Appended) {
    const { slab } = record;
    assert(slab !== null, 'a new record is in memory');
    this.record = record;
    this.slab = slab;
    this.#table = table;
    this.slabAt = record.contentAt - record.envelopeBytes - RECORD_HEADER_BYTES;
    this.bytes = record.bytes;
    this.envelopeBytes = record.envelopeBytes;
    this.#memory = memory;
    this.#done = done;
  }

  committed(segment: Segment, offset: number): void {
    const { record } = this;
    record.segment = segment;
    record.offset = offset;
    segment.add(record);
    this.#memory.committed(record);
    this.#done({ kind: 'durable', stored: record });
  }

  refused(reason: string): void {
    this.#memory.abandon(this.record);
    this.#table.forget(this.record);
    this.#done({ kind: 'refused', reason });
  }
}

function ownRecord(stored: StoredContent): StoredRecord {
  assert(stored instanceof StoredRecord, 'a record is given back to the spool it came from');
  return stored;
}
