// One inbound connection: hands its events to the session machine, asks reception/ what becomes of a message, and
// passes it to the spool. Everything the session wants goes straight to the connection; each event is a turn.
import { assert } from '../core/base/assert.ts';
import { addMono, type Moment, type MonoMs } from '../core/base/moment.ts';
import { Timer } from '../core/base/timers.ts';
import type { Configuration } from '../core/config/configuration.ts';
import type { Subject } from '../core/config/resolution.ts';
import type { InboundRow } from '../core/console/server-view.ts';
import type { MailId } from '../core/mail/ids.ts';
import type { Client, Taken } from '../core/reception/reception.ts';
import type { ClientTerms } from '../core/reception/terms.ts';
import type { Rejection, RejectPhase } from '../core/records/reject-record.ts';
import {
  BARE_LINE_END_IN_DATA,
  HEADER_TOO_LARGE,
  messageTooLarge,
  NO_STORAGE,
  NUL_IN_DATA,
} from '../core/smtp/server-replies.ts';
import {
  type ServerActions,
  type ServerRefusal,
  ServerSession,
  type ServerTransaction,
} from '../core/smtp/server-session.ts';
import type { DataOutcome, InboundConnection, InboundEvents } from './ports.ts';

/** What a session asks of the whole (inbound.ts). */
export interface SessionHost {
  readonly configuration: Configuration;
  /** The time of the turn that is open; timers fire within one. */
  readonly now: Moment;
  begin(): Moment;
  end(at: Moment): void;
  setTimer(timer: Timer, at: MonoMs): void;
  dropTimer(timer: Timer): void;
  /** What the configuration says for the client. */
  termsOf(session: InboundSession): ClientTerms;
  take(session: InboundSession, outcome: DataOutcome & { readonly kind: 'content' }, at: Moment): Taken;
  /** Writes the message; `stored` or `notStored` follows in a later turn, also when the connection is gone by then. */
  store(session: InboundSession, taken: Taken & { readonly kind: 'taken' }, receivedSize: number): void;
  rejected(rejection: Rejection, isMail: boolean): void;
  ended(session: InboundSession): void;
}

export class InboundSession implements InboundEvents, ServerActions<ClientTerms> {
  readonly connection: InboundConnection;
  readonly id: MailId;
  readonly subject: Subject;
  readonly #host: SessionHost;
  readonly #machine: ServerSession<ClientTerms>;
  readonly #idle: Timer;
  #terms: ClientTerms | null = null;
  #termsVersion = -1;
  #shownState: string;
  #stateSince: MonoMs;

  constructor(host: SessionHost, connection: InboundConnection, id: MailId, subject: Subject, at: Moment) {
    this.#host = host;
    this.connection = connection;
    this.id = id;
    this.subject = subject;
    this.#machine = new ServerSession(this);
    this.#idle = new Timer(() => this.#checkIdle());
    this.#shownState = this.#machine.state;
    this.#stateSince = at.mono;
  }

  /** The settings for this client, read again when the configuration changed. */
  get terms(): ClientTerms {
    const { configuration } = this.#host;
    if (this.#terms === null || this.#termsVersion !== configuration.version) {
      this.#terms = this.#host.termsOf(this);
      this.#termsVersion = configuration.version;
    }
    return this.#terms;
  }

  get client(): Client {
    const { remoteAddress, remotePort } = this.connection;
    return { subject: this.subject, address: remoteAddress, port: remotePort, name: this.#machine.clientName };
  }

  /** The one that is open; to be asked while it is. */
  get transaction(): ServerTransaction<ClientTerms> {
    const { transaction } = this.#machine;
    assert(transaction !== null, 'content belongs to a transaction');
    return transaction;
  }

  row(now: MonoMs): InboundRow {
    const { id, remoteAddress: address, remotePort: port } = this.connection;
    const family = address.includes(':') ? 6 : 4;
    return { id, family, address, port, state: this.#machine.state, stateMs: Math.max(0, now - this.#stateSince) };
  }

  // ---- from inbound.ts, within a turn

  open(at: Moment): void {
    this.#machine.open();
    this.#host.setTimer(this.#idle, addMono(at.mono, this.terms.idleMs));
  }

  stop(): void {
    this.#machine.stop();
  }

  cut(): void {
    this.#machine.cut();
  }

  stored(id: MailId, at: Moment): void {
    this.#machine.contentStored(id);
    this.#noteState(at);
  }

  notStored(at: Moment): void {
    this.#machine.refuseContent(NO_STORAGE, 'spool');
    this.#noteState(at);
  }

  // ---- InboundEvents

  line(text: string): void {
    const at = this.#host.begin();
    this.#machine.line(text);
    this.#noteState(at);
    this.#host.end(at);
  }

  lineTooLong(): void {
    const at = this.#host.begin();
    this.#machine.lineTooLong();
    this.#noteState(at);
    this.#host.end(at);
  }

  data(outcome: DataOutcome): void {
    const at = this.#host.begin();
    if (this.#machine.state === 'reading body') {
      if (outcome.kind === 'refused') this.#machine.refuseContent(this.#contentRefusal(outcome.rule), 'smtp');
      else this.#takeContent(outcome, at);
    }
    this.#noteState(at);
    this.#host.end(at);
  }

  closed(): void {
    const at = this.#host.begin();
    this.#machine.closed();
    this.#host.dropTimer(this.#idle);
    this.#host.ended(this);
    this.#host.end(at);
  }

  // ---- ServerActions

  reply(text: string): void {
    this.connection.reply(text);
  }

  readData(): void {
    const { maxMessageSize: maxSize, loneLineEnds } = this.transaction.terms;
    this.connection.readData({ maxSize, loneLineEnds });
  }

  proceed(): void {
    this.connection.proceed();
  }

  close(): void {
    this.#host.dropTimer(this.#idle); // from here on the connection sees to its own end
    this.connection.close();
  }

  refused(refusal: ServerRefusal): void {
    const { reply, phase, module, mailLine, rcptTo, isMail } = refusal;
    const { remoteAddress, remotePort, localAddress, localPort } = this.connection;
    const { transaction, ehloLine: ehlo } = this.#machine;
    const mailFrom = transaction ?? (mailLine === null ? null : { line: mailLine, reversePath: null });
    const rejection: Rejection = {
      at: this.#host.now.wall,
      remoteAddress,
      remotePort,
      localAddress,
      localPort,
      connectionId: this.id,
      phase: phase satisfies RejectPhase,
      code: Number(reply.slice(0, 3)),
      module,
      ehlo,
      mailFrom,
      rcptTo,
      text: reply.slice(4),
    };
    this.#host.rejected(rejection, isMail);
  }

  #takeContent(outcome: DataOutcome & { readonly kind: 'content' }, at: Moment): void {
    const taken = this.#host.take(this, outcome, at);
    if (taken.kind === 'refused') {
      this.#machine.refuseContent(taken.reply, 'reception');
      return;
    }
    this.#machine.contentRead();
    this.#host.store(this, taken, outcome.size);
  }

  #contentRefusal(rule: (DataOutcome & { readonly kind: 'refused' })['rule']): string {
    switch (rule) {
      case 'tooLarge':
        return messageTooLarge(this.transaction.terms.maxMessageSize);
      case 'headerTooLarge':
        return HEADER_TOO_LARGE;
      case 'loneLineEnd':
        return BARE_LINE_END_IN_DATA;
      case 'nul':
        return NUL_IN_DATA;
    }
  }

  #noteState(at: Moment): void {
    const { state } = this.#machine;
    if (state === this.#shownState) return;
    this.#shownState = state;
    this.#stateSince = at.mono;
  }

  /** The timer is moved only here, so a busy session pays nothing for it. */
  #checkIdle(): void {
    const now = this.#host.now;
    const { idleMs } = this.terms;
    const since = Math.max(this.connection.lastActivityAt, this.#stateSince) as MonoMs;
    const dueAt = addMono(since, idleMs);
    if (dueAt > now.mono) this.#host.setTimer(this.#idle, dueAt);
    else if (this.#machine.state === 'storing') this.#host.setTimer(this.#idle, addMono(now.mono, idleMs));
    else {
      this.#machine.expire();
      this.#noteState(now);
    }
  }
}
