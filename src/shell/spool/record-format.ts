// A record as it lies in a segment: a header of 52 bytes, the envelope as JSON, the header section, the body.
//
//    0  u32  CRC-32 of everything behind it, to the end of the body
//    4  u32  magic number
//    8  8 B  generation of the segment
//   16  u32  offset of the record in the segment
//   20  u8   version of the format
//   21  u8   0
//   22  u16  copy number: 0 as received, one more each time compaction moves the record
//   24  u64  number: rises with every record written to the spool, copies included, and never repeats
//   32  u64  sequence: the number under which the record was first written; settlements name it
//   40  u32  octets of the envelope
//   44  u32  octets of the header section
//   48  u32  octets of the body
//
// All numbers are little-endian. Generation, offset and rising number together keep out whatever else may look like a
// record: old ones behind a torn tail, and copies or forgeries inside a body.
import { crc32 } from 'node:zlib';
import { wallMs } from '../../core/base/moment.ts';
import type { Envelope, Recipient, Settlement } from '../../core/mail/message.ts';
import {
  type MessageRequest,
  messageRequest,
  parseNotify,
  recipientRequest,
} from '../../core/mail/notification-request.ts';
import type { Utf8Need } from '../../core/mail/utf8-need.ts';

export const RECORD_HEADER_BYTES = 52;
export const RECORD_VERSION = 1;
export const GENERATION_BYTES = 8;
/** Lengths are 32 bits wide, offsets too. */
export const RECORD_BYTES_MAX = 2 ** 32 - 1 - 65_536;

const MAGIC = 0x3152_4748; // `HGR1`
const MARK_AT = 4;
const OFFSET_AT = 16;
/** Bytes of a header that are known before it is read: magic number, generation and offset. */
const KNOWN_BYTES = 16;

export interface RecordHeader {
  readonly crc: number;
  readonly offset: number;
  readonly version: number;
  readonly copyNumber: number;
  readonly number: number;
  readonly sequence: number;
  readonly envelopeBytes: number;
  readonly headerSectionBytes: number;
  readonly bodyBytes: number;
}

/** Octets of the record with its header. */
export function recordBytes(header: RecordHeader): number {
  return RECORD_HEADER_BYTES + header.envelopeBytes + header.headerSectionBytes + header.bodyBytes;
}

/** What every record of a generation has in its bytes 4 to 15. */
export function recordMark(generation: Uint8Array): Buffer {
  const mark = Buffer.alloc(4 + GENERATION_BYTES);
  mark.writeUInt32LE(MAGIC);
  mark.set(generation, 4);
  return mark;
}

/** Writes a header but for its CRC, which covers it: {@link sealRecord}. */
export function writeRecordHeader(
  into: Buffer,
  at: number,
  mark: Uint8Array,
  header: Omit<RecordHeader, 'crc' | 'version'>,
): void {
  into.set(mark, at + MARK_AT);
  into.writeUInt32LE(header.offset, at + OFFSET_AT);
  into.writeUInt32LE(RECORD_VERSION | (header.copyNumber << 16), at + 20);
  writeUInt64(into, header.number, at + 24);
  writeUInt64(into, header.sequence, at + 32);
  into.writeUInt32LE(header.envelopeBytes, at + 40);
  into.writeUInt32LE(header.headerSectionBytes, at + 44);
  into.writeUInt32LE(header.bodyBytes, at + 48);
}

/** Computes and writes the CRC over `head` (record from its start) and `rest` (the part of the body kept elsewhere). */
export function sealRecord(head: Buffer, rest: readonly Uint8Array[] | null): void {
  let crc = crc32(head.subarray(MARK_AT));
  if (rest !== null) for (const chunk of rest) crc = crc32(chunk, crc);
  head.writeUInt32LE(crc, 0);
}

/** The fields at `at` as they stand there, unchecked. The header must fit. */
export function readRecordHeader(bytes: Buffer, at: number): RecordHeader {
  return {
    crc: bytes.readUInt32LE(at),
    offset: bytes.readUInt32LE(at + OFFSET_AT),
    version: bytes[at + 20] as number,
    copyNumber: bytes.readUInt16LE(at + 22),
    number: readUInt64(bytes, at + 24),
    sequence: readUInt64(bytes, at + 32),
    envelopeBytes: bytes.readUInt32LE(at + 40),
    headerSectionBytes: bytes.readUInt32LE(at + 44),
    bodyBytes: bytes.readUInt32LE(at + 48),
  };
}

/**
 * The record that starts at index `at` of `bytes`, when it is whole: mark, offset and CRC are right.
 * @param offset of the record in its segment (equal to `at` when `bytes` is the segment)
 */
export function wholeRecordAt(bytes: Buffer, at: number, mark: Uint8Array, offset: number): RecordHeader | null {
  if (at + RECORD_HEADER_BYTES > bytes.length) return null;
  if (bytes.compare(mark, 0, mark.length, at + MARK_AT, at + MARK_AT + mark.length) !== 0) return null;
  const header = readRecordHeader(bytes, at);
  const end = at + recordBytes(header);
  if (header.offset !== offset || end > bytes.length) return null;
  return crc32(bytes.subarray(at + MARK_AT, end)) === header.crc ? header : null;
}

/** The first index from `from` on at which a record may start, going by the mark; -1 when there is none. */
export function nextMark(bytes: Buffer, from: number, mark: Buffer): number {
  const found = bytes.indexOf(mark, from + MARK_AT);
  return found < 0 ? -1 : found - MARK_AT;
}

/** Whether what is at `at` was the header of a record of this generation before it was damaged: most known bytes are right. */
export function resemblesRecord(bytes: Buffer, at: number, mark: Uint8Array): boolean {
  if (at + RECORD_HEADER_BYTES > bytes.length) return false;
  const known = Buffer.alloc(KNOWN_BYTES);
  known.set(mark);
  known.writeUInt32LE(at, mark.length);
  let right = 0;
  for (let index = 0; index < KNOWN_BYTES; index++) if (known[index] === bytes[at + MARK_AT + index]) right += 1;
  return right >= (KNOWN_BYTES * 3) / 4;
}

// ---- envelope

/** The last settlement of each recipient that was attempted before the record was copied. */
export type Progress = ReadonlyMap<number, Settlement>;

export interface DecodedEnvelope {
  readonly envelope: Envelope;
  readonly progress: Progress;
}

/** Before the recipients. */
const FIELDS = 7;
const RECIPIENT_FIELDS = 4;
/** In place of the retries of a recipient that is settled for good. */
const DELIVERED = -1;
const FAILED = -2;
const NO_PROGRESS: Progress = new Map();

/**
 * One flat array: fields, progress as triples (0 when there is none), then four strings for each recipient, and one
 * element more where the sender asked for notices, or SMTPUTF8 is needed.
 */
export function encodeEnvelope(envelope: Envelope, progress: Progress | null): string {
  const fields: unknown[] = [
    envelope.batchId,
    envelope.receivedAt,
    envelope.reversePath,
    envelope.eightBit,
    envelope.size,
    encodeOrigin(envelope),
    progress === null ? 0 : encodeProgress(progress),
  ];
  for (const { messageId, mailbox, routingDomain, binding } of envelope.recipients) {
    fields.push(messageId, mailbox, routingDomain, binding);
  }
  const extensions = encodeExtensions(envelope);
  if (extensions !== null) fields.push(extensions);
  return JSON.stringify(fields);
}

/** @param text of which the CRC was right; null when it is no envelope all the same */
export function decodeEnvelope(text: string): DecodedEnvelope | null {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(fields) || fields.length < FIELDS) return null;
  const isFollowed = (fields.length - FIELDS) % RECIPIENT_FIELDS === 1;
  const extensions: unknown = isFollowed ? fields.pop() : null;
  if ((fields.length - FIELDS) % RECIPIENT_FIELDS !== 0) return null;
  const [batchId, receivedAt, reversePath, eightBit, size, origin, progress] = fields;
  const recipients: Recipient[] = [];
  for (let at = FIELDS; at < fields.length; at += RECIPIENT_FIELDS) {
    recipients.push({
      messageId: fields[at],
      mailbox: fields[at + 1],
      routingDomain: fields[at + 2],
      binding: fields[at + 3],
    });
  }
  const asked = isFollowed ? decodeExtensions(extensions, recipients) : null;
  return {
    envelope: { batchId, receivedAt, reversePath, recipients, eightBit, size, ...decodeOrigin(origin), ...asked },
    progress: progress === 0 ? NO_PROGRESS : decodeProgress(progress),
  };
}

/** The protocol alone, or with the client behind it. */
function encodeOrigin({ protocol, client }: Envelope): string | readonly unknown[] {
  return client === undefined ? protocol : [protocol, client.address, client.port, client.name];
}

function decodeOrigin(origin: unknown): Pick<Envelope, 'protocol' | 'client'> {
  if (!Array.isArray(origin)) return { protocol: origin as string };
  const [protocol, address, port, name] = origin;
  return { protocol, client: { address, port, name } };
}

/**
 * RET, ENVID and what needs SMTPUTF8, then place, NOTIFY and ORCPT of each recipient with a request; null for the usual
 * mail, which has none of these.
 */
function encodeExtensions({ request, utf8, recipients }: Envelope): unknown[] | null {
  let fields: unknown[] | null =
    request === undefined && utf8 === undefined
      ? null
      : [request?.returns ?? null, request?.envelopeId ?? null, utf8 ?? null];
  for (let index = 0; index < recipients.length; index++) {
    const asked = recipients[index]!.request;
    if (asked === undefined) continue;
    fields ??= [null, null, null];
    fields.push(index, asked.notify?.text ?? null, asked.originalRecipient);
  }
  return fields;
}

/** Gives the recipients theirs. @returns those of the message */
function decodeExtensions(extensions: unknown, recipients: Recipient[]): Pick<Envelope, 'request' | 'utf8'> | null {
  if (!Array.isArray(extensions)) return null;
  const [returns, envelopeId, utf8, ...triples] = extensions;
  for (let at = 0; at + 2 < triples.length; at += 3) {
    const [index, notify, originalRecipient] = triples.slice(at, at + 3) as [number, string | null, string | null];
    const request = recipientRequest(notify === null ? null : parseNotify(notify), originalRecipient);
    const recipient = recipients[index];
    if (request !== null && recipient !== undefined) recipients[index] = { ...recipient, request };
  }
  const request = messageRequest(returns as MessageRequest['returns'], envelopeId as string | null);
  return { ...(request === null ? null : { request }), ...(utf8 === null ? null : { utf8: utf8 as Utf8Need }) };
}

function encodeProgress(progress: Progress): number[] {
  const triples: number[] = [];
  for (const [index, settlement] of progress) {
    if (settlement.kind === 'deferred') triples.push(index, settlement.retries, settlement.nextAttemptAt);
    else triples.push(index, settlement.kind === 'delivered' ? DELIVERED : FAILED, 0);
  }
  return triples;
}

function decodeProgress(triples: readonly number[]): Progress {
  const progress = new Map<number, Settlement>();
  for (let at = 0; at + 2 < triples.length; at += 3) {
    const retries = triples[at + 1] as number;
    if (retries === DELIVERED) progress.set(triples[at] as number, { kind: 'delivered' });
    else if (retries === FAILED) progress.set(triples[at] as number, { kind: 'failed' });
    else
      progress.set(triples[at] as number, {
        kind: 'deferred',
        retries,
        nextAttemptAt: wallMs(triples[at + 2] as number),
      });
  }
  return progress;
}

// ---- numbers up to 2^53

const TWO_TO_32 = 2 ** 32;

export function writeUInt64(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % TWO_TO_32, at);
  into.writeUInt32LE(Math.floor(value / TWO_TO_32), at + 4);
}

export function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * TWO_TO_32 + bytes.readUInt32LE(at);
}
