// Content that stays in memory until its first attempt, under a cap. Records are encoded one behind another into slabs, so
// that one buffer of the writev serves many of them. Large bodies keep their chunks. A slab counts against the cap until the
// last of its records is given up, so the account is what the process really holds.
//
// Slabs are used again, or the collector would have to find as much memory as mail comes in. So nobody may look at a slab that
// was dropped: who sends from one says when it is done, and until then the slab is not used again.
import { assert } from '../../core/base/assert.ts';
import { type Content, LENT_OCTETS_MAX } from '../../core/mail/message.ts';
import { RECORD_HEADER_BYTES } from './record-format.ts';
import { NONE, type RecordTable } from './record-table.ts';
import type { StoredRecord } from './stored-record.ts';

const SLAB_BYTES_MIN = 65_536;
const SLAB_BYTES_MAX = 262_144;
/** Slabs under the cap, where that allows for any but the smallest. */
const SLABS_MIN = 64;
/** Records up to this size share a slab. */
const SHARED_BYTES_MAX = LENT_OCTETS_MAX + 8_192;
/** Slabs that wait for their next use: 4 MiB. */
const FREE_MAX = 16;
/** Mail that waited so long for its first attempt is read back from its segment when its time comes. */
const PATIENCE_MS = 20_000;
/** Slabs given up in one turn for that: the envelopes of usual mail in them take some 5 ms to pack. */
const WAITING_AT_ONCE = 16;

/** Content that needs no reading. */
export interface BodyInMemory {
  /** Latin-1, complete lines, without the blank line. */
  readonly headerSection: Uint8Array;
  readonly body: readonly Uint8Array[];
  /** To be called once, when nobody looks at them any more. */
  done(): void;
}

export class Slab {
  /** Empty once the slab was dropped. */
  buffer: Buffer;
  /** The body of the only record of this slab, when it is not in `buffer`. */
  chunks: readonly Uint8Array[] | null;
  readonly bytes: number;
  readonly since: number;
  /** In the table of records. */
  number = NONE;
  used = 0;
  /** Rows of what was encoded into it, in part settled or refused since. */
  readonly records: number[] = [];
  /** Records that still need it. */
  live = 0;
  liveBytes = 0;
  /** Records that are not durable yet; until they are, this is the only place that has them. */
  uncommitted = 0;
  /** How many look at it. */
  lent = 0;
  isDropped = false;

  constructor(buffer: Buffer, chunks: readonly Uint8Array[] | null, since: number) {
    this.buffer = buffer;
    this.chunks = chunks;
    this.bytes = buffer.length + (chunks === null ? 0 : sumOf(chunks));
    this.since = since;
  }
}

export class BodyMemory {
  readonly #table: RecordTable;
  readonly #bytesMax: number;
  readonly #slabBytes: number;
  readonly #now: () => number;
  readonly #slabs = new Set<Slab>();
  readonly #free: Buffer[] = [];
  #current: Slab | null = null;
  #bytes = 0;

  /** @param now monotonic milliseconds */
  constructor(table: RecordTable, bytesMax: number, now: () => number) {
    this.#table = table;
    this.#bytesMax = bytesMax;
    this.#slabBytes = Math.max(SLAB_BYTES_MIN, Math.min(SLAB_BYTES_MAX, Math.floor(bytesMax / SLABS_MIN)));
    this.#now = now;
  }

  /** Octets held. May pass the cap only by what is not yet durable. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Encodes a record, leaving room for its header, and sets its lengths and its place in memory. */
  encode(record: StoredRecord, envelope: string, content: Content): void {
    const bodyBytes = sumOf(content.body);
    const headBytes = RECORD_HEADER_BYTES + envelope.length * 3 + content.headerSection.length;
    const isShared = headBytes + bodyBytes <= Math.min(SHARED_BYTES_MAX, this.#slabBytes);
    const keepsChunks = bodyBytes > LENT_OCTETS_MAX;
    const slab = isShared
      ? this.#sharedSlab(headBytes + bodyBytes)
      : this.#newSlab(
          Buffer.allocUnsafeSlow(headBytes + (keepsChunks ? 0 : bodyBytes)),
          keepsChunks ? compact(content.body) : null,
        );
    const { buffer } = slab;
    let at = slab.used + RECORD_HEADER_BYTES;
    record.envelopeBytes = buffer.write(envelope, at, 'utf8');
    at += record.envelopeBytes;
    record.lieIn(slab, at);
    record.headerSectionBytes = buffer.write(content.headerSection, at, 'latin1');
    at += record.headerSectionBytes;
    if (slab.chunks === null) {
      for (const chunk of content.body) {
        buffer.set(chunk, at);
        at += chunk.byteLength;
      }
    }
    record.bodyBytes = bodyBytes;
    slab.used = at;
    slab.records.push(record.row);
    slab.live += 1;
    slab.liveBytes += record.contentBytes;
    slab.uncommitted += 1;
  }

  /** The record is durable. Beyond the cap its slab is dropped: the content is read back when it is needed. */
  committed(record: StoredRecord): void {
    const { slab } = record;
    assert(slab !== null, 'a record stays in memory until it is durable');
    slab.uncommitted -= 1;
    if (this.#bytes <= this.#bytesMax) return;
    this.#dropStale();
    if (this.#bytes > this.#bytesMax && slab.uncommitted === 0) this.#drop(slab);
  }

  /** The record was refused, so it will not be asked for. */
  abandon(record: StoredRecord): void {
    const { slab } = record;
    if (slab === null) return;
    slab.uncommitted -= 1;
    this.#leave(record, slab);
  }

  /** The content, when it is in memory. It stays as it is until `done` of it is called. */
  lend(record: StoredRecord): BodyInMemory | null {
    const { slab, contentAt, headerSectionBytes, bodyBytes } = record;
    if (slab === null || slab.isDropped) return null;
    const bodyAt = contentAt + headerSectionBytes;
    slab.lent += 1;
    return {
      headerSection: slab.buffer.subarray(contentAt, bodyAt),
      body: slab.chunks ?? [slab.buffer.subarray(bodyAt, bodyAt + bodyBytes)],
      done: () => {
        slab.lent -= 1;
      },
    };
  }

  /** The record's content is not needed in memory any more. */
  release(record: StoredRecord): void {
    const { slab } = record;
    if (slab === null) return;
    if (!record.isFinal) record.keepEnvelope();
    this.#leave(record, slab);
  }

  /** Gives up what has waited too long, whatever is below the cap; some of it, where that is much. */
  dropWaiting(): void {
    const late = this.#now() - PATIENCE_MS;
    let left = WAITING_AT_ONCE;
    for (const slab of this.#slabs) {
      if (slab.since > late || slab.uncommitted > 0 || left === 0) return;
      this.#drop(slab);
      left -= 1;
    }
  }

  #leave(record: StoredRecord, slab: Slab): void {
    record.leaveSlab();
    slab.live -= 1;
    slab.liveBytes -= record.contentBytes;
    if (slab.live === 0 && slab !== this.#current) this.#drop(slab);
  }

  #sharedSlab(bytes: number): Slab {
    const current = this.#current;
    if (current !== null && !current.isDropped && current.used + bytes <= current.buffer.length) return current;
    this.#current = this.#newSlab(this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#slabBytes), null);
    if (current !== null && current.live === 0) this.#drop(current);
    return this.#current;
  }

  #newSlab(buffer: Buffer, chunks: readonly Uint8Array[] | null): Slab {
    const slab = new Slab(buffer, chunks, this.#now());
    slab.number = this.#table.slabs.add(slab);
    this.#slabs.add(slab);
    this.#bytes += slab.bytes;
    return slab;
  }

  /** Mail is sent in the order in which it came; old slabs that are mostly empty, or do not move, are the ones to go. */
  #dropStale(): void {
    const now = this.#now();
    for (const slab of this.#slabs) {
      if (this.#bytes <= this.#bytesMax) return;
      if (slab.uncommitted > 0) return;
      if (slab.liveBytes * 4 > slab.bytes && now - slab.since < PATIENCE_MS) return;
      this.#drop(slab);
    }
  }

  #drop(slab: Slab): void {
    if (slab.isDropped) return;
    slab.isDropped = true;
    for (const row of slab.records) {
      const record = this.#table.find(row);
      if (record?.slab !== slab) continue;
      record.keepEnvelope();
      record.leaveSlab();
    }
    slab.records.length = 0;
    const isUsable = slab.buffer.length === this.#slabBytes && slab.chunks === null && slab.lent === 0;
    if (isUsable && this.#free.length < FREE_MAX) this.#free.push(slab.buffer);
    slab.buffer = EMPTY;
    slab.chunks = null;
    this.#table.slabs.drop(slab.number);
    this.#slabs.delete(slab);
    this.#bytes -= slab.bytes;
    if (slab === this.#current) this.#current = null;
  }
}

const EMPTY = Buffer.alloc(0);

function sumOf(chunks: readonly Uint8Array[]): number {
  let sum = 0;
  for (const chunk of chunks) sum += chunk.byteLength;
  return sum;
}

/** Chunks that are small parts of large buffers are copied, so that they do not keep those alive. */
function compact(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  return chunks.map((chunk) => (chunk.byteLength * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk));
}
