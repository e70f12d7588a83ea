// Reads a spool at start: which records are in it, what was settled of them, which copies are superseded. Everything is
// checked in full. What cannot be read goes to the quarantine and is reported; the rest is found all the same.
import type { RecoveredRecord } from '../../engine/ports.ts';
import { type Disk, readFully, reasonOf, withFile, writeAll } from './disk.ts';
import { type ReportProblem, SpoolUnavailable } from './problem.ts';
import type { Quarantine } from './quarantine.ts';
import {
  decodeEnvelope,
  RECORD_HEADER_BYTES,
  RECORD_VERSION,
  type RecordHeader,
  recordBytes,
} from './record-format.ts';
import type { RecordTable } from './record-table.ts';
import { RecordsBySequence } from './records-by-sequence.ts';
import { Segment, type SegmentFile } from './segment.ts';
import { readSegmentPage, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import { scanSegment } from './segment-scan.ts';
import { SEGMENT_SUFFIX, type SegmentStore } from './segment-store.ts';
import { readSettlementEntries } from './settlement-entry.ts';
import type { StoredRecord } from './stored-record.ts';

export interface RecoveryOptions {
  readonly table: RecordTable;
  readonly disk: Disk;
  readonly directory: string;
  readonly store: SegmentStore;
  readonly quarantine: Quarantine;
  readonly forceFsync: boolean;
  readonly report: ReportProblem;
  /** Monotonic milliseconds. */
  now(): number;
}

/** A copy that another one replaces, and whose segment does not say so yet. */
export interface SupersededCopy {
  readonly source: Segment;
  /** The copy that counts, in its segment. */
  readonly record: StoredRecord;
  /** That one has open recipients. */
  readonly isLive: boolean;
}

export interface Recovered {
  /** Records with open recipients, in order of sequence; they are made one by one. */
  readonly records: Iterable<RecoveredRecord>;
  /** How many they are. */
  readonly count: number;
  readonly superseded: readonly SupersededCopy[];
  /** The greatest number seen anywhere. */
  readonly highestNumber: number;
}

interface FoundCopy {
  readonly record: StoredRecord;
  readonly number: number;
}

/** Rejects with SpoolUnavailable, having changed nothing, when a later version of the product wrote the spool. */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const files = await listSegmentFiles(options);
  for (const file of files) await refuseNewer(options.disk, file);
  return new Recovery(options).run(files);
}

async function listSegmentFiles({ disk, directory, store }: RecoveryOptions): Promise<readonly SegmentFile[]> {
  const files: SegmentFile[] = [];
  for (const name of await disk.list(directory)) {
    if (!name.endsWith(SEGMENT_SUFFIX)) continue;
    const number = Number(name.slice(0, -SEGMENT_SUFFIX.length));
    if (!Number.isSafeInteger(number)) continue;
    const { path } = store.fileOf(number, 0);
    files.push(store.fileOf(number, await withFile(disk, path, 'read', (file) => disk.size(file))));
  }
  return files.sort((one, other) => one.number - other.number);
}

async function refuseNewer(disk: Disk, { path }: SegmentFile): Promise<void> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  await withFile(disk, path, 'read', (file) => readFully(disk, file, bytes, 0));
  const page = readSegmentPage(bytes);
  if (page.kind === 'newer') {
    throw new SpoolUnavailable(`${path} has format version ${page.version}, written by a later version of the product`);
  }
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #records: RecordsBySequence;
  /** Copies of the records that have several. */
  readonly #copiesBySequence = new Map<number, FoundCopy[]>();
  /** Rows of copies whose segment says that another one is durable. */
  readonly #moved = new Set<number>();
  #buffer = Buffer.alloc(0);
  #highestNumber = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#records = new RecordsBySequence(options.table);
  }

  async run(files: readonly SegmentFile[]): Promise<Recovered> {
    for (const file of files) await this.#readSegment(file);
    const superseded: SupersededCopy[] = [];
    for (const copies of this.#copiesBySequence.values()) this.#unite(copies, superseded);
    const keptForLater = new Set(superseded.map(({ record }) => record.row));
    this.#records.keepOnly((record) => {
      const isLive = this.#isLive(record);
      if (!isLive && !keptForLater.has(record.row)) this.#options.table.forget(record);
      return isLive;
    });
    for (const record of this.#records.inOrder()) record.segment!.add(record);
    return {
      records: describe(this.#records),
      count: this.#records.size,
      superseded,
      highestNumber: this.#highestNumber,
    };
  }

  /** If a copy of it was durable and is gone, it was settled for good. */
  #isLive(record: StoredRecord): boolean {
    return !record.isFinal && !this.#moved.has(record.row);
  }

  /** All that is known of the copies comes to the latest. */
  #unite(copies: readonly FoundCopy[], superseded: SupersededCopy[]): void {
    let latest = copies[0] as FoundCopy;
    for (const copy of copies) {
      const difference = copy.record.copyNumber - latest.record.copyNumber;
      if (difference > 0 || (difference === 0 && copy.number > latest.number)) latest = copy;
    }
    const { record } = latest;
    const placed = new Set(record.places.keys());
    for (const copy of copies) {
      if (copy === latest) continue;
      for (const [index, settlement] of copy.record.progress) record.unite(index, settlement);
      // A copy was made with all that its source knew then, so what its own file says is newer.
      for (const [index, place] of copy.record.places) if (!placed.has(index)) record.unitePlace(index, place);
    }
    this.#records.set(record);
    const isLive = this.#isLive(record);
    for (const copy of copies) {
      if (copy === latest) continue;
      if (!this.#moved.has(copy.record.row)) superseded.push({ source: copy.record.segment!, record, isLive });
      this.#options.table.forget(copy.record);
    }
  }

  async #readSegment(file: SegmentFile): Promise<void> {
    const { disk, store } = this.#options;
    const bytes = await this.#load(file);
    const page = readSegmentPage(bytes);
    if (page.kind === 'free') {
      await store.adoptFree(file);
      return;
    }
    if (page.kind !== 'used') {
      await this.#quarantineFile(file, bytes);
      return;
    }
    const segment = new Segment(file, page.header);
    segment.sealedAt = this.#options.now();
    store.adopt(segment);
    this.#highestNumber = Math.max(this.#highestNumber, page.header.base);
    const { records, unreadable, end } = scanSegment(bytes, page.header);
    segment.tail = end;
    for (const { offset, bytes: length, isTail } of unreadable) {
      segment.isRecyclable = false;
      const reason = isTail ? 'a damaged record, or an unfinished one of an unclean stop' : 'a damaged record';
      await this.#quarantine(segment, bytes.subarray(offset, offset + length), offset, reason, isTail);
    }
    // Rows only: with objects for the records of a segment, and their envelopes, a start leaves the heap large.
    const rows = new Map<number, number>();
    for (const header of records) {
      this.#highestNumber = Math.max(this.#highestNumber, header.number);
      const record = readRecord(this.#options.table, segment, bytes, header);
      if (record === null) {
        const { offset, version } = header;
        const reason = `a record of format version ${version} with an envelope that is not understood`;
        await this.#quarantine(segment, bytes.subarray(offset, offset + recordBytes(header)), offset, reason, false);
        continue;
      }
      rows.set(header.sequence, record.row);
      this.#keep(record, header.number);
    }
    await this.#readSettlements(segment, rows);
    // What we read may be in the page cache only. Decisions are made on it from here on, so it has to stay.
    if (this.#options.forceFsync) await withFile(disk, file.path, 'read', (handle) => disk.sync(handle));
  }

  #keep(record: StoredRecord, number: number): void {
    const { sequence } = record;
    const first = this.#records.find(sequence);
    if (first === null) {
      this.#records.set(record, number);
      return;
    }
    const copies = this.#copiesBySequence.get(sequence) ?? [{ record: first, number: this.#records.numberOf(first) }];
    copies.push({ record, number });
    this.#copiesBySequence.set(sequence, copies);
  }

  async #load(file: SegmentFile): Promise<Buffer> {
    const { disk } = this.#options;
    if (this.#buffer.length < file.bytes) this.#buffer = Buffer.allocUnsafeSlow(file.bytes);
    const bytes = this.#buffer.subarray(0, file.bytes);
    await withFile(disk, file.path, 'read', (handle) => readFully(disk, handle, bytes, 0));
    return bytes;
  }

  async #readSettlements(segment: Segment, rows: ReadonlyMap<number, number>): Promise<void> {
    const { disk } = this.#options;
    await withFile(disk, segment.settlements.path, 'write', async (handle) => {
      const bytes = Buffer.allocUnsafeSlow(await disk.size(handle));
      await readFully(disk, handle, bytes, 0);
      const highestNumber = readSettlementEntries(bytes, segment.header.generation, (entry) => {
        this.#highestNumber = Math.max(this.#highestNumber, entry.sequence);
        const row = rows.get(entry.sequence);
        if (row === undefined) return;
        const record = this.#options.table.at(row);
        if (entry.kind === 'moved') this.#moved.add(row);
        else if (entry.kind === 'deferred') {
          const { kind, retries, nextAttemptAt } = entry;
          record.unite(entry.index, { kind, retries, nextAttemptAt });
        } else if (entry.kind === 'requeued') record.unitePlace(entry.index, entry.place!);
        else record.unite(entry.index, { kind: entry.kind });
      });
      segment.settlements.continueAt(bytes.length, highestNumber);
      if (!this.#options.forceFsync || bytes.length === 0) return;
      // Pages of a sync that failed in an earlier run count as written. Only writing them again makes them stay.
      await writeAll(disk, handle, [bytes], 0);
      await disk.sync(handle);
    });
  }

  async #quarantineFile(file: SegmentFile, bytes: Buffer): Promise<void> {
    const { quarantine, store, report } = this.#options;
    const text = `spool: ${file.path} has no readable header and no readable first record`;
    try {
      const kept = await quarantine.keep(`${file.number}.segment`, bytes);
      report({ kind: 'damaged', text, quarantineFile: kept.file });
      await store.adoptUnreadable(file);
    } catch (error) {
      report({ kind: 'damaged', text: `${text}; it stays where it is: ${reasonOf(error)}` });
      store.reserve(file.number);
    }
  }

  async #quarantine(segment: Segment, bytes: Buffer, offset: number, reason: string, isTail: boolean): Promise<void> {
    const { quarantine, report } = this.#options;
    const kind = isTail ? 'unfinished' : 'damaged';
    const text = `spool: ${segment.file.path}: ${bytes.length} bytes at ${offset} are ${reason}`;
    try {
      const name = `${segment.file.number}-${segment.header.generation.toString('hex')}-${offset}.record`;
      const { file, isNew } = await quarantine.keep(name, bytes);
      if (isNew) report({ kind, text, quarantineFile: file });
    } catch (error) {
      // The only place that has them is the segment, so it is not freed.
      segment.hold();
      report({ kind, text: `${text}; they stay where they are: ${reasonOf(error)}` });
    }
  }
}

/** Null when the envelope is not one that this version understands. */
function readRecord(table: RecordTable, segment: Segment, bytes: Buffer, header: RecordHeader): StoredRecord | null {
  if (header.version > RECORD_VERSION) return null;
  const envelopeAt = header.offset + RECORD_HEADER_BYTES;
  const text = bytes.subarray(envelopeAt, envelopeAt + header.envelopeBytes);
  const decoded = decodeEnvelope(text.toString('utf8'));
  if (decoded === null) return null;
  const record = table.add(decoded.envelope);
  record.takeSequence(header.sequence);
  record.segment = segment;
  record.offset = header.offset;
  record.copyNumber = header.copyNumber;
  record.envelopeBytes = header.envelopeBytes;
  record.headerSectionBytes = header.headerSectionBytes;
  record.bodyBytes = header.bodyBytes;
  record.keepEnvelope();
  for (const [index, settlement] of decoded.progress) record.unite(index, settlement);
  return record;
}

function* describe(records: RecordsBySequence): Generator<RecoveredRecord> {
  for (const record of records.inOrder()) yield { stored: record, open: openRecipientsOf(record) };
}

function openRecipientsOf(record: StoredRecord): RecoveredRecord['open'] {
  const open: { index: number; retries: number; nextAttemptAt: number | null }[] = [];
  for (let index = 0; index < record.envelope.recipients.length; index++) {
    const settlement = record.progress.get(index);
    if (settlement === undefined) open.push({ index, retries: 0, nextAttemptAt: null });
    else if (settlement.kind === 'deferred') {
      open.push({ index, retries: settlement.retries, nextAttemptAt: settlement.nextAttemptAt });
    }
  }
  return open;
}
