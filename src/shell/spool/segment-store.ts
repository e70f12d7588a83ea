// The files of a spool: makes them at their full size before they are needed, hands them out under a new generation,
// and takes them back. The order in which a segment is freed is what keeps delivered mail from coming back and accepted
// mail from being lost (design: zeroed header durable, then the settlement file emptied, then a new generation).
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assert } from '../../core/base/assert.ts';
import { BUFFERS_MAX, codeOf, type Disk, reasonOf, withFile, writeAll } from './disk.ts';
import type { ReportProblem } from './problem.ts';
import { GENERATION_BYTES } from './record-format.ts';
import { Segment, type SegmentFile } from './segment.ts';
import { SEGMENT_HEADER_BYTES } from './segment-format.ts';

export const SEGMENT_SUFFIX = '.segment';
export const SETTLEMENTS_SUFFIX = '.settled';

const ZERO_CHUNK = Buffer.alloc(262_144);
const ZERO_PAGE = Buffer.alloc(SEGMENT_HEADER_BYTES);

export interface SegmentStoreOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly forceFsync: boolean;
  /** Free files kept for the next segments; more are removed. */
  readonly freeFilesMax: number;
  readonly report: ReportProblem;
}

export class SegmentStore {
  readonly #options: SegmentStoreOptions;
  readonly #disk: Disk;
  readonly #free: SegmentFile[] = [];
  readonly #inUse = new Set<Segment>();
  #nextFileNumber = 1;
  #preparing: Promise<unknown> | null = null;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
    this.#disk = options.disk;
  }

  get segments(): ReadonlySet<Segment> {
    return this.#inUse;
  }

  /** Largest record that fits a segment of the usual size. */
  get recordBytesMax(): number {
    return this.#options.segmentBytes - SEGMENT_HEADER_BYTES;
  }

  get durableMode(): 'write' | 'writeDurable' {
    return this.#options.forceFsync ? 'writeDurable' : 'write';
  }

  fileOf(number: number, bytes: number): SegmentFile {
    const stem = join(this.#options.directory, String(number).padStart(8, '0'));
    return { number, path: stem + SEGMENT_SUFFIX, settlementsPath: stem + SETTLEMENTS_SUFFIX, bytes };
  }

  /** For recovery: a file that was there at start, in use. */
  adopt(segment: Segment): void {
    this.reserve(segment.file.number);
    this.#inUse.add(segment);
  }

  /** For recovery: a free file that was there at start. Its zeros may be in the page cache only, so they are written again. */
  async adoptFree(file: SegmentFile): Promise<void> {
    this.reserve(file.number);
    try {
      await this.#zeroHeader(file);
      await this.#recycle(file, file.bytes === this.#options.segmentBytes);
    } catch (error) {
      // A full disk is no reason not to start: the file stays unused.
      this.#options.report({ kind: 'housekeepingFailed', text: `spool: ${file.path} is not used: ${reasonOf(error)}` });
    }
  }

  /** For recovery: a file that cannot be used and was copied elsewhere. */
  async adoptUnreadable(file: SegmentFile): Promise<void> {
    this.reserve(file.number);
    await this.#recycle(file, false);
  }

  /** The number is taken. */
  reserve(fileNumber: number): void {
    this.#nextFileNumber = Math.max(this.#nextFileNumber, fileNumber + 1);
  }

  /** A segment of the usual size with a new generation, nothing written yet. */
  async take(base: number): Promise<Segment> {
    if (this.#free.length === 0) {
      this.prepare();
      await this.#preparing;
    }
    const file = this.#free.pop() ?? (await this.#create(this.#options.segmentBytes));
    if (this.#free.length === 0) this.prepare();
    return this.#begin(file, base);
  }

  /** A segment for one record that is too long for the usual ones. */
  async takeFor(recordBytes: number, base: number): Promise<Segment> {
    return this.#begin(await this.#create(SEGMENT_HEADER_BYTES + recordBytes), base);
  }

  /** Makes one free file ahead of need. A failure is reported by `take`, when it matters. */
  prepare(): void {
    this.#preparing ??= this.#create(this.#options.segmentBytes)
      .then((file) => {
        this.#free.push(file);
      }, reasonOf)
      .finally(() => {
        this.#preparing = null;
      });
  }

  /** Frees a dead segment. Rejects when the disk does not do it; it may be tried again then. */
  async free(segment: Segment): Promise<void> {
    assert(segment.isDead, 'only a segment that nothing needs is freed');
    segment.isBeingFreed = true;
    try {
      await this.#zeroHeader(segment.file);
      const keepsFile = segment.isRecyclable && segment.file.bytes === this.#options.segmentBytes;
      await this.#recycle(segment.file, keepsFile);
      this.#inUse.delete(segment);
    } finally {
      segment.isBeingFreed = false;
    }
  }

  /** Waits for a file that is being made. */
  async close(): Promise<void> {
    await this.#preparing;
  }

  #zeroHeader({ path }: SegmentFile): Promise<void> {
    return withFile(this.#disk, path, this.durableMode, (file) => writeAll(this.#disk, file, [ZERO_PAGE], 0));
  }

  async #recycle(file: SegmentFile, keepsFile: boolean): Promise<void> {
    if (keepsFile && this.#free.length < this.#options.freeFilesMax) {
      await this.#emptySettlements(file);
      this.#free.push(file);
      return;
    }
    await this.#remove(file.path);
    await this.#remove(file.settlementsPath);
  }

  async #emptySettlements(file: SegmentFile): Promise<void> {
    await withFile(this.#disk, file.settlementsPath, 'write', async (handle) => {
      await this.#disk.truncate(handle, 0);
      if (this.#options.forceFsync) await this.#disk.sync(handle);
    });
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#disk.remove(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  #begin(file: SegmentFile, base: number): Segment {
    const segment = new Segment(file, { generation: randomBytes(GENERATION_BYTES), base });
    this.#inUse.add(segment);
    return segment;
  }

  /**
   * Makes a file with its blocks allocated, its settlement file beside it, and both entered in the directory on stable
   * storage: what is committed to it later needs no more of the file system than its data blocks.
   */
  async #create(bytes: number): Promise<SegmentFile> {
    const file = this.fileOf(this.#nextFileNumber++, bytes);
    try {
      await withFile(this.#disk, file.path, 'create', async (handle) => {
        await this.#fill(handle, bytes);
        if (this.#options.forceFsync) await this.#disk.sync(handle);
      });
      await this.#emptySettlements(file);
      if (this.#options.forceFsync) await this.#disk.syncDirectory(this.#options.directory);
    } catch (error) {
      await this.#discard(file);
      throw error;
    }
    return file;
  }

  async #fill(handle: number, bytes: number): Promise<void> {
    const chunksAtOnce = Math.min(BUFFERS_MAX, 16);
    for (let at = 0; at < bytes; ) {
      const chunks: Buffer[] = [];
      let end = at;
      while (end < bytes && chunks.length < chunksAtOnce) {
        chunks.push(ZERO_CHUNK.subarray(0, Math.min(ZERO_CHUNK.length, bytes - end)));
        end += (chunks.at(-1) as Buffer).length;
      }
      await writeAll(this.#disk, handle, chunks, at);
      at = end;
    }
  }

  async #discard(file: SegmentFile): Promise<void> {
    try {
      await this.#recycle(file, false);
    } catch (error) {
      this.#options.report({
        kind: 'housekeepingFailed',
        text: `spool: ${file.path} is left over: ${reasonOf(error)}`,
      });
    }
  }
}
