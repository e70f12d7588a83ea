// One entry of a segment's settlement file: what became of a recipient of one of its records, 40 bytes.
//
//    0  u32  CRC-32 of bytes 4 to 39
//    4  u32  recipient index
//    8  8 B  generation of the segment
//   16  u64  sequence of the record
//   24  u8   kind; the rest of these four bytes is 0
//   28  u32  retries; of `requeued`, the number of the place
//   32  f64  next attempt, milliseconds since the epoch
//
// Places (binding and routing domain) are longer than an entry and few, so a file tells each of them once, before it is
// first used: as UTF-8 of a JSON array, in entries of kind 6 that follow one another.
//
//    4  u32  number of the place in this file
//   16  u64  the bytes told before
//   24  u8   kind 6; u8 bytes told here, 0 to 12; u8 1 in the last entry of the place; u8 0
//   28 12 B  the bytes
//
// An entry with a wrong CRC or of another generation is ignored: a delivery is repeated, no mail is lost. So is one of a
// kind that is not known, and one whose place is not: mail is then where it was queued before.
import { crc32 } from 'node:zlib';
import type { WallMs } from '../../core/base/moment.ts';
import type { QueuePlace } from '../../core/mail/message.ts';
import { GENERATION_BYTES, readUInt64, writeUInt64 } from './record-format.ts';

export const SETTLEMENT_ENTRY_BYTES = 40;

/**
 * `moved` is about the whole record: a copy of it in another segment is durable, with all that was settled before.
 */
export type SettlementKind = 'delivered' | 'failed' | 'deferred' | 'moved' | 'requeued';

export interface SettlementEntry {
  readonly sequence: number;
  readonly index: number;
  readonly kind: SettlementKind;
  readonly retries: number;
  readonly nextAttemptAt: WallMs;
  /** Of `requeued` only. */
  readonly place?: QueuePlace;
}

const KINDS: readonly (SettlementKind | undefined)[] = [
  undefined,
  'delivered',
  'failed',
  'deferred',
  'moved',
  'requeued',
];
const NUMBERS = { delivered: 1, failed: 2, deferred: 3, moved: 4, requeued: 5 } as const;
const PLACE_PART = 6;
const PART_BYTES = 12;
/** Octets of the longest place: a binding and a domain have a few hundred. */
const PLACE_BYTES_MAX = 65_536;

export function writeSettlementEntry(into: Buffer, at: number, generation: Uint8Array, entry: SettlementEntry): void {
  into.writeUInt32LE(entry.index, at + 4);
  into.set(generation, at + 8);
  writeUInt64(into, entry.sequence, at + 16);
  into.writeUInt32LE(NUMBERS[entry.kind], at + 24);
  into.writeUInt32LE(entry.retries, at + 28);
  into.writeDoubleLE(entry.nextAttemptAt, at + 32);
  into.writeUInt32LE(crc32(into.subarray(at + 4, at + SETTLEMENT_ENTRY_BYTES)), at);
}

/** A place as {@link writePlace} tells it. */
export function encodePlace({ binding, routingDomain }: QueuePlace): Buffer {
  return Buffer.from(JSON.stringify([binding, routingDomain]));
}

/** Octets that telling a place takes. */
export function placeEntriesBytes(place: Buffer): number {
  return Math.ceil(place.length / PART_BYTES) * SETTLEMENT_ENTRY_BYTES;
}

/** Tells the place that later entries call `number`. */
export function writePlace(into: Buffer, at: number, generation: Uint8Array, number: number, place: Buffer): void {
  for (let told = 0, entryAt = at; told < place.length; told += PART_BYTES, entryAt += SETTLEMENT_ENTRY_BYTES) {
    const part = place.subarray(told, told + PART_BYTES);
    const isLast = told + PART_BYTES >= place.length;
    into.writeUInt32LE(number, entryAt + 4);
    into.set(generation, entryAt + 8);
    writeUInt64(into, told, entryAt + 16);
    into.writeUInt32LE(PLACE_PART | (part.length << 8) | (isLast ? 1 << 16 : 0), entryAt + 24);
    into.fill(0, entryAt + 28, entryAt + SETTLEMENT_ENTRY_BYTES);
    into.set(part, entryAt + 28);
    into.writeUInt32LE(crc32(into.subarray(entryAt + 4, entryAt + SETTLEMENT_ENTRY_BYTES)), entryAt);
  }
}

/**
 * Calls `found` for each valid entry of `generation`, in the order in which they were written.
 * @returns the greatest number of a place in the file; -1 without any
 */
export function readSettlementEntries(
  bytes: Buffer,
  generation: Uint8Array,
  found: (entry: SettlementEntry) => void,
): number {
  const places = new Places();
  for (let at = 0; at + SETTLEMENT_ENTRY_BYTES <= bytes.length; at += SETTLEMENT_ENTRY_BYTES) {
    if (bytes.compare(generation, 0, GENERATION_BYTES, at + 8, at + 8 + GENERATION_BYTES) !== 0) continue;
    if (crc32(bytes.subarray(at + 4, at + SETTLEMENT_ENTRY_BYTES)) !== bytes.readUInt32LE(at)) continue;
    if (bytes[at + 24] === PLACE_PART) places.take(bytes, at);
    const kind = KINDS[bytes[at + 24] as number];
    if (kind === undefined) continue;
    const entry = {
      sequence: readUInt64(bytes, at + 16),
      index: bytes.readUInt32LE(at + 4),
      kind,
      retries: bytes.readUInt32LE(at + 28),
      nextAttemptAt: bytes.readDoubleLE(at + 32) as WallMs,
    };
    const place = kind === 'requeued' ? places.find(entry.retries) : undefined;
    if (place !== undefined) found({ ...entry, retries: 0, place });
    else if (kind !== 'requeued') found(entry);
  }
  return places.highestNumber;
}

/** The places that a file has told so far. */
class Places {
  readonly #byNumber = new Map<number, QueuePlace>();
  #number = -1;
  #told = Buffer.alloc(0);
  highestNumber = -1;

  find(number: number): QueuePlace | undefined {
    return this.#byNumber.get(number);
  }

  take(bytes: Buffer, at: number): void {
    const number = bytes.readUInt32LE(at + 4);
    const told = readUInt64(bytes, at + 16);
    this.highestNumber = Math.max(this.highestNumber, number);
    if (told === 0) {
      this.#number = number;
      this.#told = Buffer.alloc(0);
    }
    if (number !== this.#number || told !== this.#told.length || told > PLACE_BYTES_MAX) return;
    this.#told = Buffer.concat([this.#told, bytes.subarray(at + 28, at + 28 + Math.min(PART_BYTES, bytes[at + 25]!))]);
    if (bytes[at + 26] !== 1) return;
    const place = decodePlace(this.#told);
    if (place === null) this.#byNumber.delete(number);
    else this.#byNumber.set(number, place);
  }
}

function decodePlace(bytes: Buffer): QueuePlace | null {
  let words: unknown;
  try {
    words = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  if (!Array.isArray(words) || typeof words[0] !== 'string' || typeof words[1] !== 'string') return null;
  return { binding: words[0], routingDomain: words[1] };
}
