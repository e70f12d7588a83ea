// The Spool port in memory, with the promise of the real one and no more: `durable` is answered when a record would
// survive, settlements become durable some time later. `crash` forgets what was not durable and gives back what a scan
// would find. Settlements that contradict each other are violations.
import type { Random } from '../core/base/random.ts';
import { type Content, type Envelope, type QueuePlace, type Settlement, withPlace } from '../core/mail/message.ts';
import type { AppendResult, NumberedSpool, RecoveredRecord, StoredContent } from '../engine/ports.ts';
import type { Fuse } from './fuse.ts';
import { between, happens, type World } from './world.ts';

export interface DiskConditions {
  readonly commitMs: readonly [low: number, high: number];
  /** Longest time until a settlement would survive. */
  readonly settleMs: number;
  /** Chance that an append is refused. */
  readonly refusal: number;
  /** Chance that the content of a record cannot be read after it was released from memory. */
  readonly damage: number;
}

export interface DiskObserver {
  /** A record would now survive a crash. */
  stored(envelope: Envelope, content: Content): void;
  settled(envelope: Envelope, index: number, settlement: Settlement): void;
  /** An open recipient is queued elsewhere. */
  requeued(envelope: Envelope, index: number, place: QueuePlace): void;
  /** The content of a record was lost; its mail cannot be delivered. */
  damaged(envelope: Envelope): void;
}

type RecipientState =
  | { readonly kind: 'open'; readonly retries: number; readonly nextAttemptAt: number | null }
  | { readonly kind: 'final' };

const FRESH: RecipientState = { kind: 'open', retries: 0, nextAttemptAt: null };
const FINAL: RecipientState = { kind: 'final' };

interface Record {
  readonly stored: { envelope: Envelope; readonly sequence: number };
  readonly content: Content;
  durableEnvelope: Envelope;
  readonly now: RecipientState[];
  readonly durable: RecipientState[];
  isDurable: boolean;
  isReleased: boolean;
  isDamaged: boolean;
}

/** What became of a recipient, or where it is queued. */
interface PendingSettlement {
  readonly record: Record;
  readonly index: number;
  readonly state: RecipientState | null;
  readonly place: QueuePlace | null;
}

export class Disk implements NumberedSpool {
  readonly #world: World;
  readonly #random: Random;
  readonly #conditions: DiskConditions;
  readonly #observer: DiskObserver;
  readonly #fuse: Fuse;
  readonly #records = new Map<number, Record>();
  #pending: PendingSettlement[] = [];
  #isWriting = false;
  #lastSequence = 0;
  #lastCommitAt = 0;
  #life = 0;

  constructor(world: World, conditions: DiskConditions, observer: DiskObserver, fuse: Fuse) {
    this.#world = world;
    this.#random = world.random.stream('disk');
    this.#conditions = conditions;
    this.#observer = observer;
    this.#fuse = fuse;
  }

  /** Records with an open recipient. */
  get size(): number {
    return this.#records.size;
  }

  append(envelope: Envelope, content: Content, done: (result: AppendResult) => void): void {
    this.#fuse.burn();
    const life = this.#life;
    const commitMs = between(this.#random, ...this.#conditions.commitMs);
    if (happens(this.#random, this.#conditions.refusal)) {
      this.#world.after(commitMs, () => {
        if (life === this.#life) done({ kind: 'refused', reason: 'no space left on device' });
      });
      return;
    }
    const record: Record = {
      stored: { envelope, sequence: ++this.#lastSequence },
      content,
      durableEnvelope: envelope,
      now: envelope.recipients.map(() => FRESH),
      durable: envelope.recipients.map(() => FRESH),
      isDurable: false,
      isReleased: false,
      isDamaged: false,
    };
    this.#records.set(record.stored.sequence, record);
    // Commits are in order: a group that covers a record covers all before it.
    this.#lastCommitAt = Math.max(this.#lastCommitAt + 1e-6, this.#world.elapsedMs + commitMs);
    this.#world.after(this.#lastCommitAt - this.#world.elapsedMs, () => {
      if (life !== this.#life) return;
      this.#becomeDurable(record);
      this.#world.after(between(this.#random, 0, 1), () => {
        if (life === this.#life) done({ kind: 'durable', stored: record.stored });
      });
    });
  }

  settle(stored: StoredContent, index: number, settlement: Settlement): void {
    this.#fuse.burn();
    const record = this.#records.get(stored.sequence);
    const state = record?.now[index];
    const name = `recipient ${index} of record ${stored.sequence}`;
    if (record === undefined || state === undefined) {
      this.#world.violation(`${name} is settled as ${settlement.kind}, but is not in the spool`);
      return;
    }
    if (state.kind === 'final')
      this.#world.violation(`${name} is settled as ${settlement.kind} after it was settled for good`);
    if (!record.isDurable) this.#world.violation(`${name} is settled before the record is durable`);
    this.#world.note(() => `spool ${name}: ${settlement.kind}`);
    this.#observer.settled(stored.envelope, index, settlement);
    const next: RecipientState =
      settlement.kind === 'deferred'
        ? { kind: 'open', retries: settlement.retries, nextAttemptAt: settlement.nextAttemptAt }
        : FINAL;
    record.now[index] = next;
    this.#pending.push({ record, index, state: next, place: null });
    this.#writeSettlements();
  }

  requeue(stored: StoredContent, index: number, place: QueuePlace): void {
    this.#fuse.burn();
    const record = this.#records.get(stored.sequence);
    if (record === undefined || record.now[index]?.kind !== 'open') {
      this.#world.violation(`recipient ${index} of record ${stored.sequence} is queued elsewhere, but not open`);
      return;
    }
    this.#world.note(
      () => `spool recipient ${index} of record ${stored.sequence}: to ${place.binding} ${place.routingDomain}`,
    );
    this.#observer.requeued(stored.envelope, index, place);
    record.stored.envelope = withPlace(record.stored.envelope, index, place);
    this.#pending.push({ record, index, state: null, place });
    this.#writeSettlements();
  }

  numberOf(stored: StoredContent): number {
    return stored.sequence;
  }

  at(number: number): StoredContent {
    return this.#records.get(number)!.stored;
  }

  whenSettled(done: (isDurable: boolean) => void): void {
    this.#fuse.burn();
    const life = this.#life;
    const count = this.#pending.length;
    this.#world.after(between(this.#random, 0, this.#conditions.settleMs), () => {
      if (life !== this.#life) return;
      this.#apply(Math.min(count, this.#pending.length));
      done(true);
    });
  }

  read(stored: StoredContent, done: (content: Content | null) => void): void {
    this.#fuse.burn();
    const life = this.#life;
    const record = this.#readable(stored);
    this.#world.after(between(this.#random, 0, 5), () => {
      if (life !== this.#life) return;
      // Settled meanwhile, its place may be another's: notices of delay are about mail that may be delivered any moment.
      const isThere = record !== null && !record.isDamaged && this.#records.has(stored.sequence);
      done(isThere ? record.content : null);
    });
  }

  release(stored: StoredContent): void {
    this.#fuse.burn();
    const record = this.#records.get(stored.sequence);
    if (record === undefined || record.isReleased) return;
    record.isReleased = true;
    if (!happens(this.#random, this.#conditions.damage)) return;
    record.isDamaged = true;
    this.#world.note(() => `spool record ${stored.sequence} is damaged`);
    this.#observer.damaged(stored.envelope);
  }

  /** What travels over a connection, and how long it takes to read it back. */
  wireForm(stored: StoredContent): { readonly text: string; readonly readMs: number } | null {
    const record = this.#readable(stored);
    if (record === null) return null;
    const body = record.content.body.map((chunk) => Buffer.from(chunk).toString('latin1')).join('');
    const readMs = record.isReleased ? between(this.#random, 0, 5) : 0;
    return { text: `${record.content.headerSection}\r\n${body}`, readMs };
  }

  /** An orderly stop: everything asked for is written. */
  sync(): void {
    this.#apply(this.#pending.length);
  }

  /** The process died. A record or settlement that was under way may or may not have made it. */
  crash(): void {
    this.#life++;
    this.#isWriting = false;
    for (const record of this.#records.values()) {
      if (record.isDurable) continue;
      if (this.#random.below(2) === 0) this.#becomeDurable(record);
      else this.#records.delete(record.stored.sequence);
    }
    this.#apply(this.#random.below(this.#pending.length + 1));
    this.#pending = [];
    for (const record of this.#records.values()) {
      record.now.splice(0, record.now.length, ...record.durable);
      record.stored.envelope = record.durableEnvelope;
      record.isReleased = true;
    }
  }

  /** What a scan finds at start. */
  scan(): readonly RecoveredRecord[] {
    return [...this.#records.values()].map((record) => ({
      stored: record.stored,
      open: record.durable.flatMap((state, index) =>
        state.kind === 'open' ? [{ index, retries: state.retries, nextAttemptAt: state.nextAttemptAt }] : [],
      ),
    }));
  }

  #becomeDurable(record: Record): void {
    record.isDurable = true;
    this.#observer.stored(record.stored.envelope, record.content);
  }

  #readable(stored: StoredContent): Record | null {
    const record = this.#records.get(stored.sequence);
    if (record === undefined || record.now.every((state) => state.kind === 'final')) {
      this.#world.violation(`record ${stored.sequence} is read after its last recipient was settled for good`);
      return null;
    }
    return record.isDamaged ? null : record;
  }

  #writeSettlements(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const life = this.#life;
    this.#world.after(between(this.#random, 0, this.#conditions.settleMs), () => {
      if (life !== this.#life) return;
      this.#isWriting = false;
      this.#apply(this.#pending.length);
    });
  }

  #apply(count: number): void {
    for (const { record, index, state, place } of this.#pending.splice(0, count)) {
      if (state !== null) record.durable[index] = state;
      if (place !== null) record.durableEnvelope = withPlace(record.durableEnvelope, index, place);
      if (record.durable.every(({ kind }) => kind === 'final')) this.#records.delete(record.stored.sequence);
    }
  }
}
