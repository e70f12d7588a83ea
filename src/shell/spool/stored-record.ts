// A record of the spool as the process knows it: where it lies, which recipients are open, and where in memory its
// content is, if it is. This is the object that the engine holds as StoredContent. Mail that waits without its content in
// memory has its envelope as text (the one on disk), which is a quarter of what the objects take: there may be millions.
import { assert } from '../../core/base/assert.ts';
import { wallMs } from '../../core/base/moment.ts';
import { type Envelope, type QueuePlace, type Settlement, withPlace } from '../../core/mail/message.ts';
import type { AppendResult, StoredContent } from '../../engine/ports.ts';
import type { Slab } from './body-memory.ts';
import { decodeEnvelope, encodeEnvelope, type Progress, RECORD_HEADER_BYTES } from './record-format.ts';
import type { Segment } from './segment.ts';
import type { SettlementEntry } from './settlement-entry.ts';

/** Told once what became of an append. */
export type Appended = (result: AppendResult) => void;

/** The envelope read last of those that are text: whoever reads one reads it several times in a row. */
let lastRead: { readonly text: string; readonly envelope: Envelope } | null = null;

export class StoredRecord implements StoredContent {
  #envelope: Envelope | string;
  /** 0 until the record is given its place. */
  sequence = 0;
  segment: Segment | null = null;
  offset = 0;
  copyNumber = 0;
  envelopeBytes = 0;
  headerSectionBytes = 0;
  bodyBytes = 0;
  /** Content in memory; null when it was released or dropped. */
  slab: Slab | null = null;
  /** Where the header section starts in the slab. */
  contentAt = 0;
  /** Being copied by compaction: settlements have to be remembered for the copy. */
  isMoving = false;
  /** Its content was found damaged; it is not copied any more. */
  isDamaged = false;
  openRecipients: number;
  /** Settlements so far, and moves to other queues. */
  changes = 0;
  readonly #recipients: number;
  /** The settlement itself where there is one recipient: a million maps would be most of what they hold. */
  #progress: Map<number, Settlement> | Settlement | null = null;
  #places: Map<number, QueuePlace> | null = null;

  constructor(envelope: Envelope) {
    this.#envelope = envelope;
    this.#recipients = envelope.recipients.length;
    this.openRecipients = this.#recipients;
  }

  /** As it is now; its spool changes it when a recipient is queued elsewhere. */
  get envelope(): Envelope {
    const envelope = this.#envelope;
    if (typeof envelope !== 'string') return envelope;
    if (lastRead?.text === envelope) return lastRead.envelope;
    const decoded = decodeEnvelope(envelope);
    assert(decoded !== null, 'an envelope that was encoded can be decoded');
    lastRead = { text: envelope, envelope: decoded.envelope };
    return decoded.envelope;
  }

  /**
   * The mail waits, and its content is not in memory.
   * @param text of the envelope, where it is known
   */
  pack(text: string | null = null): void {
    if (typeof this.#envelope !== 'string') this.#envelope = text ?? encodeEnvelope(this.#envelope, null);
  }

  /** Octets on disk, with the header. */
  get bytes(): number {
    return RECORD_HEADER_BYTES + this.envelopeBytes + this.headerSectionBytes + this.bodyBytes;
  }

  /** Octets of header section and body. */
  get contentBytes(): number {
    return this.headerSectionBytes + this.bodyBytes;
  }

  get isFinal(): boolean {
    return this.openRecipients === 0;
  }

  /** The last settlement of each recipient that has one. */
  get progress(): Progress {
    const progress = this.#progress;
    if (progress === null) return NO_PROGRESS;
    return progress instanceof Map ? progress : new Map([[0, progress]]);
  }

  /** Where recipients were queued that were queued elsewhere since this copy of the record was written. */
  get places(): ReadonlyMap<number, QueuePlace> {
    return this.#places ?? NO_PLACES;
  }

  requeue(index: number, place: QueuePlace): void {
    assert(!this.#isFinal(index), 'only an open recipient is queued elsewhere');
    this.changes += 1;
    this.#keepPlace(index, place);
  }

  /** Takes in where a settlement file says that a recipient is queued; what is known of an earlier copy comes last. */
  unitePlace(index: number, place: QueuePlace): void {
    if (index < this.#recipients) this.#keepPlace(index, place);
  }

  #keepPlace(index: number, place: QueuePlace): void {
    this.#places ??= new Map();
    this.#places.set(index, place);
    const isPacked = typeof this.#envelope === 'string';
    this.#envelope = withPlace(this.envelope, index, place);
    if (isPacked) this.pack();
  }

  settle(index: number, settlement: Settlement): void {
    assert(index >= 0 && index < this.#recipients, 'a settlement is about a recipient of the record');
    assert(!this.#isFinal(index), 'a recipient is settled for good only once');
    const isFinal = settlement.kind !== 'deferred';
    this.changes += 1;
    if (isFinal) this.openRecipients -= 1;
    // The usual record has one recipient and is delivered at once: nothing needs to be remembered then.
    if (isFinal && this.#recipients === 1 && !this.isMoving && this.#progress === null) return;
    this.#keepSettlement(index, settlement);
  }

  /** Takes in what another copy of the record, or a settlement file, knows. */
  unite(index: number, settlement: Settlement): void {
    if (index >= this.#recipients || this.#isFinal(index)) return;
    const known = this.#settlementOf(index);
    if (settlement.kind === 'deferred' && known?.kind === 'deferred' && known.retries > settlement.retries) return;
    this.#keepSettlement(index, settlement);
    if (settlement.kind !== 'deferred') this.openRecipients -= 1;
  }

  #settlementOf(index: number): Settlement | undefined {
    const progress = this.#progress;
    if (progress instanceof Map) return progress.get(index);
    return index === 0 && progress !== null ? progress : undefined;
  }

  #keepSettlement(index: number, settlement: Settlement): void {
    if (this.#recipients === 1) {
      this.#progress = settlement;
      return;
    }
    if (!(this.#progress instanceof Map)) this.#progress = new Map();
    this.#progress.set(index, settlement);
  }

  #isFinal(index: number): boolean {
    if (this.openRecipients === 0) return true;
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
