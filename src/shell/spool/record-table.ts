// The records of the spool that have an open recipient, as rows of numbers outside of the heap: some 80 octets each, and the
// packed envelope while the content is not in memory. Whoever asks for one gets an object that reads and writes its row
// (stored-record.ts), and may have it made as often as it likes.
import { Numbered } from '../../core/base/numbered.ts';
import { OctetStore } from '../../core/base/octet-store.ts';
import { CHUNK_ROWS, placeInChunk, Rows } from '../../core/base/rows.ts';
import type { Envelope, QueuePlace, Settlement } from '../../core/mail/message.ts';
import type { Slab } from './body-memory.ts';
import { EnvelopePacker } from './envelope-packer.ts';
import type { Segment } from './segment.ts';
import { StoredRecord } from './stored-record.ts';

/** In columns of numbers: there is none. */
export const NONE = 0xffff_ffff;
/** In place of the sequence of a record that is no more. */
const GONE = -1;

export interface RecordColumns {
  readonly sequence: Float64Array;
  /** Of the last settlement, where that is a deferral and there is one recipient. */
  readonly nextAttemptAt: Float64Array;
  readonly segment: Uint32Array;
  readonly offset: Uint32Array;
  readonly envelopeBytes: Uint32Array;
  readonly headerSectionBytes: Uint32Array;
  readonly bodyBytes: Uint32Array;
  readonly recipients: Uint32Array;
  readonly openRecipients: Uint32Array;
  readonly retries: Uint32Array;
  readonly slab: Uint32Array;
  readonly contentAt: Uint32Array;
  /** The envelope by itself, packed. */
  readonly packedAt: Uint32Array;
  /** Octets of that, or of its text in the slab. */
  readonly heldBytes: Uint32Array;
  /** Neighbours in the list of records of the segment. */
  readonly previous: Uint32Array;
  readonly next: Uint32Array;
  readonly copyNumber: Uint16Array;
  readonly changes: Uint16Array;
  /** Of the envelope: another after a recipient was queued elsewhere. */
  readonly edition: Uint16Array;
  readonly flags: Uint8Array;
  /** The last settlement, where there is one recipient. */
  readonly settlement: Uint8Array;
}

function makeColumns(): RecordColumns {
  const buffer = new ArrayBuffer(CHUNK_ROWS * (2 * 8 + 14 * 4 + 3 * 2 + 2));
  let at = 0;
  const next = (bytes: number): number => {
    at += CHUNK_ROWS * bytes;
    return at - CHUNK_ROWS * bytes;
  };
  const doubles = () => new Float64Array(buffer, next(8), CHUNK_ROWS);
  const words = () => new Uint32Array(buffer, next(4), CHUNK_ROWS);
  const shorts = () => new Uint16Array(buffer, next(2), CHUNK_ROWS);
  const octets = () => new Uint8Array(buffer, next(1), CHUNK_ROWS);
  return {
    sequence: doubles(),
    nextAttemptAt: doubles(),
    segment: words(),
    offset: words(),
    envelopeBytes: words(),
    headerSectionBytes: words(),
    bodyBytes: words(),
    recipients: words(),
    openRecipients: words(),
    retries: words(),
    slab: words(),
    contentAt: words(),
    packedAt: words(),
    heldBytes: words(),
    previous: words(),
    next: words(),
    copyNumber: shorts(),
    changes: shorts(),
    edition: shorts(),
    flags: octets(),
    settlement: octets(),
  };
}

/** What few records have. */
export interface Extras {
  /** The last settlement of each recipient that has one, where there are several recipients. */
  settlements: Map<number, Settlement> | null;
  /** Where recipients were queued that were queued elsewhere since this copy of the record was written. */
  places: Map<number, QueuePlace> | null;
}

export class RecordTable {
  readonly #rows = new Rows<RecordColumns>(makeColumns);
  readonly #extras = new Map<number, Extras>();
  readonly segments = new Numbered<Segment>();
  readonly slabs = new Numbered<Slab>();
  readonly packer = new EnvelopePacker();
  readonly packed = new OctetStore();
  /** The record asked for last: whoever asks for one asks several times in a row. */
  #last: StoredRecord | null = null;

  /** Records in it. */
  get size(): number {
    return this.#rows.size;
  }

  /** A record that is not in any segment. */
  add(envelope: Envelope): StoredRecord {
    const row = this.#rows.take();
    const columns = this.#rows.columnsOf(row);
    const at = placeInChunk(row);
    columns.sequence[at] = 0;
    columns.segment[at] = NONE;
    columns.offset[at] = 0;
    columns.envelopeBytes[at] = 0;
    columns.headerSectionBytes[at] = 0;
    columns.bodyBytes[at] = 0;
    columns.recipients[at] = envelope.recipients.length;
    columns.openRecipients[at] = envelope.recipients.length;
    columns.slab[at] = NONE;
    columns.packedAt[at] = NONE;
    columns.copyNumber[at] = 0;
    columns.changes[at] = 0;
    columns.edition[at] = 0;
    columns.flags[at] = 0;
    columns.settlement[at] = 0;
    return new StoredRecord(this, row, columns, envelope);
  }

  /** The record of a row that is in use. */
  at(row: number): StoredRecord {
    const last = this.#last;
    const columns = this.#rows.columnsOf(row);
    if (last !== null && last.row === row && columns.sequence[placeInChunk(row)] === last.sequence) return last;
    this.#last = new StoredRecord(this, row, columns, null);
    return this.#last;
  }

  /** The record of a row that may be free by now, or another's. */
  find(row: number): StoredRecord | null {
    if (!this.#rows.has(row) || this.#rows.columnsOf(row).sequence[placeInChunk(row)] === GONE) return null;
    return this.at(row);
  }

  columnsOf(row: number): RecordColumns {
    return this.#rows.columnsOf(row);
  }

  extrasOf(row: number): Extras | undefined {
    return this.#extras.get(row);
  }

  makeExtras(row: number): Extras {
    let extras = this.#extras.get(row);
    if (extras === undefined) {
      extras = { settlements: null, places: null };
      this.#extras.set(row, extras);
    }
    return extras;
  }

  /** The record is settled for good, or was refused: its objects know no more than what they have read. */
  forget(record: StoredRecord): void {
    if (record.isGone) return;
    record.dropEnvelope();
    const { row } = record;
    this.#rows.columnsOf(row).sequence[placeInChunk(row)] = GONE;
    this.#extras.delete(row);
    this.#rows.give(row);
  }

  /** The records of a segment that were added to it and not dropped, in the order in which they were. */
  recordsOf(segment: Segment): StoredRecord[] {
    const records: StoredRecord[] = [];
    for (let row = segment.firstLive; row !== NONE; ) {
      const columns = this.#rows.columnsOf(row);
      records.push(new StoredRecord(this, row, columns, null));
      row = columns.next[placeInChunk(row)]!;
    }
    return records.reverse();
  }
}
