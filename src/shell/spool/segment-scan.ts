// Finds the records of one segment in its bytes. Accepts only whole records of the segment's generation, at their own
// offset, with rising numbers; tells the places where records were and cannot be read any more.
import {
  nextMark,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  readRecordHeader,
  recordBytes,
  recordMark,
  resemblesRecord,
  wholeRecordAt,
} from './record-format.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment-format.ts';

export interface UnreadableRegion {
  readonly offset: number;
  readonly bytes: number;
  /** Nothing follows it: what an unclean stop leaves of a commit that was never acknowledged looks the same. */
  readonly isTail: boolean;
}

export interface SegmentScan {
  readonly records: readonly RecordHeader[];
  readonly unreadable: readonly UnreadableRegion[];
  /** Where the last record or region ends. */
  readonly end: number;
}

export function scanSegment(bytes: Buffer, header: SegmentHeader): SegmentScan {
  const mark = recordMark(header.generation);
  const records: RecordHeader[] = [];
  const unreadable: UnreadableRegion[] = [];
  let lastNumber = header.base;
  let at = SEGMENT_HEADER_BYTES;
  const acceptable = (offset: number): RecordHeader | null => {
    const record = wholeRecordAt(bytes, offset, mark, offset);
    return record !== null && record.number > lastNumber ? record : null;
  };
  const resync = (from: number): number => {
    let next = nextMark(bytes, from, mark);
    if (next === from) {
      // If only the body is damaged, the lengths still tell where the next record is.
      const behind = from + recordBytes(readRecordHeader(bytes, from));
      if (acceptable(behind) !== null) return behind;
      next = nextMark(bytes, from + 1, mark);
    }
    while (next >= 0 && acceptable(next) === null) next = nextMark(bytes, next + 1, mark);
    return next;
  };
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const record = acceptable(at);
    if (record !== null) {
      records.push(record);
      lastNumber = record.number;
      at += recordBytes(record);
      continue;
    }
    const next = resync(at);
    if (next < 0) break;
    unreadable.push({ offset: at, bytes: next - at, isTail: false });
    at = next;
  }
  if (resemblesRecord(bytes, at, mark)) {
    const claimed = recordBytes(readRecordHeader(bytes, at));
    const region = { offset: at, bytes: Math.min(claimed, bytes.length - at), isTail: true };
    unreadable.push(region);
    at += region.bytes;
  }
  return { records, unreadable, end: at };
}
