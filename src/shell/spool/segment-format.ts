// The first page of a segment: its header, twice, so that no single damage makes the records behind it unreadable.
// A page of zeros is a free segment. The records follow at SEGMENT_HEADER_BYTES.
//
//    0  8 B  magic number
//    8  u32  version of the format
//   12  8 B  generation
//   20  u64  a number below those of all its records
//   28  u32  CRC-32 of bytes 0 to 27
import { crc32 } from 'node:zlib';
import { GENERATION_BYTES, nextMark, readUInt64, recordMark, wholeRecordAt, writeUInt64 } from './record-format.ts';

/** A page, so that writing the first record never tears the header. */
export const SEGMENT_HEADER_BYTES = 4096;
export const SEGMENT_VERSION = 1;

const MAGIC = Buffer.from('HGSPOOL\n', 'latin1');
const COPIES_AT = [0, SEGMENT_HEADER_BYTES / 2] as const;
const VERSION_AT = 8;
const GENERATION_AT = 12;
const BASE_AT = 20;
const CRC_AT = 28;

export interface SegmentHeader {
  readonly generation: Buffer;
  /** Below the number of every record in the segment. */
  readonly base: number;
}

export type SegmentPage =
  | { readonly kind: 'used'; readonly header: SegmentHeader }
  | { readonly kind: 'free' }
  /** Written by a later version of the product, whose rules we do not know. */
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'damaged' };

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const page = Buffer.alloc(SEGMENT_HEADER_BYTES);
  for (const at of COPIES_AT) {
    page.set(MAGIC, at);
    page.writeUInt32LE(SEGMENT_VERSION, at + VERSION_AT);
    page.set(header.generation, at + GENERATION_AT);
    writeUInt64(page, header.base, at + BASE_AT);
    page.writeUInt32LE(crc32(page.subarray(at, at + CRC_AT)), at + CRC_AT);
  }
  return page;
}

/** @param bytes the segment from its start; with less than a header page only if the file is shorter */
export function readSegmentPage(bytes: Buffer): SegmentPage {
  for (const at of COPIES_AT) {
    if (at + CRC_AT + 4 > bytes.length) break;
    if (bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) continue;
    if (crc32(bytes.subarray(at, at + CRC_AT)) !== bytes.readUInt32LE(at + CRC_AT)) continue;
    const version = bytes.readUInt32LE(at + VERSION_AT);
    if (version > SEGMENT_VERSION) return { kind: 'newer', version };
    const generation = Buffer.from(bytes.subarray(at + GENERATION_AT, at + GENERATION_AT + GENERATION_BYTES));
    return { kind: 'used', header: { generation, base: readUInt64(bytes, at + BASE_AT) } };
  }
  const page = bytes.subarray(0, SEGMENT_HEADER_BYTES);
  if (isZero(page)) return { kind: 'free' };
  return salvageHeader(bytes);
}

/** The first record lies where nobody but us can have put it; if it is whole, its generation is the segment's. */
function salvageHeader(bytes: Buffer): SegmentPage {
  const at = SEGMENT_HEADER_BYTES;
  const generation = Buffer.from(bytes.subarray(at + 8, at + 8 + GENERATION_BYTES));
  if (generation.length < GENERATION_BYTES) return { kind: 'damaged' };
  const mark = recordMark(generation);
  if (nextMark(bytes, at, mark) !== at || wholeRecordAt(bytes, at, mark, at) === null) return { kind: 'damaged' };
  return { kind: 'used', header: { generation, base: 0 } };
}

const ZEROS = Buffer.alloc(SEGMENT_HEADER_BYTES);

function isZero(page: Buffer): boolean {
  return page.equals(ZEROS.subarray(0, page.length));
}
