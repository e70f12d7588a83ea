// One entry of a segment's settlement file: what became of a recipient of one of its records, 40 bytes.
//
//    0  u32  CRC-32 of bytes 4 to 39
//    4  u32  recipient index
//    8  8 B  generation of the segment
//   16  u64  sequence of the record
//   24  u8   kind; the rest of these four bytes is 0
//   28  u32  retries
//   32  f64  next attempt, milliseconds since the epoch
//
// An entry with a wrong CRC or of another generation is ignored: a delivery is repeated, no mail is lost.
import { crc32 } from 'node:zlib';
import type { WallMs } from '../../core/base/moment.ts';
import { GENERATION_BYTES, readUInt64, writeUInt64 } from './record-format.ts';

export const SETTLEMENT_ENTRY_BYTES = 40;

/**
 * `moved` is about the whole record: a copy of it in another segment is durable, with all that was settled before.
 */
export type SettlementKind = 'delivered' | 'failed' | 'deferred' | 'moved';

export interface SettlementEntry {
  readonly sequence: number;
  readonly index: number;
  readonly kind: SettlementKind;
  readonly retries: number;
  readonly nextAttemptAt: WallMs;
}

const KINDS: readonly (SettlementKind | undefined)[] = [undefined, 'delivered', 'failed', 'deferred', 'moved'];
const NUMBERS = { delivered: 1, failed: 2, deferred: 3, moved: 4 } as const;

export function writeSettlementEntry(into: Buffer, at: number, generation: Uint8Array, entry: SettlementEntry): void {
  into.writeUInt32LE(entry.index, at + 4);
  into.set(generation, at + 8);
  writeUInt64(into, entry.sequence, at + 16);
  into.writeUInt32LE(NUMBERS[entry.kind], at + 24);
  into.writeUInt32LE(entry.retries, at + 28);
  into.writeDoubleLE(entry.nextAttemptAt, at + 32);
  into.writeUInt32LE(crc32(into.subarray(at + 4, at + SETTLEMENT_ENTRY_BYTES)), at);
}

/** Calls `found` for each valid entry of `generation`, in the order in which they were written. */
export function readSettlementEntries(
  bytes: Buffer,
  generation: Uint8Array,
  found: (entry: SettlementEntry) => void,
): void {
  for (let at = 0; at + SETTLEMENT_ENTRY_BYTES <= bytes.length; at += SETTLEMENT_ENTRY_BYTES) {
    if (bytes.compare(generation, 0, GENERATION_BYTES, at + 8, at + 8 + GENERATION_BYTES) !== 0) continue;
    if (crc32(bytes.subarray(at + 4, at + SETTLEMENT_ENTRY_BYTES)) !== bytes.readUInt32LE(at)) continue;
    const kind = KINDS[bytes[at + 24] as number];
    if (kind === undefined) continue;
    found({
      sequence: readUInt64(bytes, at + 16),
      index: bytes.readUInt32LE(at + 4),
      kind,
      retries: bytes.readUInt32LE(at + 28),
      nextAttemptAt: bytes.readDoubleLE(at + 32) as WallMs,
    });
  }
}
