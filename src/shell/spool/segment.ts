// One segment in use: a file of records, the settlement file beside it, and which of its records are still needed.
// Reading and writing are done by others (commit-lane, settlement-log, segment-scan); a segment only keeps the account.
import { assert } from '../../core/base/assert.ts';
import { recordMark } from './record-format.ts';
import { NONE } from './record-table.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment-format.ts';
import { SettlementFile } from './settlement-file.ts';
import type { StoredRecord } from './stored-record.ts';

export interface SegmentFile {
  /** Names the files; stays when the file is used again. */
  readonly number: number;
  readonly path: string;
  readonly settlementsPath: string;
  readonly bytes: number;
}

export class Segment {
  readonly file: SegmentFile;
  readonly header: SegmentHeader;
  readonly mark: Buffer;
  readonly settlements: SettlementFile;
  /** Where the next record goes. */
  tail = SEGMENT_HEADER_BYTES;
  /** Monotonic milliseconds at which it was closed for records; null while records are added. */
  sealedAt: number | null = null;
  /** False after a failed write: the file is not used again. */
  isRecyclable = true;
  isBeingFreed = false;
  /** In the table of records; records change it. */
  number = NONE;
  /** Of the records that are not settled for good and have no durable copy elsewhere, the row of the one added last. */
  firstLive = NONE;
  live = 0;
  liveBytes = 0;
  /** Reasons to keep the segment without live records: moves that are not complete on disk. */
  holds = 0;

  constructor(file: SegmentFile, header: SegmentHeader) {
    this.file = file;
    this.header = header;
    this.mark = recordMark(header.generation);
    this.settlements = new SettlementFile(file.settlementsPath, header.generation);
  }

  get room(): number {
    return this.file.bytes - this.tail;
  }

  /** Nothing of it is needed any more. */
  get isDead(): boolean {
    return this.sealedAt !== null && this.live === 0 && this.holds === 0 && !this.isBeingFreed;
  }

  add(record: StoredRecord): void {
    if (!record.enter(this)) return;
    this.live += 1;
    this.liveBytes += record.bytes;
  }

  drop(record: StoredRecord, bytes: number): void {
    if (!record.leave(this)) return;
    this.live -= 1;
    this.liveBytes -= bytes;
  }

  hold(): void {
    this.holds += 1;
  }

  unhold(): void {
    assert(this.holds > 0, 'a hold on a segment is given up once');
    this.holds -= 1;
  }
}
