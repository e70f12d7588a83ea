// Group commit: writes all records that wait, in one call, to the end of the lane's segment, and answers for all of them
// when they are on stable storage. One commit at a time. What failed is made unreadable before anything is answered, so
// that no refused record is ever found by recovery; the segment takes no more records then.
import { assert } from '../../core/base/assert.ts';
import { BUFFERS_MAX, type Disk, reasonOf, shortWrite, withFile } from './disk.ts';
import type { ReportProblem } from './problem.ts';
import { sealRecord, writeRecordHeader } from './record-format.ts';
import type { Segment } from './segment.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import type { SegmentStore } from './segment-store.ts';
import type { SequenceNumbers } from './sequence-numbers.ts';
import type { StoredRecord } from './stored-record.ts';

/** Where an encoded record is. */
export interface EncodedPlace {
  readonly buffer: Buffer;
  /** The body, when it is not in `buffer`. */
  readonly chunks: readonly Uint8Array[] | null;
}

/** A record to be written: new, or a copy whose record keeps its old place until the copy is durable. */
export interface PendingRecord {
  readonly record: StoredRecord;
  /** The encoded record: from `slabAt` in the slab, with room for the header. */
  readonly slab: EncodedPlace;
  readonly slabAt: number;
  /** Octets with the header. */
  readonly bytes: number;
  readonly envelopeBytes: number;
  readonly copyNumber: number;
  /** On stable storage at this place. */
  committed(segment: Segment, offset: number, number: number): void;
  refused(reason: string): void;
}

export interface CommitLaneOptions {
  readonly disk: Disk;
  readonly store: SegmentStore;
  readonly numbers: SequenceNumbers;
  readonly report: ReportProblem;
  /** Monotonic milliseconds. */
  now(): number;
  /** A segment takes no more records. */
  sealed(segment: Segment): void;
  /** The lane can take the next commit. */
  idle(): void;
}

/** Most octets of a commit, unless one record alone is larger. */
const COMMIT_BYTES_MAX = 8_388_608;
/** Most octets handed to one call. */
const WRITE_BYTES_MAX = 67_108_864;
/** Weight of the latest commit in the average time. */
const SMOOTHING = 0.1;

/** A commit under way. */
interface Group {
  readonly segment: Segment;
  readonly file: number;
  readonly pending: readonly PendingRecord[];
  readonly offsets: readonly number[];
  readonly numbers: readonly number[];
  readonly buffers: readonly Uint8Array[];
  /** Where it starts in the file: at the header page for the first commit of a segment. */
  readonly position: number;
}

export class CommitLane {
  readonly #options: CommitLaneOptions;
  #segment: Segment | null = null;
  #file: number | null = null;
  /** A failed commit that could not be made unreadable yet. */
  #unvoided: { readonly segment: Segment; readonly position: number } | null = null;
  #isBusy = false;
  #startedAt = 0;
  #averageMs = 0;

  constructor(options: CommitLaneOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /** Whether commits take longer than `limitMs`, going by the running one and by the latest. */
  isSlowerThan(limitMs: number): boolean {
    return this.#averageMs > limitMs || (this.#isBusy && this.#options.now() - this.#startedAt > limitMs);
  }

  /** Takes as many records from the front of `queue` as fit, and writes them. The lane must be idle. */
  commit(queue: PendingRecord[]): void {
    assert(!this.#isBusy, 'a lane has one commit at a time');
    const first = queue[0];
    if (first === undefined) return;
    this.#isBusy = true;
    this.#startedAt = this.#options.now();
    if (this.#isReadyFor(first)) {
      this.#write(queue);
      return;
    }
    const waiting = queue.length;
    this.#prepareFor(first).then(
      () => {
        if (queue[0] !== undefined && this.#isReadyFor(queue[0])) this.#write(queue);
        else this.#becomeIdle();
      },
      (error: unknown) => this.#refuse(queue.splice(0, waiting), reasonOf(error)),
    );
  }

  /** Closes the segment. The lane must be idle. Rejects when a failed commit cannot be made unreadable. */
  async close(): Promise<void> {
    assert(!this.#isBusy, 'a lane is closed between commits');
    if (this.#unvoided !== null) await this.#void(this.#unvoided.segment, this.#unvoided.position);
    await this.#seal();
  }

  #isReadyFor(first: PendingRecord): boolean {
    const { numbers } = this.#options;
    if (numbers.isRunningLow) numbers.reserve().catch(reasonOf); // the failure counts when the numbers run out
    return (
      this.#unvoided === null &&
      this.#segment !== null &&
      this.#file !== null &&
      this.#segment.room >= first.bytes &&
      numbers.available > 0
    );
  }

  async #prepareFor(first: PendingRecord): Promise<void> {
    const { disk, store, numbers } = this.#options;
    if (this.#unvoided !== null) await this.#void(this.#unvoided.segment, this.#unvoided.position);
    if (numbers.available === 0) await numbers.reserve();
    if (this.#segment !== null && this.#file !== null && this.#segment.room >= first.bytes) return;
    await this.#seal();
    const isLarge = first.bytes > store.recordBytesMax;
    const segment = isLarge ? await store.takeFor(first.bytes, numbers.last) : await store.take(numbers.last);
    this.#segment = segment;
    this.#file = await disk.open(segment.file.path, store.durableMode);
  }

  async #seal(): Promise<void> {
    const segment = this.#segment;
    const file = this.#file;
    this.#segment = null;
    this.#file = null;
    if (segment !== null) {
      segment.sealedAt = this.#options.now();
      this.#options.sealed(segment);
    }
    if (file !== null) await this.#options.disk.close(file);
  }

  #write(queue: PendingRecord[]): void {
    const segment = this.#segment;
    const file = this.#file;
    assert(segment !== null && file !== null, 'a commit has a segment');
    const isFirst = segment.tail === SEGMENT_HEADER_BYTES;
    const position = isFirst ? 0 : segment.tail;
    const group = this.#assemble(queue, segment, isFirst ? [encodeSegmentHeader(segment.header)] : []);
    queue.splice(0, group.pending.length);
    this.#writeFrom({ ...group, segment, file, position }, 0, position);
  }

  /** Gives records their place and number, fills in their headers, and joins neighbours in memory. */
  #assemble(
    queue: readonly PendingRecord[],
    segment: Segment,
    buffers: Uint8Array[],
  ): Pick<Group, 'pending' | 'offsets' | 'numbers' | 'buffers'> {
    const { numbers } = this.#options;
    const pending: PendingRecord[] = [];
    const offsets: number[] = [];
    const taken: number[] = [];
    let bytes = 0;
    let joined: { readonly slab: EncodedPlace; readonly start: number; end: number } | null = null;
    const endJoined = (): void => {
      if (joined !== null) buffers.push(joined.slab.buffer.subarray(joined.start, joined.end));
      joined = null;
    };
    for (const item of queue) {
      if (item.bytes > segment.room || numbers.available === 0) break;
      if (bytes > 0 && bytes + item.bytes > COMMIT_BYTES_MAX) break;
      const { slab, slabAt } = item;
      const { chunks } = slab;
      if (pending.length > 0 && buffers.length + 2 + (chunks?.length ?? 0) > BUFFERS_MAX) break;
      const number = numbers.take();
      if (item.copyNumber === 0) item.record.takeSequence(number);
      writeRecordHeader(slab.buffer, slabAt, segment.mark, {
        offset: segment.tail,
        copyNumber: item.copyNumber,
        number,
        sequence: item.record.sequence,
        envelopeBytes: item.envelopeBytes,
        headerSectionBytes: item.record.headerSectionBytes,
        bodyBytes: item.record.bodyBytes,
      });
      const end = slabAt + item.bytes - (chunks === null ? 0 : item.record.bodyBytes);
      sealRecord(slab.buffer.subarray(slabAt, end), chunks);
      if (joined !== null && joined.slab === slab && joined.end === slabAt) joined.end = end;
      else {
        endJoined();
        joined = { slab, start: slabAt, end };
      }
      if (chunks !== null) {
        endJoined();
        buffers.push(...chunks);
      }
      pending.push(item);
      offsets.push(segment.tail);
      taken.push(number);
      segment.tail += item.bytes;
      bytes += item.bytes;
    }
    endJoined();
    assert(pending.length > 0, 'a commit has a record');
    return { pending, offsets, numbers: taken, buffers };
  }

  /** Writes the buffers of `group` from index `from` on. Only a body of very many chunks needs more than one call. */
  #writeFrom(group: Group, from: number, position: number): void {
    let to = from;
    let wanted = 0;
    while (to < group.buffers.length && to - from < BUFFERS_MAX) {
      const next = (group.buffers[to] as Uint8Array).byteLength;
      if (wanted > 0 && wanted + next > WRITE_BYTES_MAX) break;
      wanted += next;
      to += 1;
    }
    const part = from === 0 && to === group.buffers.length ? group.buffers : group.buffers.slice(from, to);
    this.#options.disk.write(group.file, part, position, (error, bytes) => {
      if (error !== null) this.#fail(group, error);
      else if (bytes !== wanted) this.#fail(group, shortWrite(bytes, wanted));
      else if (to < group.buffers.length) this.#writeFrom(group, to, position + wanted);
      else this.#committed(group);
    });
  }

  #committed({ pending, segment, offsets, numbers }: Group): void {
    this.#averageMs += SMOOTHING * (this.#options.now() - this.#startedAt - this.#averageMs);
    for (let index = 0; index < pending.length; index++) {
      (pending[index] as PendingRecord).committed(segment, offsets[index] as number, numbers[index] as number);
    }
    this.#becomeIdle();
  }

  #fail({ pending, segment, position }: Group, error: NodeJS.ErrnoException): void {
    const reason = reasonOf(error);
    this.#options.report({
      kind: 'commitFailed',
      text: `spool: commit to ${segment.file.path} failed, ${pending.length} transactions are refused: ${reason}`,
    });
    segment.isRecyclable = false;
    this.#void(segment, position).then(
      () => this.#refuse(pending, reason),
      (voidError: unknown) => {
        const text = `spool: nothing is accepted until that is cut off ${segment.file.path}: ${reasonOf(voidError)}`;
        this.#options.report({ kind: 'commitFailed', text });
        this.#refuse(pending, reason);
      },
    );
  }

  /**
   * Cuts the segment off where the failed commit began, through a descriptor that did not see the failure. Needs no
   * space. Until it succeeds the lane accepts nothing.
   */
  async #void(segment: Segment, position: number): Promise<void> {
    this.#unvoided = { segment, position };
    const { disk, store } = this.#options;
    await withFile(disk, segment.file.path, 'write', async (file) => {
      await disk.truncate(file, position);
      if (store.durableMode === 'writeDurable') await disk.sync(file);
    });
    this.#unvoided = null;
    await this.#seal();
  }

  #refuse(pending: readonly PendingRecord[], reason: string): void {
    for (const item of pending) item.refused(reason);
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#isBusy = false;
    this.#options.idle();
  }
}
