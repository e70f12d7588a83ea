// All inbound sessions of this engine: they begin here, their messages go to the spool here, and here the server's stop
// reaches them. What is said on a connection is inbound-session.ts and core/smtp/server-session.ts.
//
// A message is acknowledged when the spool has answered `durable`, never before. A client that vanished in between has
// its message delivered all the same; it may send it again, since it saw no 250.
import type { Moment, MonoMs, WallMs } from '../core/base/moment.ts';
import type { Timer, Timers } from '../core/base/timers.ts';
import type { Configuration, Listener } from '../core/config/configuration.ts';
import type { InboundRow } from '../core/console/server-view.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { IdMaker } from '../core/mail/ids.ts';
import { Reception, type Taken } from '../core/reception/reception.ts';
import { TermsMemory } from '../core/reception/terms-memory.ts';
import type { AsciiDomain } from '../core/smtp/utf8-path.ts';
import { InboundSession, type SessionHost } from './inbound-session.ts';
import type { ReportSource } from './incoming-reports.ts';
import type { MailRecords } from './mail-records.ts';
import type { AppendResult, DataOutcome, InboundConnection, InboundEvents, Spool, StoredContent } from './ports.ts';
import type { Turns } from './turn.ts';

export interface InboundParts {
  readonly turns: Turns;
  readonly timers: Timers;
  readonly spool: Spool;
  readonly records: MailRecords;
  readonly ids: IdMaker;
  /** The one in force. Sessions read it with every transaction, so nothing need be told when it changes. */
  configuration(): Configuration;
  /** Stands in when the hostname option is not set. */
  readonly systemHostname: string;
  /** Left out: SMTPUTF8 is not offered. */
  readonly asciiDomain?: AsciiDomain | undefined;
  /** Of the product. */
  readonly version: string;
  /** Local time minus UTC at that instant. */
  utcOffsetMinutes(at: WallMs): number;
  /** The name the mail of a recipient's domain is queued under: the domain itself, or that of its gateway. */
  routingDomainOf(binding: string, domain: DomainName): DomainName;
  /** A transaction is on stable storage and is to be queued. Its records are written. */
  accepted(stored: StoredContent, source: ReportSource): void;
  /** A connection took a descriptor, and gave it back. */
  opened(): void;
  closed(): void;
}

export class Inbound {
  readonly #parts: InboundParts;
  readonly #reception: Reception;
  readonly #host: SessionHost;
  readonly #sessions = new Set<InboundSession>();
  /** Transactions given to the spool and not answered. */
  #stores = 0;
  #isStopping = false;
  #received = 0;
  #rejected = 0;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    this.#reception = new Reception(parts);
    this.#host = this.#makeHost(parts);
  }

  /** Connections, those that are closing included. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Messages (recipients) accepted since the last reset. */
  get received(): number {
    return this.#received;
  }

  /** Senders, recipients and messages refused since the last reset. */
  get rejected(): number {
    return this.#rejected;
  }

  resetCounts(): void {
    this.#received = 0;
    this.#rejected = 0;
  }

  /** After `stop`: no connection is left and no message is on its way to the spool. */
  get isDrained(): boolean {
    return this.#sessions.size === 0 && this.#stores === 0;
  }

  /** A client connected to `listener`. A turn of its own. */
  accept(listener: Listener, connection: InboundConnection): InboundEvents {
    const at = this.#parts.turns.begin();
    const id = this.#parts.ids.next(Math.floor(at.wall / 1000));
    const subject = listener.subject(connection.remoteAddress);
    const session = new InboundSession(this.#host, connection, id, subject, at);
    this.#sessions.add(session);
    this.#parts.opened();
    if (this.#isStopping) session.cut();
    else session.open(at);
    this.#parts.turns.end(at);
    return session;
  }

  /** Within a turn. Sessions without a transaction end at once, the others with the reply to their message. */
  stop(): void {
    this.#isStopping = true;
    for (const session of this.#sessions) session.stop();
  }

  /** Within a turn. Every session ends now. Messages on their way to the spool stay accepted. */
  cut(): void {
    this.#isStopping = true;
    for (const session of this.#sessions) session.cut();
  }

  /** In order of their beginning. Outside of a turn. */
  *rows(): Iterable<InboundRow> {
    const { mono } = this.#parts.turns.clock();
    for (const session of this.#sessions) yield session.row(mono);
  }

  #makeHost(parts: InboundParts): SessionHost {
    const terms = new TermsMemory(parts.systemHostname, parts.asciiDomain);
    return {
      get configuration() {
        return parts.configuration();
      },
      get now() {
        return parts.turns.now;
      },
      begin: () => parts.turns.begin(),
      end: (at) => parts.turns.end(at),
      setTimer: (timer: Timer, at: MonoMs) => parts.timers.set(timer, at),
      dropTimer: (timer) => parts.timers.drop(timer),
      termsOf: ({ subject, connection }) => terms.termsOf(parts.configuration(), subject, connection.remoteAddress),
      take: (session, outcome, at) => this.#take(session, outcome, at),
      store: (session, taken, receivedSize) => this.#store(session, taken, receivedSize),
      rejected: (rejection, isMail) => {
        if (isMail) this.#rejected++;
        parts.records.rejected(rejection);
      },
      ended: (session) => {
        this.#sessions.delete(session);
        parts.closed();
      },
    };
  }

  #take(session: InboundSession, outcome: DataOutcome & { readonly kind: 'content' }, at: Moment): Taken {
    return this.#reception.take(this.#parts.configuration(), session.client, session.transaction, outcome, at.wall);
  }

  #store(session: InboundSession, taken: Taken & { readonly kind: 'taken' }, receivedSize: number): void {
    this.#stores++;
    this.#parts.spool.append(taken.envelope, taken.content, (result) => {
      const at = this.#parts.turns.begin();
      this.#stores--;
      this.#answer(session, result, receivedSize, at);
      this.#parts.turns.end(at);
    });
  }

  #answer(session: InboundSession, result: AppendResult, receivedSize: number, at: Moment): void {
    if (result.kind === 'refused') {
      session.notStored(at);
      return;
    }
    const { envelope } = result.stored;
    this.#received += envelope.recipients.length;
    this.#writeRecords(session, result.stored, receivedSize, at);
    const { id: connectionId, connection } = session;
    this.#parts.accepted(result.stored, { connectionId, address: connection.remoteAddress });
    session.stored(envelope.batchId, at);
  }

  /** The size in the record is what the client sent; that of the envelope counts the fields we added. */
  #writeRecords(
    { id: connectionId, connection }: InboundSession,
    stored: StoredContent,
    size: number,
    at: Moment,
  ): void {
    const { records } = this.#parts;
    const { remoteAddress } = connection;
    const configuration = this.#parts.configuration();
    const envelope = { ...stored.envelope, size };
    for (const recipient of envelope.recipients) {
      const group = configuration.groupOf(recipient.binding);
      records.received({ at: at.wall, envelope, recipient, connectionId, group, remoteAddress });
    }
  }
}
