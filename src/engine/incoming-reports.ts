// Mail that reports: bounces and complaints that came in. It is looked at when it is safe in the spool: what it says is
// logged, and then it is delivered like other mail or disposed of, as the configuration has it. A few are read at a time;
// the others wait here. After a death of the process what was not settled is looked at again, so a record may repeat.
import type { Moment } from '../core/base/moment.ts';
import { readComplaint } from '../core/bounce/complaint.ts';
import { readBounce } from '../core/bounce/incoming-bounce.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { STAGE } from '../core/mail/disposition.ts';
import { type MailId, NO_ID } from '../core/mail/ids.ts';
import type { MimeParts } from '../core/mail/mime-parts.ts';
import { type ReportHandling, reportAddresses } from '../core/reception/report-addresses.ts';
import { type AsciiDomain, mailboxInDns } from '../core/smtp/utf8-path.ts';
import type { MailRecords } from './mail-records.ts';
import type { MimeReader, Spool, StoredContent } from './ports.ts';
import type { Turns } from './turn.ts';

/** Who handed a message in. */
export interface ReportSource {
  readonly connectionId: MailId;
  /** Empty where that is not known any more. */
  readonly address: string;
}

const UNKNOWN_SOURCE: ReportSource = { connectionId: NO_ID, address: '' };

export interface IncomingReportParts {
  readonly turns: Turns;
  readonly spool: Spool;
  readonly mime: MimeReader;
  readonly records: MailRecords;
  readonly asciiDomain?: AsciiDomain | undefined;
  configuration(): Configuration;
  /** Goes to its queues like other mail. */
  queue(stored: StoredContent, indices: readonly number[]): void;
}

interface Held {
  readonly stored: StoredContent;
  readonly source: ReportSource;
  /** Those of its recipients that get reports. */
  readonly recipients: readonly { readonly index: number; readonly handling: ReportHandling }[];
}

const AT_ONCE_MAX = 4;
/** As blackhole = internal has it. */
const DISPOSED_REPLY = '554 5.7.0 [internal] Blackholed';

export class IncomingReports {
  readonly #parts: IncomingReportParts;
  #waiting: Held[] = [];
  #running = 0;
  #isStopping = false;

  constructor(parts: IncomingReportParts) {
    this.#parts = parts;
  }

  /** Mail that is looked at now. */
  get running(): number {
    return this.#running;
  }

  /** What waits is for the next process, which finds it in the spool. */
  stop(): void {
    this.#isStopping = true;
  }

  /**
   * Keeps back those recipients of a message that get reports; {@link start} begins to look at it.
   * @returns the others
   */
  hold(stored: StoredContent, indices: readonly number[], source = UNKNOWN_SOURCE): readonly number[] {
    const addresses = reportAddresses(this.#parts.configuration());
    // A bounce of our own is no news.
    if (addresses === null || stored.envelope.protocol === 'internal') return indices;
    const recipients: Held['recipients'][number][] = [];
    const others: number[] = [];
    for (const index of indices) {
      const { mailbox } = stored.envelope.recipients[index]!;
      const handling = addresses.handlingOf(mailboxInDns(mailbox, this.#parts.asciiDomain));
      if (handling === null) others.push(index);
      else recipients.push({ index, handling });
    }
    if (recipients.length > 0) this.#waiting.push({ stored, source, recipients });
    return others;
  }

  /** Within a turn. */
  start(): void {
    while (this.#running < AT_ONCE_MAX && !this.#isStopping) {
      const held = this.#waiting.shift();
      if (held === undefined) return;
      this.#read(held);
    }
  }

  #read(held: Held): void {
    const { spool, mime } = this.#parts;
    this.#running += 1;
    spool.read(held.stored, (content) => {
      // What is damaged is found out about where it would be delivered.
      if (content === null) this.#finish(held, null);
      else mime.read(content, (parts) => this.#finish(held, parts));
    });
  }

  #finish(held: Held, parts: MimeParts | null): void {
    const { turns } = this.#parts;
    const at = turns.begin();
    this.#running -= 1;
    const passed = held.recipients.filter(({ index, handling }) => this.#passes(held, index, handling, parts, at));
    if (passed.length > 0) {
      const indices = passed.map(({ index }) => index);
      // So that a process that comes after this one does not look at it again.
      const settlement = { kind: 'deferred', retries: 0, nextAttemptAt: at.wall } as const;
      for (const index of indices) this.#parts.spool.settle(held.stored, index, settlement);
      this.#parts.queue(held.stored, indices);
    }
    this.start();
    turns.end(at);
  }

  /** Logs what a message says. Whether it goes on to the recipient; if not, it is settled. */
  #passes(held: Held, index: number, handling: ReportHandling, parts: MimeParts | null, at: Moment): boolean {
    if (parts === null) return true;
    const { records } = this.#parts;
    const report = this.#report(held, index, at);
    const complaint = handling.isComplaint ? readComplaint(parts) : null;
    if (complaint !== null) records.complained({ ...report, complaint });
    if (handling.isBounce) {
      const addresses = reportAddresses(this.#parts.configuration());
      for (const bounced of readBounce(parts, (mailbox) => addresses?.isSuppressed(mailbox) === true))
        records.bounced({ ...report, bounced });
    }
    const disposition =
      complaint !== null ? handling.complaintDisposition : handling.isBounce ? handling.bounceBehavior : 'pass'; // mail to somebody who gets complaints that is none
    if (disposition === 'pass') return true;
    records.failed('P', {
      ...report,
      address: null,
      retries: 0,
      bytes: 0,
      stage: STAGE.notConnected,
      reply: DISPOSED_REPLY,
      isReport: true,
    });
    this.#parts.spool.settle(held.stored, index, { kind: 'failed' });
    return false;
  }

  #report({ stored, source }: Held, index: number, at: Moment) {
    const recipient = stored.envelope.recipients[index]!;
    const group = this.#parts.configuration().groupOf(recipient.binding);
    return { at: at.wall, envelope: stored.envelope, recipient, group, ...source };
  }
}
