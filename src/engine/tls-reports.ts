// Reports on TLS (RFC 8460): counts the sessions of a day, in UTC, keeps the counts over restarts, and when a day has ended
// tells each domain that wants to know, by mail of our own or over HTTPS (tls-report-posts.ts). Domains take turns over some
// hours; one is asked for where it wants its report, written to and stored at a time.
import { addMono, type Moment, monoOf, type WallMs, wallMs } from '../core/base/moment.ts';
import type { Random } from '../core/base/random.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import { type Configuration, REPORT_BINDING } from '../core/config/configuration.ts';
import {
  tlsReporting,
  tlsReportingContact,
  tlsReportingOrganization,
  tlsReportingSender,
} from '../core/config/options/tls-report-options.ts';
import type { ReportPosts, SentReports } from '../core/console/tls-report-view.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { type IdMaker, messageIdHeader, NO_ID } from '../core/mail/ids.ts';
import { domainOf, type Mailbox } from '../core/mail/mailbox.ts';
import { mailDate } from '../core/reception/trace-fields.ts';
import { type CountedPolicy, type DomainCounts, TlsCounts, type TlsFailure } from '../core/records/tls-counts.ts';
import {
  formatCounts,
  parseCounts,
  type Reporter,
  reportFilename,
  reportId,
  reportJson,
  type TlsReport,
} from '../core/records/tls-report.ts';
import { type ReportDestinations, reportDestinations } from '../core/records/tls-report-destination.ts';
import { composeTlsReport } from '../core/records/tls-report-mail.ts';
import type { Fault } from '../core/records/tls-verdict.ts';
import { internalEnvelope, newBoundary } from './internal-mail.ts';
import type { MailRecords } from './mail-records.ts';
import type { Resolver, Spool, StoredContent, TlsReportPoster, TlsReportStore } from './ports.ts';
import { TlsReportPosts } from './tls-report-posts.ts';
import type { Turns } from './turn.ts';

export interface TlsReportParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly spool: Spool;
  readonly records: MailRecords;
  readonly ids: IdMaker;
  readonly random: Random;
  readonly resolver: Resolver;
  readonly store: TlsReportStore;
  readonly poster: TlsReportPoster;
  configuration(): Configuration;
  hostname(): string;
  routingDomainOf(binding: string, domain: DomainName): DomainName;
  /** A report is durable: it goes to its queue. */
  accepted(stored: StoredContent, at: Moment): void;
  told(level: 'notice' | 'warning', text: string): void;
}

interface Waiting extends TlsReport {
  tries: number;
}

const DAY_MS = 86_400_000;
/** RFC 8460 section 4.1 asks for a delay, lest all of the world's reports arrive at midnight. */
export const SPREAD_MS = 4 * 3_600_000;
/** How often counts are written: what a process that is killed loses. */
export const KEEP_MS = 3_600_000;
/** Reports that wait; those of days that nobody could send are dropped before others. */
const WAITING_MAX = 30_000;
const TRIES_MAX = 5;
/** Before one that could not be sent is tried again. */
const PAUSE_MS = 60_000;
export const NOTHING_SENT = { sent: 0, unwanted: 0, posted: 0, unsent: 0 };

export class TlsReports {
  readonly #parts: TlsReportParts;
  readonly #posts: TlsReportPosts;
  readonly #dayTimer = new Timer(() => this.#dayTimerFired());
  readonly #keepTimer = new Timer(() => this.#keepTimerFired());
  readonly #sendTimer = new Timer(() => this.#sendNext());
  #counts: TlsCounts;
  #waiting: Waiting[] = [];
  /** Between two reports. */
  #gapMs = 0;
  #isSending = false;
  #isKeeping = false;
  #hasNews = false;
  #isStopping = false;
  /** Told when the running call of the store is over. */
  #kept: (() => void)[] = [];
  /** Operators who wait until all are sent, and what has become of them. */
  #asking: ((sent: SentReports) => void)[] = [];
  #givenUp = 0;
  #outcomes: Record<keyof SentReports, number> = { ...NOTHING_SENT };
  #wasEnabled: boolean;

  constructor(parts: TlsReportParts) {
    this.#parts = parts;
    this.#wasEnabled = this.isEnabled;
    this.#posts = new TlsReportPosts({
      ...parts,
      isEnabled: () => this.isEnabled,
      json: (report) => reportJson(report, this.#reporter()),
      changed: () => {
        this.#hasNews = true;
      },
    });
    const { wall } = parts.turns.clock();
    const own: DomainCounts[] = [];
    let from = wall;
    let damaged = 0;
    for (const line of parts.store.saved) {
      const saved = parseCounts(line);
      if (saved === null) damaged += 1;
      else if (saved.post !== null)
        this.#posts.restore({ ...saved, until: saved.until! }, saved.post.uri, saved.post.since);
      else if (saved.until !== null) this.#waiting.push({ ...saved, until: saved.until, tries: 0 });
      else if (dayOf(saved.from) === dayOf(wall)) {
        from = saved.from;
        own.push(saved.counts);
      } else this.#waiting.push({ ...saved, until: lastSecondOfDay(saved.from), tries: 0 });
    }
    if (damaged > 0) parts.told('warning', `tls_reporting: ${damaged} lines of counts could not be read; left out`);
    this.#counts = new TlsCounts(own.length > 0 ? from : wall, own);
  }

  /** Sessions are counted. */
  get isEnabled(): boolean {
    return this.#parts.configuration().value(tlsReporting);
  }

  get since(): WallMs {
    return this.#counts.from;
  }

  get overflow(): number {
    return this.#counts.overflow;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get posts(): ReportPosts {
    return this.#posts.figures;
  }

  /** A report is on its way into the spool. */
  get isBusy(): boolean {
    return this.#isSending;
  }

  domains(): Iterable<DomainCounts> {
    return this.#counts.domains();
  }

  count(domain: DomainName, policy: CountedPolicy, failure: TlsFailure | null): void {
    if (!this.isEnabled) return;
    this.#counts.count(domain, policy, failure);
    this.#hasNews = true;
  }

  /** A policy failed before there was a session. */
  countPolicy(domain: DomainName, policy: CountedPolicy, fault: Fault): void {
    this.count(domain, policy, { ...fault, host: null, address: null, sender: null });
  }

  // ---- days

  start(at: Moment): void {
    this.#armDay(at);
    this.#parts.timers.set(this.#keepTimer, addMono(at.mono, KEEP_MS));
    if (this.#waiting.length > 0) this.#spread(at);
    this.#posts.start();
  }

  /** Another configuration is in force. What nobody counted was not counted: counting begins when it is switched on. */
  configured(at: Moment): void {
    const isNew = this.isEnabled && !this.#wasEnabled;
    this.#wasEnabled = this.isEnabled;
    if (isNew && this.#counts.size === 0) this.#counts = new TlsCounts(at.wall);
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#isStopping = true;
    this.#posts.stop();
  }

  /** What was counted is kept, once the rest is at rest. @param kept called once, when it is */
  finish(kept: () => void): void {
    if (this.#isKeeping) this.#kept.push(() => this.#keep(kept));
    else this.#keep(kept);
  }

  #armDay(at: Moment): void {
    // The wall clock may be set: it is looked at once an hour.
    const next = wallMs(Math.min(endOfDay(at.wall), at.wall + 3_600_000));
    this.#parts.timers.set(this.#dayTimer, addMono(monoOf(next, at), 1));
  }

  #dayTimerFired(): void {
    const at = this.#parts.turns.now;
    this.#armDay(at);
    if (this.#isStopping || dayOf(this.#counts.from) === dayOf(at.wall)) return;
    this.#close(at, lastSecondOfDay(this.#counts.from));
    this.#spread(at);
    this.#keep();
  }

  /** What was counted becomes reports, and counting begins anew. */
  #close(at: Moment, until: WallMs): void {
    const { from, overflow } = this.#counts;
    const { random, told } = this.#parts;
    if (overflow > 0) told('warning', `tls_reporting: ${overflow} sessions were with more domains than are counted`);
    const reports: Waiting[] = [];
    if (this.isEnabled) for (const counts of this.#counts.domains()) reports.push({ counts, from, until, tries: 0 });
    for (let left = reports.length; left > 1; left--) {
      const other = random.below(left);
      [reports[left - 1], reports[other]] = [reports[other]!, reports[left - 1]!];
    }
    this.#waiting = [...this.#waiting, ...reports].slice(-WAITING_MAX);
    this.#counts = new TlsCounts(at.wall);
    this.#hasNews = true;
  }

  #keepTimerFired(): void {
    const { timers, turns } = this.#parts;
    timers.set(this.#keepTimer, addMono(turns.now.mono, KEEP_MS));
    this.#posts.tell();
    if (this.#hasNews && !this.#isStopping) this.#keep();
  }

  #keep(kept?: () => void): void {
    if (kept !== undefined) this.#kept.push(kept);
    if (this.#isKeeping) {
      this.#hasNews = true; // what runs may have passed it
      return;
    }
    this.#isKeeping = true;
    this.#hasNews = false;
    const { store, turns } = this.#parts;
    store.keep(this.#lines(), (isKept) => {
      const at = turns.begin();
      this.#isKeeping = false;
      if (!isKept) this.#hasNews = true;
      for (const done of this.#kept.splice(0)) done();
      turns.end(at);
    });
  }

  *#lines(): Iterable<string> {
    // Read over several turns, in which reports are sent and a day may end.
    const { wall } = this.#parts.turns.clock();
    const [waiting, posts, counting] = [[...this.#waiting], this.#posts.lines(wall), this.#counts];
    for (const { counts, from, until } of waiting) yield formatCounts(counts, from, until);
    yield* posts;
    for (const counts of counting.domains()) yield formatCounts(counts, counting.from, null);
  }

  // ---- reports

  /** Evenly over the hours to come, beginning at random. */
  #spread(at: Moment): void {
    const { timers, random } = this.#parts;
    this.#gapMs = SPREAD_MS / Math.max(1, this.#waiting.length);
    if (!this.#isSending) timers.set(this.#sendTimer, addMono(at.mono, random.next() * this.#gapMs));
  }

  send(withToday: boolean): Promise<SentReports> {
    const { turns } = this.#parts;
    const at = turns.begin();
    if (withToday) this.#close(at, at.wall);
    const sent = new Promise<SentReports>((resolve) => this.#asking.push(resolve));
    this.#gapMs = 0;
    for (const report of this.#waiting) report.tries = 0;
    if (!this.#isSending) this.#sendNext();
    turns.end(at);
    return sent;
  }

  #sendNext(): void {
    // Who does not want to report any more does not report on days that are over either.
    if (!this.isEnabled && this.#waiting.length > 0) [this.#waiting, this.#hasNews] = [[], true];
    const report = this.#isStopping ? undefined : this.#waiting[0];
    if (report === undefined) {
      this.#allSent();
      return;
    }
    this.#isSending = true;
    const { resolver, turns } = this.#parts;
    resolver.query(`_smtp._tls.${report.counts.domain}`, 'TXT', (answer) => {
      const at = turns.begin();
      if (answer.kind === 'unavailable') this.#over(report, 'unsent', at);
      else {
        const wanted = answer.kind === 'texts' ? reportDestinations(answer.texts) : null;
        if (wanted === null) this.#over(report, 'unwanted', at);
        else if (wanted.mailboxes.length === 0) this.#served(report, wanted, at);
        else this.#compress(report, wanted);
      }
      turns.end(at);
    });
  }

  #compress(report: Waiting, wanted: ReportDestinations): void {
    const { store, turns } = this.#parts;
    store.compress(reportJson(report, this.#reporter()), (octets) => {
      const at = turns.begin();
      this.#store(report, wanted, wanted.mailboxes, Buffer.from(octets).toString('base64'), at);
      turns.end(at);
    });
  }

  /** One mail for each of them, one after the other. */
  #store(
    report: Waiting,
    wanted: ReportDestinations,
    [to, ...others]: readonly Mailbox[],
    base64: string,
    at: Moment,
  ): void {
    const { spool, turns, records } = this.#parts;
    const { envelope, headerSection, body } = this.#compose(report, to!, base64, at);
    spool.append(envelope, { headerSection, body: [Buffer.from(body, 'latin1')] }, (result) => {
      const now = turns.begin();
      if (result.kind === 'refused') this.#over(report, 'unsent', now);
      else {
        const recipient = envelope.recipients[0]!;
        const group = this.#parts.configuration().groupOf(REPORT_BINDING);
        records.received({ at: now.wall, envelope, recipient, connectionId: NO_ID, group, remoteAddress: '' });
        this.#parts.accepted(result.stored, now);
        if (others.length > 0) this.#store(report, wanted, others, base64, now);
        else this.#served(report, wanted, now);
      }
      turns.end(now);
    });
  }

  /** Its mail is in the queue; what is to be posted goes its own way. */
  #served(report: Waiting, { mailboxes, uris }: ReportDestinations, at: Moment): void {
    if (uris.length > 0) {
      this.#outcomes.posted += 1;
      this.#posts.add(report, uris);
    }
    if (mailboxes.length > 0) this.#outcomes.sent += 1;
    this.#over(report, 'served', at);
  }

  #over(report: Waiting, outcome: 'served' | 'unwanted' | 'unsent', { mono }: Moment): void {
    this.#isSending = false;
    this.#hasNews = true;
    if (outcome !== 'served') this.#outcomes[outcome] += 1;
    const place = this.#waiting.indexOf(report); // the first, unless older ones were dropped
    if (place >= 0) this.#waiting.splice(place, 1);
    report.tries += 1;
    const isRetried = outcome === 'unsent' && report.tries < TRIES_MAX;
    const isAsked = this.#asking.length > 0;
    if (isRetried && place >= 0) this.#waiting.push(report);
    else if (outcome === 'unsent') this.#givenUp += 1;
    const [next] = this.#waiting; // those that are tried again are behind the others
    // An operator hears of the others now.
    if (next === undefined || this.#isStopping || (isAsked && next.tries > 0)) this.#allSent();
    if (next !== undefined)
      this.#parts.timers.set(
        this.#sendTimer,
        addMono(mono, next.tries > 0 ? Math.max(this.#gapMs, PAUSE_MS) : this.#gapMs),
      );
  }

  #allSent(): void {
    const { told } = this.#parts;
    const sent = this.#outcomes;
    this.#outcomes = { ...NOTHING_SENT };
    if (this.#givenUp > 0)
      told('warning', `tls_reporting: ${this.#givenUp} reports were given up after ${TRIES_MAX} tries each`);
    this.#givenUp = 0;
    for (const resolve of this.#asking.splice(0)) resolve(sent);
  }

  #reporter(): Reporter & { readonly sender: Mailbox } {
    const configuration = this.#parts.configuration();
    const hostname = this.#parts.hostname();
    const sender = configuration.value(tlsReportingSender) ?? `tls-reports@${hostname}`;
    const contact = configuration.value(tlsReportingContact) ?? sender;
    return { hostname, sender, contact, organization: configuration.value(tlsReportingOrganization) ?? hostname };
  }

  #compose(report: Waiting, to: Mailbox, base64: string, { wall }: Moment) {
    const { ids, random, routingDomainOf } = this.#parts;
    const { hostname, sender } = this.#reporter();
    const seconds = Math.floor(wall / 1000);
    const [batchId, messageId] = [ids.next(seconds), ids.next(seconds)];
    const content = composeTlsReport({
      from: sender,
      to,
      date: mailDate(wall, 0),
      messageId: messageIdHeader(messageId, hostname),
      boundary: newBoundary(random),
      submitter: hostname,
      domain: report.counts.domain,
      reportId: reportId(report, hostname),
      filename: reportFilename(report, hostname),
      base64,
    });
    const routingDomain = routingDomainOf(REPORT_BINDING, domainOf(to));
    const recipient = { messageId, mailbox: to, routingDomain, binding: REPORT_BINDING };
    const envelope = internalEnvelope(batchId, recipient, { receivedAt: wall, eightBit: false, size: content.size });
    return { envelope, ...content };
  }
}

const dayOf = (at: WallMs): number => Math.floor(at / DAY_MS);
const endOfDay = (at: WallMs): WallMs => wallMs((dayOf(at) + 1) * DAY_MS);
const lastSecondOfDay = (at: WallMs): WallMs => wallMs(endOfDay(at) - 1000);
