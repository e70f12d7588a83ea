// Which senders hear when that their mail is late (generate_delay_dsn). Mail is watched from its reception, or from its
// first failure after the option was set, until it ends. The times follow from the reception, so the spool keeps nothing
// about them: after a start only those to come are kept to, and none is repeated.
import { Heap, type HeapMember } from '../core/base/heap.ts';
import { addWall, type Moment, monoOf, type WallMs, wallMs } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import { nextDelayNoticeMs } from '../core/bounce/delay-schedule.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { lastAttemptAt } from '../core/queue/retry-schedule.ts';
import type { NoticeFailure, Notices } from './notices.ts';
import type { StoredContent } from './ports.ts';
import type { Turns } from './turn.ts';

export interface DelayNoticeParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly notices: Notices;
  settingsOf(binding: string, domain: DomainName): DeliverySettings;
}

/** What is known of the last attempt for a recipient. */
export interface LateRecipient {
  readonly failure: NoticeFailure;
  readonly retries: number;
  readonly nextAttemptAt: WallMs;
}

/** The recipients of a transaction for one domain over one binding. */
interface Watch extends HeapMember {
  readonly key: string;
  readonly stored: StoredContent;
  readonly binding: string;
  readonly domain: DomainName;
  /** Those that have not ended; null before a failed attempt of this process. */
  readonly late: Map<number, LateRecipient | null>;
  dueAt: WallMs;
}

/** Notices made in one turn; the rest waits for the next. */
const DUE_PER_TURN = 100;
/** The wall clock may be set: no wait for it is longer. */
const LOOK_MS = 60_000;

export class DelayNotices {
  readonly #parts: DelayNoticeParts;
  /** By the sequence of the stored message. */
  readonly #watches = new Map<number, Map<string, Watch>>();
  readonly #byTime = new Heap<Watch>((a, b) => a.dueAt < b.dueAt);
  readonly #timer: Timer;

  constructor(parts: DelayNoticeParts) {
    this.#parts = parts;
    this.#timer = new Timer(() => this.#tellDue());
  }

  /** Mail waits in a queue, all of it for one domain over one binding. */
  waits(stored: StoredContent, indices: readonly number[], settings: DeliverySettings): void {
    if (!settings.generateDelayNotices || stored.envelope.reversePath === null) return;
    for (const index of indices)
      if (isTold(stored, index)) this.#watchOf(stored, index, settings).late.set(index, null);
  }

  /** An attempt for a recipient failed, and there will be another. */
  deferred(stored: StoredContent, late: LateRecipient, settings: DeliverySettings): void {
    if (!settings.generateDelayNotices || stored.envelope.reversePath === null) return;
    const { index } = late.failure;
    if (!isTold(stored, index)) return;
    this.#watchOf(stored, index, settings).late.set(index, late);
  }

  /** A recipient was delivered to, or failed for good. */
  ended(stored: StoredContent, index: number): void {
    if (this.#byTime.size === 0) return;
    const watch = this.#watches.get(stored.sequence)?.get(keyOf(stored, index));
    if (watch === undefined) return;
    watch.late.delete(index);
    if (watch.late.size === 0) this.#drop(watch);
  }

  /** The configuration changed: other times may hold. */
  configured(): void {
    const watches = [...this.#byTime.values()];
    for (const watch of watches) this.#byTime.remove(watch);
    for (const watch of watches) {
      const settings = this.#parts.settingsOf(watch.binding, watch.domain);
      if (settings.generateDelayNotices) this.#schedule(watch, settings);
      else this.#drop(watch);
    }
  }

  #watchOf(stored: StoredContent, index: number, settings: DeliverySettings): Watch {
    const key = keyOf(stored, index);
    let watches = this.#watches.get(stored.sequence);
    if (watches === undefined) {
      watches = new Map();
      this.#watches.set(stored.sequence, watches);
    }
    let watch = watches.get(key);
    if (watch === undefined) {
      const { binding, routingDomain } = stored.envelope.recipients[index]!;
      watch = { heapIndex: -1, key, stored, binding, domain: routingDomain, late: new Map(), dueAt: wallMs(0) };
      watches.set(key, watch);
      this.#schedule(watch, settings);
    }
    return watch;
  }

  /** Sets the next time that lies ahead. */
  #schedule(watch: Watch, settings: DeliverySettings): void {
    const { receivedAt } = watch.stored.envelope;
    const elapsedMs = Math.max(0, this.#parts.turns.now.wall - receivedAt);
    watch.dueAt = addWall(receivedAt, nextDelayNoticeMs(elapsedMs, settings));
    this.#byTime.push(watch);
    if (this.#byTime.peek() === watch) this.#setTimer(this.#parts.turns.now);
  }

  #drop(watch: Watch): void {
    this.#byTime.remove(watch);
    const watches = this.#watches.get(watch.stored.sequence);
    watches?.delete(watch.key);
    if (watches?.size === 0) this.#watches.delete(watch.stored.sequence);
  }

  #tellDue(): void {
    const { turns, settingsOf } = this.#parts;
    const at = turns.now;
    for (let told = 0; told < DUE_PER_TURN; told++) {
      const watch = this.#byTime.peek();
      if (watch === undefined || watch.dueAt > at.wall) break;
      this.#byTime.remove(watch);
      const settings = settingsOf(watch.binding, watch.domain);
      if (settings.generateDelayNotices) {
        this.#tell(watch, settings);
        this.#schedule(watch, settings);
      } else this.#drop(watch);
    }
    this.#setTimer(at);
  }

  #tell({ stored, late }: Watch, settings: DeliverySettings): void {
    const { receivedAt } = stored.envelope;
    const recipients = [...late].map(([index, known]) => known?.failure ?? { ...UNKNOWN, index });
    const ends = [...late.values()].map((known) =>
      known === null
        ? addWall(receivedAt, settings.messageExpirationMs)
        : lastAttemptAt(known.retries, known.nextAttemptAt, receivedAt, settings),
    );
    const until = wallMs(ends.reduce((latest, end) => Math.max(latest, end), 0));
    this.#parts.notices.tellOfDelay(stored, recipients, settings, { until, isLate: () => late.size > 0 });
  }

  #setTimer(at: Moment): void {
    const next = this.#byTime.peek();
    if (next === undefined || next.dueAt === Number.POSITIVE_INFINITY) return;
    this.#parts.timers.set(this.#timer, monoOf(wallMs(Math.min(Math.max(next.dueAt, at.wall), at.wall + LOOK_MS)), at));
  }
}

const UNKNOWN = { reply: null, remote: null, attemptedAt: null } as const;

/** Whoever said when to be told and did not name delays hears of none (RFC 3461 section 5.2.5). */
function isTold({ envelope }: StoredContent, index: number): boolean {
  return envelope.recipients[index]!.request?.notify?.delay !== false;
}

function keyOf({ envelope }: StoredContent, index: number): string {
  const { binding, routingDomain } = envelope.recipients[index]!;
  return `${binding} ${routingDomain}`;
}
