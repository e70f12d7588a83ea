// Notices to senders: of mail that failed for good, of mail that is late (delay-notices.ts says when), and of mail that was
// taken where that was asked for. The order is a promise: the notice is durable before the recipient is settled, so a crash
// may repeat an attempt but never swallows a bounce. A few are made at a time; the others wait here, and hold no more than the mail they are about.
import { addMono, type Moment, type WallMs } from '../core/base/moment.ts';
import type { Random } from '../core/base/random.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import { composeNotice, type NoticeContent } from '../core/bounce/notice.ts';
import { DEFAULT_BINDING } from '../core/config/configuration.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import type { SuccessAction } from '../core/mail/disposition.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { type IdMaker, messageIdHeader, NO_ID } from '../core/mail/ids.ts';
import { domainOf, type Mailbox } from '../core/mail/mailbox.ts';
import type { Content, Envelope } from '../core/mail/message.ts';
import { mailDate } from '../core/reception/trace-fields.ts';
import { internalEnvelope, newBoundary } from './internal-mail.ts';
import type { MailRecords } from './mail-records.ts';
import type { Spool, StoredContent } from './ports.ts';
import type { Turns } from './turn.ts';

/** One recipient whom a notice is about. */
export interface NoticeFailure {
  /** Its place in the envelope. */
  readonly index: number;
  /** Null when nothing is known of an attempt: of late mail only. */
  readonly reply: string | null;
  /** What the host said last, when the reply is our own conclusion from it. */
  readonly lastReply?: string;
  readonly remote: { readonly host: string; readonly address: string } | null;
  readonly attemptedAt: WallMs | null;
}

/** Mail that is late. */
export interface Delay {
  /** When it will be given up. */
  readonly until: WallMs;
  /** Whether any of it is still late when the notice is about to be made. */
  isLate(): boolean;
}

export interface NoticeParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly spool: Spool;
  readonly records: MailRecords;
  readonly ids: IdMaker;
  readonly random: Random;
  hostname(): string;
  utcOffsetMinutes(at: WallMs): number;
  groupOf(binding: string): string;
  routingDomainOf(binding: string, domain: DomainName): DomainName;
  /** soft_bounce_drain_rate: notices begun in one turn. */
  startsPerTurn(): number;
  /** A notice is durable: it goes to its queue. */
  accepted(stored: StoredContent, at: Moment): void;
  /** The spool takes no notice at present. */
  troubled(text: string, at: Moment): void;
}

interface Pending {
  readonly stored: StoredContent;
  readonly failures: readonly NoticeFailure[];
  readonly settings: DeliverySettings;
  readonly to: Mailbox;
  /** Null: they failed for good, or were taken. */
  readonly delay: Delay | null;
  /** Null: they failed, or are late. */
  readonly successAction: SuccessAction | null;
}

const AT_ONCE_MAX = 64;
/** How long after a refusal of the spool the next try is made. */
const RETRY_MS = 5000;
/** The next turn, as soon as may be. */
const NEXT_TURN_MS = 1;
/** So many places of `#waiting` that were taken are cut off. */
const CUT_AT = 1024;
const FAILED = { kind: 'failed' } as const;
const DELIVERED = { kind: 'delivered' } as const;

export class Notices {
  readonly #parts: NoticeParts;
  #waiting: Pending[] = [];
  /** First of `#waiting` that was not taken. */
  #next = 0;
  #running = 0;
  /** The turn in which notices were begun last, and how many. */
  #turn: Moment | null = null;
  #begunInTurn = 0;
  readonly #retryTimer: Timer;
  readonly #turnTimer: Timer;

  constructor(parts: NoticeParts) {
    this.#parts = parts;
    this.#retryTimer = new Timer(() => this.#startWaiting());
    this.#turnTimer = new Timer(() => this.#startWaiting());
  }

  /** Notices that are not durable yet. */
  get pending(): number {
    return this.#running + this.#waiting.length - this.#next;
  }

  /**
   * Tells the sender and then settles the failures; settles them at once where nobody is to be told.
   * @param settings null: the operator wants no notice
   */
  tell(stored: StoredContent, failures: readonly NoticeFailure[], settings: DeliverySettings | null): void {
    const { envelope } = stored;
    const told = settings === null ? [] : failures.filter(({ index }) => isToldOfFailure(envelope, index, settings));
    const to = told.length === 0 ? null : recipientOf(envelope, told, settings!, this.#parts.hostname());
    for (const failure of failures)
      if (to === null || !told.includes(failure)) this.#parts.spool.settle(stored, failure.index, FAILED);
    if (to === null) return;
    this.#waiting.push({ stored, failures: told, settings: settings!, to, delay: null, successAction: null });
    this.#startWaiting();
  }

  /** Tells the sender, who asked for it, that a receiver took the message, and then settles that. */
  tellOfSuccess(
    stored: StoredContent,
    taken: readonly NoticeFailure[],
    settings: DeliverySettings,
    successAction: SuccessAction,
  ): void {
    const to = stored.envelope.reversePath!;
    this.#waiting.push({ stored, failures: taken, settings, to, delay: null, successAction });
    this.#startWaiting();
  }

  /** Tells the sender that the message is late. Whoever calls knows that there is one. */
  tellOfDelay(stored: StoredContent, late: readonly NoticeFailure[], settings: DeliverySettings, delay: Delay): void {
    this.#waiting.push({
      stored,
      failures: late,
      settings,
      to: stored.envelope.reversePath!,
      delay,
      successAction: null,
    });
    this.#startWaiting();
  }

  #startWaiting(): void {
    const { turns, timers } = this.#parts;
    if (this.#turn !== turns.now) [this.#turn, this.#begunInTurn] = [turns.now, 0];
    const most = this.#parts.startsPerTurn();
    while (this.#running < AT_ONCE_MAX && this.#next < this.#waiting.length && !this.#retryTimer.isArmed) {
      if (this.#begunInTurn >= most) {
        timers.set(this.#turnTimer, addMono(turns.now.mono, NEXT_TURN_MS));
        break;
      }
      const pending = this.#waiting[this.#next++]!;
      if (pending.delay?.isLate() === false) continue;
      this.#begunInTurn += 1;
      this.#start(pending);
    }
    if (this.#next === this.#waiting.length || this.#next >= CUT_AT) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }

  #start(pending: Pending): void {
    this.#running += 1;
    if (quoteOf(pending) === 'none') {
      this.#store(pending, null);
      return;
    }
    const { turns, spool } = this.#parts;
    spool.read(pending.stored, (content) => {
      const at = turns.begin();
      if (pending.delay?.isLate() === false) {
        this.#running -= 1;
        this.#startWaiting();
      } else this.#store(pending, content);
      turns.end(at);
    });
  }

  #store(pending: Pending, original: Content | null): void {
    const { turns, timers, spool } = this.#parts;
    const { envelope, content } = this.#compose(pending, original, turns.now);
    spool.append(envelope, content, (result) => {
      const at = turns.begin();
      this.#running -= 1;
      if (result.kind === 'refused') {
        this.#parts.troubled(`no notice to a sender could be stored: ${result.reason}; tried again`, at);
        this.#waiting.push(pending);
        timers.set(this.#retryTimer, addMono(at.mono, RETRY_MS));
      } else {
        this.#stored(pending, result.stored, at);
      }
      this.#startWaiting();
      turns.end(at);
    });
  }

  #stored(pending: Pending, notice: StoredContent, at: Moment): void {
    const { records, spool } = this.#parts;
    const { envelope } = notice;
    const recipient = envelope.recipients[0]!;
    const group = this.#parts.groupOf(recipient.binding);
    records.received({ at: at.wall, envelope, recipient, connectionId: NO_ID, group, remoteAddress: '' });
    const settlement = pending.successAction === null ? FAILED : DELIVERED;
    if (pending.delay === null)
      for (const { index } of pending.failures) spool.settle(pending.stored, index, settlement);
    this.#parts.accepted(notice, at);
  }

  #compose(pending: Pending, original: Content | null, at: Moment): { envelope: Envelope; content: Content } {
    const { ids, routingDomainOf } = this.#parts;
    const { to } = pending;
    const seconds = Math.floor(at.wall / 1000);
    const [batchId, messageId] = [ids.next(seconds), ids.next(seconds)];
    const hostname = this.#parts.hostname();
    const notice = this.#content(pending, original, messageIdHeader(messageId, hostname), at);
    const domain = domainOf(to) || hostname;
    const recipient = {
      messageId,
      mailbox: to,
      routingDomain: routingDomainOf(DEFAULT_BINDING, domain),
      binding: DEFAULT_BINDING,
    };
    const { eightBit, size } = notice;
    const envelope = internalEnvelope(batchId, recipient, { receivedAt: at.wall, eightBit, size });
    const body = notice.body.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece));
    return { envelope, content: { headerSection: notice.headerSection, body } };
  }

  #content(pending: Pending, original: Content | null, messageId: string, at: Moment): NoticeContent {
    const { random, utcOffsetMinutes } = this.#parts;
    const { stored, failures, settings, to, delay, successAction } = pending;
    const date = (wall: WallMs): string => mailDate(wall, utcOffsetMinutes(wall));
    return composeNotice({
      reportingMta: this.#parts.hostname(),
      mailerdaemon: settings.mailerDaemon,
      to,
      messageId,
      date: date(at.wall),
      arrivalDate: date(stored.envelope.receivedAt),
      envelopeId: stored.envelope.request?.envelopeId ?? null,
      boundary: newBoundary(random),
      action:
        delay === null ? { kind: successAction ?? 'failed' } : { kind: 'delayed', willRetryUntil: date(delay.until) },
      recipients: failures.map(({ index, reply, lastReply, remote, attemptedAt }) => ({
        mailbox: stored.envelope.recipients[index]!.mailbox,
        originalRecipient: stored.envelope.recipients[index]!.request?.originalRecipient ?? null,
        reply: lastReply === undefined || lastReply === reply ? reply : `${reply} (last reply: ${lastReply})`,
        remote,
        lastAttemptDate: attemptedAt === null ? null : date(attemptedAt),
      })),
      original:
        original === null
          ? { kind: 'none' }
          : quoteOf(pending) === 'all'
            ? { kind: 'all', ...original, isUtf8: stored.envelope.utf8 === 'header' }
            : { kind: 'headers', headerSection: original.headerSection },
    });
  }
}

/** Whether the sender hears that a recipient failed: as he asked (NOTIFY), else as the configuration has it. */
function isToldOfFailure({ reversePath, recipients }: Envelope, index: number, settings: DeliverySettings): boolean {
  const notify = reversePath === null ? null : (recipients[index]!.request?.notify ?? null);
  return notify === null ? settings.generateBounces : notify.failure;
}

/** How much of the message goes back: as the sender asked (RET), else as the configuration has it. */
function quoteOf({ stored, settings, delay, successAction }: Pending): DeliverySettings['bouncesInlineOriginal'] {
  const returns = stored.envelope.request?.returns ?? null;
  const quote = returns === null ? settings.bouncesInlineOriginal : returns === 'full' ? 'all' : 'headers';
  // RFC 3461 section 4.3: RET=FULL is about failures; of mail that is late or was taken, no more than the headers.
  return quote === 'all' && (delay !== null || successAction !== null) ? 'headers' : quote;
}

/**
 * Who hears of failures. RFC 5321 section 6.1: never the sender of a notice; mdn_failures_notify may name somebody else,
 * who is not told that what he was told did not reach him, so that this ends.
 */
function recipientOf(
  { reversePath, recipients }: Envelope,
  failures: readonly NoticeFailure[],
  { mdnFailuresNotify }: DeliverySettings,
  hostname: string,
): Mailbox | null {
  if (reversePath !== null || mdnFailuresNotify === null) return reversePath;
  const mailbox = mdnFailuresNotify.includes('@') ? mdnFailuresNotify : `${mdnFailuresNotify}@${hostname}`;
  const name = mailbox.toLowerCase();
  return failures.some(({ index }) => recipients[index]!.mailbox.toLowerCase() === name) ? null : mailbox;
}
