// A record of the spool as the process knows it: where it lies, which recipients are open, and where in memory its
// content is, if it is. This is the object that the engine holds as StoredContent. It reads and writes the record's row
// (record-table.ts), so there may be several of one record, or none while nobody looks at it; it has an envelope of its own
// once that was asked for. Of a record that is settled for good, it knows that envelope and that it is.
import { assert } from '../../core/base/assert.ts';
import { type WallMs, wallMs } from '../../core/base/moment.ts';
import { placeInChunk } from '../../core/base/rows.ts';
import { type Envelope, type QueuePlace, type Settlement, withPlace } from '../../core/mail/message.ts';
import type { AppendResult, StoredContent } from '../../engine/ports.ts';
import type { Slab } from './body-memory.ts';
import { decodeEnvelope, type Progress, RECORD_HEADER_BYTES } from './record-format.ts';
import { NONE, type RecordColumns, type RecordTable } from './record-table.ts';
import type { Segment } from './segment.ts';
import type { SettlementEntry } from './settlement-entry.ts';

/** Told once what became of an append. */
export type Appended = (result: AppendResult) => void;

/** Being copied by compaction. */
const MOVING = 1;
const DAMAGED = 2;
/** In the list of its segment. */
const LISTED = 4;

const UNSETTLED = 0;
const DELIVERED = 1;
const FAILED = 2;
const DEFERRED = 3;

export class StoredRecord implements StoredContent {
  readonly row: number;
  /** 0 until the record is given its place. */
  sequence: number;
  readonly #table: RecordTable;
  readonly #columns: RecordColumns;
  readonly #at: number;
  #envelope: Envelope | null;
  #edition: number;

  /** For the table. */
  constructor(table: RecordTable, row: number, columns: RecordColumns, envelope: Envelope | null) {
    this.row = row;
    this.#table = table;
    this.#columns = columns;
    this.#at = placeInChunk(row);
    this.sequence = columns.sequence[this.#at]!;
    this.#envelope = envelope;
    this.#edition = columns.edition[this.#at]!;
  }

  /** It was settled for good or refused, and its row may be another's. */
  get isGone(): boolean {
    return this.#columns.sequence[this.#at] !== this.sequence;
  }

  takeSequence(sequence: number): void {
    this.sequence = sequence;
    this.#columns.sequence[this.#at] = sequence;
  }

  /** As it is now; its spool changes it when a recipient is queued elsewhere. */
  get envelope(): Envelope {
    if (this.#envelope !== null && (this.#columns.edition[this.#at] === this.#edition || this.isGone)) {
      return this.#envelope;
    }
    assert(!this.isGone, 'the envelope of a record is read while a recipient is open');
    this.#envelope = this.#heldEnvelope();
    this.#edition = this.#columns.edition[this.#at]!;
    return this.#envelope;
  }

  #heldEnvelope(): Envelope {
    const { packedAt, heldBytes } = this.#columns;
    const bytes = heldBytes[this.#at]!;
    const { packer, packed } = this.#table;
    if (packedAt[this.#at] !== NONE) return packer.unpack(packed.read(packedAt[this.#at]!, bytes));
    const { slab, contentAt } = this;
    assert(slab !== null, 'the envelope of a record is by itself or with its content');
    const decoded = decodeEnvelope(slab.buffer.toString('utf8', contentAt - bytes, contentAt));
    assert(decoded !== null, 'an envelope that was encoded can be decoded');
    return decoded.envelope;
  }

  /** Its content is going to be in memory no more, so its envelope is kept by itself. */
  keepEnvelope(): void {
    if (this.#columns.packedAt[this.#at] !== NONE) return;
    const { packer, packed } = this.#table;
    const octets = packer.pack(this.envelope);
    this.#columns.packedAt[this.#at] = packed.put(octets);
    this.#columns.heldBytes[this.#at] = octets.length;
  }

  /** For the table. */
  dropEnvelope(): void {
    const { packedAt, heldBytes } = this.#columns;
    const place = packedAt[this.#at]!;
    if (place === NONE) return;
    const { packer, packed } = this.#table;
    const bytes = heldBytes[this.#at]!;
    packer.drop(packed.read(place, bytes));
    packed.giveUp(place, bytes);
    packedAt[this.#at] = NONE;
  }

  get segment(): Segment | null {
    const number = this.#columns.segment[this.#at]!;
    return number === NONE || this.isGone ? null : this.#table.segments.at(number);
  }

  set segment(segment: Segment) {
    if (segment.number === NONE) segment.number = this.#table.segments.add(segment);
    this.#columns.segment[this.#at] = segment.number;
  }

  get offset(): number {
    return this.#columns.offset[this.#at]!;
  }

  set offset(offset: number) {
    this.#columns.offset[this.#at] = offset;
  }

  get copyNumber(): number {
    return this.#columns.copyNumber[this.#at]!;
  }

  set copyNumber(copyNumber: number) {
    this.#columns.copyNumber[this.#at] = copyNumber;
  }

  get envelopeBytes(): number {
    return this.#columns.envelopeBytes[this.#at]!;
  }

  set envelopeBytes(bytes: number) {
    this.#columns.envelopeBytes[this.#at] = bytes;
  }

  get headerSectionBytes(): number {
    return this.#columns.headerSectionBytes[this.#at]!;
  }

  set headerSectionBytes(bytes: number) {
    this.#columns.headerSectionBytes[this.#at] = bytes;
  }

  get bodyBytes(): number {
    return this.#columns.bodyBytes[this.#at]!;
  }

  set bodyBytes(bytes: number) {
    this.#columns.bodyBytes[this.#at] = bytes;
  }

  /** Where its content is in memory; null when it was released or dropped. */
  get slab(): Slab | null {
    const number = this.#columns.slab[this.#at]!;
    return number === NONE || this.isGone ? null : this.#table.slabs.at(number);
  }

  /** Where the header section starts in the slab. */
  get contentAt(): number {
    return this.#columns.contentAt[this.#at]!;
  }

  /** Its content is in memory, and its envelope, as it is on disk, before it. */
  lieIn(slab: Slab, contentAt: number): void {
    this.#columns.slab[this.#at] = slab.number;
    this.#columns.contentAt[this.#at] = contentAt;
    if (this.#columns.packedAt[this.#at] === NONE) this.#columns.heldBytes[this.#at] = this.envelopeBytes;
  }

  /** Its content is in memory no more. */
  leaveSlab(): void {
    this.#columns.slab[this.#at] = NONE;
  }

  get openRecipients(): number {
    return this.isGone ? 0 : this.#columns.openRecipients[this.#at]!;
  }

  /** Settlements so far, and moves to other queues; it starts again at 0 some time. */
  get changes(): number {
    return this.#columns.changes[this.#at]!;
  }

  /** Being copied by compaction: settlements have to be remembered for the copy. */
  get isMoving(): boolean {
    return this.#has(MOVING);
  }

  set isMoving(is: boolean) {
    this.#flag(MOVING, is);
  }

  /** Its content was found damaged; it is not copied any more. */
  get isDamaged(): boolean {
    return this.#has(DAMAGED);
  }

  set isDamaged(is: boolean) {
    this.#flag(DAMAGED, is);
  }

  #has(flag: number): boolean {
    return (this.#columns.flags[this.#at]! & flag) !== 0 && !this.isGone;
  }

  #flag(flag: number, is: boolean): void {
    if (this.isGone) return;
    const flags = this.#columns.flags[this.#at]!;
    this.#columns.flags[this.#at] = is ? flags | flag : flags & ~flag;
  }

  /** Octets on disk, with the header. */
  get bytes(): number {
    return RECORD_HEADER_BYTES + this.envelopeBytes + this.contentBytes;
  }

  /** Octets of header section and body. */
  get contentBytes(): number {
    return this.headerSectionBytes + this.bodyBytes;
  }

  get isFinal(): boolean {
    return this.openRecipients === 0;
  }

  // ---- the list of its segment

  /** Enters the list of records that a segment is kept for. @returns false when it is in it */
  enter(segment: Segment): boolean {
    if (this.#has(LISTED)) return false;
    this.#flag(LISTED, true);
    const { firstLive } = segment;
    this.#columns.previous[this.#at] = NONE;
    this.#columns.next[this.#at] = firstLive;
    if (firstLive !== NONE) this.#table.columnsOf(firstLive).previous[placeInChunk(firstLive)] = this.row;
    segment.firstLive = this.row;
    return true;
  }

  /** @returns false when it is in none */
  leave(segment: Segment): boolean {
    if (!this.#has(LISTED)) return false;
    this.#flag(LISTED, false);
    const previous = this.#columns.previous[this.#at]!;
    const next = this.#columns.next[this.#at]!;
    if (previous === NONE) segment.firstLive = next;
    else this.#table.columnsOf(previous).next[placeInChunk(previous)] = next;
    if (next !== NONE) this.#table.columnsOf(next).previous[placeInChunk(next)] = previous;
    return true;
  }

  // ---- what became of it

  /** The last settlement of each recipient that has one. */
  get progress(): Progress {
    if (this.isGone) return NO_PROGRESS;
    if (this.#recipients > 1) return this.#table.extrasOf(this.row)?.settlements ?? NO_PROGRESS;
    const settlement = this.#settlementOf(0);
    return settlement === undefined ? NO_PROGRESS : new Map([[0, settlement]]);
  }

  /** Where recipients were queued that were queued elsewhere since this copy of the record was written. */
  get places(): ReadonlyMap<number, QueuePlace> {
    return (this.isGone ? null : this.#table.extrasOf(this.row)?.places) ?? NO_PLACES;
  }

  requeue(index: number, place: QueuePlace): void {
    assert(!this.#isSettled(index), 'only an open recipient is queued elsewhere');
    this.#columns.changes[this.#at]! += 1;
    this.#keepPlace(index, place);
  }

  /** Takes in where a settlement file says that a recipient is queued; what is known of an earlier copy comes last. */
  unitePlace(index: number, place: QueuePlace): void {
    if (index < this.#recipients) this.#keepPlace(index, place);
  }

  #keepPlace(index: number, place: QueuePlace): void {
    const extras = this.#table.makeExtras(this.row);
    extras.places ??= new Map();
    extras.places.set(index, place);
    this.#envelope = withPlace(this.envelope, index, place);
    this.#columns.edition[this.#at]! += 1;
    this.#edition = this.#columns.edition[this.#at]!;
    this.dropEnvelope();
    this.keepEnvelope();
  }

  settle(index: number, settlement: Settlement): void {
    assert(index >= 0 && index < this.#recipients, 'a settlement is about a recipient of the record');
    assert(!this.#isSettled(index), 'a recipient is settled for good only once');
    this.#columns.changes[this.#at]! += 1;
    if (settlement.kind !== 'deferred') this.#columns.openRecipients[this.#at]! -= 1;
    this.#keepSettlement(index, settlement);
  }

  /** Takes in what another copy of the record, or a settlement file, knows. */
  unite(index: number, settlement: Settlement): void {
    if (index >= this.#recipients || this.#isSettled(index)) return;
    const known = this.#settlementOf(index);
    if (settlement.kind === 'deferred' && known?.kind === 'deferred' && known.retries > settlement.retries) return;
    this.#keepSettlement(index, settlement);
    if (settlement.kind !== 'deferred') this.#columns.openRecipients[this.#at]! -= 1;
  }

  get #recipients(): number {
    return this.#columns.recipients[this.#at]!;
  }

  #settlementOf(index: number): Settlement | undefined {
    if (this.#recipients > 1) return this.#table.extrasOf(this.row)?.settlements?.get(index);
    const { settlement, retries, nextAttemptAt } = this.#columns;
    const kind = settlement[this.#at]!;
    if (kind === UNSETTLED) return undefined;
    if (kind !== DEFERRED) return { kind: kind === DELIVERED ? 'delivered' : 'failed' };
    return { kind: 'deferred', retries: retries[this.#at]!, nextAttemptAt: nextAttemptAt[this.#at] as WallMs };
  }

  #keepSettlement(index: number, kept: Settlement): void {
    if (this.#recipients > 1) {
      const extras = this.#table.makeExtras(this.row);
      extras.settlements ??= new Map();
      extras.settlements.set(index, kept);
      return;
    }
    const { settlement, retries, nextAttemptAt } = this.#columns;
    if (kept.kind === 'deferred') {
      settlement[this.#at] = DEFERRED;
      retries[this.#at] = kept.retries;
      nextAttemptAt[this.#at] = kept.nextAttemptAt;
    } else settlement[this.#at] = kept.kind === 'delivered' ? DELIVERED : FAILED;
  }

  #isSettled(index: number): boolean {
    if (this.openRecipients === 0) return true;
    if (this.#recipients === 1) return false;
    const settlement = this.#settlementOf(index);
    return settlement !== undefined && settlement.kind !== 'deferred';
  }
}

const NO_PROGRESS: Progress = new Map();
const NO_PLACES: ReadonlyMap<number, QueuePlace> = new Map();

/** The entry that keeps a settlement of one of the record's recipients. */
export function entryOf(record: StoredRecord, index: number, settlement: Settlement): SettlementEntry {
  const { sequence } = record;
  const { kind } = settlement;
  if (kind !== 'deferred') return { sequence, index, kind, retries: 0, nextAttemptAt: NO_ATTEMPT };
  return { sequence, index, kind, retries: settlement.retries, nextAttemptAt: settlement.nextAttemptAt };
}

/** The entry that keeps where one of the record's recipients is queued. */
export function placeEntryOf({ sequence }: StoredRecord, index: number, place: QueuePlace): SettlementEntry {
  return { sequence, index, kind: 'requeued', retries: 0, nextAttemptAt: NO_ATTEMPT, place };
}

const NO_ATTEMPT = wallMs(0);
