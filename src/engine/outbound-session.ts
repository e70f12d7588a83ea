// One connection to a receiver: the port's events go to the SMTP session, what that wants goes to the port, the
// scheduler and the outcomes. It is the one place that sees every way out of a connection, and so the one that gives its
// slots back: when the receiver cannot count it any more (design decision 6).
import { parseIpAddress } from '../core/base/ip-address.ts';
import { addMono, type Moment, type MonoMs } from '../core/base/moment.ts';
import { Timer, type Timers } from '../core/base/timers.ts';
import { REPORT_BINDING } from '../core/config/configuration.ts';
import { NO_VALID_HOSTS } from '../core/delivery/connection-opener.ts';
import type { HostTimes, HostTimesTable } from '../core/delivery/host-times.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { protectionTowards } from '../core/delivery/protection.ts';
import type { Scheduler } from '../core/delivery/scheduler.ts';
import type { DeliverySettings } from '../core/delivery/settings.ts';
import { mayWorkAhead } from '../core/delivery/working-ahead.ts';
import type { Ledger } from '../core/limits/ledger.ts';
import { type Disposition, type Failure, notConnected, STAGE, type Stage } from '../core/mail/disposition.ts';
import type { Mailbox, ReversePath } from '../core/mail/mailbox.ts';
import type { MessageClient } from '../core/mail/message.ts';
import type { MessageRequest, RecipientRequest } from '../core/mail/notification-request.ts';
import { NO_TLS, policyTowards, type TlsPeer, type TlsPolicy } from '../core/mail/tls-policy.ts';
import { needsUtf8 } from '../core/mail/utf8-need.ts';
import type { Task } from '../core/queue/task.ts';
import { countedPolicy, type Fault, faultOf, NOT_OFFERED, openingFault } from '../core/records/tls-verdict.ts';
import type { ClientActions, ContentForm, SessionTerms, Transaction } from '../core/smtp/client-actions.ts';
import type { Blame } from '../core/smtp/client-opening.ts';
import { ClientSession } from '../core/smtp/client-session.ts';
import type { ConnectFailure, Connection, ConnectionEvents, Connector, StoredContent } from './ports.ts';
import type { SmtpDialogues } from './smtp-dialogues.ts';
import type { TlsReports } from './tls-reports.ts';
import type { Turns } from './turn.ts';

/** How long a slot is held after we gave a connection up: the peer may see our RST that much later (decision 6). */
const HOLD_MS = 1000;

const TIMED_OUT = '450 4.4.1 [internal] Connection Timed Out';

/** A task as the SMTP session sees it. */
export class OutboundTransaction implements Transaction {
  readonly task: Task;
  readonly mailboxes: readonly Mailbox[];

  constructor(task: Task) {
    const { recipients } = task.stored.envelope;
    this.task = task;
    this.mailboxes =
      task.recipients.length === 1
        ? [recipients[task.recipients[0]!]!.mailbox]
        : task.recipients.map((index) => recipients[index]!.mailbox);
  }

  get reversePath(): ReversePath {
    return this.task.stored.envelope.reversePath;
  }

  get size(): number {
    return this.task.stored.envelope.size;
  }

  get eightBit(): boolean {
    return this.task.stored.envelope.eightBit;
  }

  get client(): MessageClient | null {
    return this.task.stored.envelope.client ?? null;
  }

  get needsUtf8(): boolean {
    const { utf8, reversePath } = this.task.stored.envelope;
    return needsUtf8(utf8, reversePath, this.mailboxes);
  }

  get request(): MessageRequest | undefined {
    return this.task.stored.envelope.request;
  }

  requestOf(place: number): RecipientRequest | undefined {
    return this.task.stored.envelope.recipients[this.task.recipients[place]!]!.request;
  }

  get asksForSuccess(): boolean {
    const { recipients } = this.task.stored.envelope;
    return this.task.recipients.some((index) => recipients[index]!.request?.notify?.success === true);
  }
}

/** What all outbound sessions share. */
export interface OutboundParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly ledger: Ledger;
  readonly scheduler: Scheduler;
  readonly connector: Connector;
  readonly hostTimes: HostTimesTable;
  readonly dialogues: SmtpDialogues;
  /** Null where nobody reports on TLS. */
  readonly tlsReports: Pick<TlsReports, 'count' | 'isEnabled'> | null;
  /** The attempt of a task is over; an outcome for each of its recipients, in order. */
  attempted(connection: OutboundConnection, task: Task, outcomes: readonly Disposition[], at: Moment): void;
  /** The system refused a connection for want of something of its own. */
  nodeTrouble(code: string, at: Moment): void;
  /** The slots were given back: nothing of the session is left. */
  gone(session: OutboundSession): void;
}

/**
 * - connecting: the port has not answered;
 * - talking: the SMTP session has the say;
 * - held: we gave it up; the slots are kept until the receiver must have seen it;
 * - gone: the slots are given back.
 */
type Phase = 'connecting' | 'talking' | 'held' | 'gone';

export class OutboundSession implements ConnectionEvents, ClientActions<OutboundTransaction> {
  readonly connection: OutboundConnection;
  /** Names the connection on the console as long as it lives. */
  readonly number: number;
  readonly #parts: OutboundParts;
  /** What the settings asked for when it was opened. A session never serves mail that asks for something else. */
  readonly #policy: TlsPolicy;
  /** How it is protected: as the policy says, or in clear after TLS failed where the policy allows that. */
  readonly tls: TlsPolicy;
  readonly terms: SessionTerms;
  /** What its failures are held against the address under. */
  readonly #protection: string;
  readonly #session: ClientSession<OutboundTransaction>;
  readonly #timer: Timer;
  #port: Connection | null = null;
  #phase: Phase = 'connecting';
  #hasGivenUp = false;
  /** For the report on TLS, once. */
  #isTlsCounted = false;
  /** The time of the turn that is under way. */
  #at: Moment;
  /** The transaction whose content was written last, and when. */
  #sending: OutboundTransaction | null = null;
  #sentAt: MonoMs;
  #stageSince: MonoMs;
  readonly #times: HostTimes;

  constructor(connection: OutboundConnection, number: number, parts: OutboundParts, at: Moment) {
    this.connection = connection;
    this.number = number;
    this.#parts = parts;
    this.#at = at;
    this.#sentAt = at.mono;
    this.#stageSince = at.mono;
    this.#policy = policyTowards(connection.queue.settings.tls, connection.candidate);
    this.tls = this.#goesInClear(at) ? NO_TLS : this.#policy;
    this.terms = connection.queue.settings.terms;
    this.#protection = protectionTowards(connection.queue.settings, connection.candidate);
    this.#times = parts.hostTimes.timesOf(connection.candidate.address);
    this.#session = new ClientSession(this);
    this.#timer = new Timer(() => this.#timedOut());
  }

  /** Connects. The slots were taken before. */
  open(): void {
    const { candidate, queue } = this.connection;
    const { address, family, port } = candidate;
    this.setDeadline(queue.settings.timeouts.connectMs);
    this.#port = this.#parts.connector.connect(
      { address, family, port, localAddress: queue.settings.bindAddress },
      this,
    );
  }

  /** The scheduler has mail for this idle session. */
  resume(at: Moment): void {
    this.#at = at;
    this.#session.resume();
  }

  /** The scheduler wants this session to end, which is idle or not established. */
  quit(at: Moment): void {
    this.#at = at;
    if (this.#phase === 'connecting') this.reset();
    else this.#session.quit();
  }

  /** For listings. */
  get stage(): Stage {
    return this.#phase === 'talking' ? this.#session.stage : STAGE.notConnected;
  }

  get stageSince(): MonoMs {
    return this.#stageSince;
  }

  // ---- what happens to the connection

  connected(): void {
    this.#at = this.#parts.turns.begin();
    this.#phase = 'talking';
    this.connection.isEstablished = true;
    this.#times.connected(this.#at.mono - this.#stageSince);
    this.#note('connected');
    this.#session.connected();
    this.#parts.turns.end(this.#at);
  }

  failed(failure: ConnectFailure): void {
    this.#at = this.#parts.turns.begin();
    const { scheduler } = this.#parts;
    this.#note(`no connection: ${failure.code}`);
    scheduler.startLeaving(this.connection);
    if (failure.whose === 'node') this.#parts.nodeTrouble(failure.code, this.#at);
    else this.#failHost(failure.code, notConnected(failure.code === 'ETIMEDOUT' ? TIMED_OUT : NO_VALID_HOSTS));
    // Where the handshake may just have completed the receiver counts a connection that we know nothing of.
    if (failure.code === 'ETIMEDOUT') this.#hasGivenUp = true;
    this.#gone();
    this.#parts.turns.end(this.#at);
  }

  secured(peer: TlsPeer): void {
    this.#at = this.#parts.turns.begin();
    this.#note('TLS established');
    this.#countTls(faultOf(this.tls, this.connection.candidate, peer));
    this.#session.secured(peer);
    this.#parts.turns.end(this.#at);
  }

  tlsFailed(reason: string): void {
    this.#at = this.#parts.turns.begin();
    this.#note(`TLS failed: ${reason}`);
    this.#session.tlsFailed(reason);
    this.#parts.turns.end(this.#at);
  }

  tlsGivenUp(reason: string): void {
    this.#at = this.#parts.turns.begin();
    this.#giveUpTls(reason);
    this.#parts.turns.end(this.#at);
  }

  #giveUpTls(reason: string): void {
    this.#note(`TLS given up: ${reason}`);
    this.#session.tlsGivenUp(reason);
  }

  received(text: string): void {
    this.#at = this.#parts.turns.begin();
    const { dialogues } = this.#parts;
    if (dialogues.isHeard) dialogues.received(this.connection, this.number, text);
    this.#session.received(text);
    this.#parts.turns.end(this.#at);
  }

  ended(): void {
    this.#at = this.#parts.turns.begin();
    this.#note('the receiver closes');
    this.#session.peerEnded();
    this.#parts.turns.end(this.#at);
  }

  closed(errorCode: string | null): void {
    this.#at = this.#parts.turns.begin();
    this.#note(errorCode === null ? 'closed' : `closed: ${errorCode}`);
    if (this.#phase === 'talking') this.#session.closed();
    this.#gone();
    this.#parts.turns.end(this.#at);
  }

  contentLost(_content: StoredContent): void {
    this.#at = this.#parts.turns.begin();
    if (this.#sending !== null) this.#session.contentLost(this.#sending);
    this.#parts.turns.end(this.#at);
  }

  /** For who listens to dialogues. */
  #note(event: string): void {
    const { dialogues } = this.#parts;
    if (dialogues.isHeard) dialogues.event(this.connection, this.number, event);
  }

  /** Called by the wheel of timers, within a turn. */
  #timedOut(): void {
    this.#at = this.#parts.turns.now;
    if (this.#phase === 'held') this.#release();
    else if (this.#phase === 'talking' && this.#port!.awaitsTls) this.#giveUpTls('its turn did not come in time');
    else if (this.#phase === 'talking') this.#session.timedOut();
    else if (!this.#hasGivenUp) {
      this.#parts.scheduler.startLeaving(this.connection);
      this.#failHost('ETIMEDOUT', notConnected(TIMED_OUT));
      this.reset();
    }
  }

  /** The connection does not exist any more on our side. */
  #gone(): void {
    if (this.#hasGivenUp) {
      this.#phase = 'held';
      this.setDeadline(HOLD_MS);
    } else {
      this.#release();
    }
  }

  #release(): void {
    this.#phase = 'gone';
    this.#parts.timers.drop(this.#timer);
    this.#parts.scheduler.closed(this.connection);
    this.#parts.gone(this);
  }

  // ---- what the SMTP session wants

  get settings(): DeliverySettings {
    return this.connection.queue.settings;
  }

  write(text: string): void {
    const { dialogues } = this.#parts;
    if (dialogues.isHeard) dialogues.sent(this.connection, this.number, text);
    this.#port!.write(text);
  }

  writeContent(transaction: OutboundTransaction, form: ContentForm): void {
    this.#sending = transaction;
    this.#sentAt = this.#at.mono;
    const { batchId, size } = transaction.task.stored.envelope;
    this.#note(`content of batch ${batchId}, ${size} octets`);
    this.#port!.writeContent(transaction.task.stored as StoredContent, form);
  }

  flush(): void {
    this.#port!.flush();
  }

  startTls(): void {
    const { candidate, queue } = this.connection;
    const { host } = candidate;
    this.#port!.startTls({
      policy: this.tls,
      serverName: this.tls.tlsa?.base ?? (parseIpAddress(host) === null ? host : null), // RFC 6066 section 3: no addresses
      names: this.tls.verify === 'dane' ? this.tls.tlsa!.names : (this.tls.names ?? [host, queue.domain]),
    });
  }

  end(): void {
    this.#port!.end();
  }

  reset(): void {
    this.#hasGivenUp = true;
    this.#note('given up');
    this.#port!.reset();
  }

  keyedMd5(key: string, text: string): string {
    return this.#parts.connector.keyedMd5(key, text);
  }

  setDeadline(ms: number): void {
    this.#stageSince = this.#at.mono;
    this.#parts.timers.set(this.#timer, addMono(this.#at.mono, ms));
  }

  next(whileBusy: boolean): OutboundTransaction | 'idle' | 'leave' {
    if (this.#policy.key !== this.#policyNow().key || this.terms.key !== this.settings.terms.key) {
      if (whileBusy) return 'idle';
      this.leaving();
      return 'leave';
    }
    if (whileBusy && !mayWorkAhead(this.connection, this.#parts.ledger, this.#times)) return 'idle';
    const next = this.#parts.scheduler.next(this.connection, this.#at, whileBusy);
    return typeof next === 'string' ? next : new OutboundTransaction(next);
  }

  leaving(): void {
    this.#parts.scheduler.startLeaving(this.connection);
  }

  ready(): void {
    this.#countTls(NOT_OFFERED); // unless it is encrypted
    this.#parts.scheduler.hostAnswered(this.connection, this.#protection);
  }

  hostFailed(reply: string, stage: Stage, blame: Blame): void {
    if (blame === 'node') {
      this.#parts.scheduler.hostGivenUp(this.connection, reply, this.#at, this.#protection);
      return;
    }
    const fault = openingFault(reply, stage);
    if (fault !== null) this.#countTls(fault);
    if (blame === 'negotiation' && this.tls.fallsBack) {
      // No attempt: the next connection carries the mail in clear, when this one is gone where there is no room for two.
      const { queue, candidate } = this.connection;
      const { hostStates } = this.#parts.scheduler;
      const { hostFailureRetryMs } = queue.settings;
      hostStates.goInClear(queue.binding, candidate.address, this.#policy.key, this.#at.mono, hostFailureRetryMs);
      return;
    }
    // A receiver that refuses us now may take the message later, whatever digit its banner starts with.
    const failure: Failure = { kind: 'transientFailure', reply, stage, bytesSent: 0 };
    this.#failHost(reply, failure, blame === 'host' ? '' : this.#protection);
  }

  #failHost(reason: string, failure: Failure, protection = ''): void {
    this.#parts.scheduler.hostFailed(this.connection, reason, failure, this.#at, protection);
  }

  /** Sessions of the operator's own routes say nothing of the domain, and reports are not reported on. */
  #countTls(fault: Fault | null): void {
    const { tlsReports } = this.#parts;
    if (this.#isTlsCounted || tlsReports?.isEnabled !== true) return;
    this.#isTlsCounted = true;
    const { queue, candidate } = this.connection;
    const { gateway, routes, bindAddress } = queue.settings;
    if (this.tls.mode === 'no' || this.terms.method !== 'esmtp' || queue.binding === REPORT_BINDING) return;
    if (gateway !== null || routes.length > 0) return;
    const { host, address } = candidate;
    const failure = fault === null ? null : { ...fault, host, address, sender: bindAddress };
    tlsReports.count(queue.domain, countedPolicy(candidate, queue.domain), failure);
  }

  /** What a session to the same host would be opened with now. */
  #policyNow(): TlsPolicy {
    const { queue, candidate } = this.connection;
    const { tls, usesDane, usesMtaSts } = queue.settings;
    if (!usesDane && !usesMtaSts) return tls;
    const { host, address, port } = candidate;
    // A host that has left the route is not known any better than when the session was opened.
    const known = queue.candidates.find((one) => one.address === address && one.host === host && one.port === port);
    return policyTowards(tls, known ?? candidate);
  }

  #goesInClear({ mono }: Moment): boolean {
    const { queue, candidate } = this.connection;
    if (!this.#policy.fallsBack) return false;
    return this.#parts.scheduler.hostStates.goesInClear(queue.binding, candidate.address, this.#policy.key, mono);
  }

  attempted(transaction: OutboundTransaction, outcomes: readonly Disposition[]): void {
    if (transaction === this.#sending) this.#times.delivered(this.#at.mono - this.#sentAt);
    this.#parts.attempted(this.connection, transaction.task, outcomes, this.#at);
  }

  returned(transaction: OutboundTransaction): void {
    const { scheduler } = this.#parts;
    scheduler.taskEnded(this.connection, transaction.task, false);
    scheduler.addActive(this.connection.queue, transaction.task);
  }
}
