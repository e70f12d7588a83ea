// What the engine asks of its surroundings. A shell implements these for real (src/shell), the simulation in virtual
// time (src/sim). Ports make no decisions. Events come back through the callbacks given here, one at a time, never
// from inside the call that caused them (a port that knows the answer at once still delivers it in a later turn).
import type { Moment, MonoMs } from '../core/base/moment.ts';
import type { Random } from '../core/base/random.ts';
import type { ThrottleRecord } from '../core/limits/throttle-record.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Content, Envelope, QueuePlace, Settlement } from '../core/mail/message.ts';
import type { MimeParts } from '../core/mail/mime-parts.ts';
import type { HeldPolicy } from '../core/mail/sts-policy.ts';
import type { TlsPeer, TlsPolicy } from '../core/mail/tls-policy.ts';
import type { ReportUri } from '../core/records/tls-report-destination.ts';
import type { DnsAnswer, DnsType } from '../core/routing/dns-answer.ts';
import type { FetchedPolicy } from '../core/routing/sts-table.ts';
import type { ContentForm } from '../core/smtp/client-actions.ts';

export interface Clock {
  /** The time of this turn of the loop. */
  now(): Moment;
  /** Calls the engine's `wake` at `at` or as soon after as it can. A later call replaces the earlier one. */
  wakeAt(at: MonoMs): void;
}

// ---- outbound connections

export interface ConnectTarget {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** Source address, or null for the kernel's choice. */
  readonly localAddress: string | null;
}

/** Whose fault a failed connect is: `node` trouble (descriptors, ports, missing local address) blames no remote host. */
export type ConnectFailure =
  | { readonly whose: 'remote'; readonly code: string }
  | { readonly whose: 'node'; readonly code: string };

/** What a handshake is about. */
export interface TlsRequest {
  readonly policy: TlsPolicy;
  /** Name of the exchanger, for SNI; null where it is only known by its address. */
  readonly serverName: string | null;
  /** The certificate may be made out for any of these. */
  readonly names: readonly string[];
}

/** Events of one connection. After `failed` or `closed` nothing more comes. */
export interface ConnectionEvents {
  connected(): void;
  /** The connection never came about; its descriptor is gone. */
  failed(failure: ConnectFailure): void;
  /** Octets from the peer as Latin-1. */
  received(text: string): void;
  /** The handshake is done: what is written from now on is encrypted, and so was what is received. */
  secured(peer: TlsPeer): void;
  /** No handshake, or what is encrypted cannot be read: the connection is good for a reset only. */
  tlsFailed(reason: string): void;
  /** We ended the handshake for the sake of others: it says nothing of the peer. As good for a reset only. */
  tlsGivenUp(reason: string): void;
  /** The peer's FIN: it sends no more. Our side is still open. With TLS, its close_notify or its FIN. */
  ended(): void;
  /** Both sides are closed and the descriptor is gone: after `end`, `reset`, or an error such as ECONNRESET. */
  closed(errorCode: string | null): void;
  /** `writeContent` could not be fulfilled because the stored content is damaged or gone. */
  contentLost(content: StoredContent): void;
}

export interface Connection {
  /** Adds to what the next `flush` writes. */
  write(text: string): void;
  /**
   * Adds header section, blank line and body (wire form, final dot included); read from the spool where needed.
   * As it is stored unless said otherwise; `sevenBit`: parts with 8-bit octets become quoted-printable.
   */
  writeContent(content: StoredContent, form?: ContentForm): void;
  /** Hands everything added since the last flush to the system, in one call where it can. */
  flush(): void;
  /**
   * Encrypts from here on, when it is this connection's turn: the handshakes at once are bounded. Nothing may be written
   * until `secured`; what is received until then was sent in clear.
   */
  startTls(request: TlsRequest): void;
  /** `startTls` was called, and the handshake has not had its turn. */
  readonly awaitsTls: boolean;
  /** Octets the kernel took so far of what was written, for the records (`bytes sent`). */
  readonly bytesWritten: number;
  /** Sends our FIN, then closes. For use after the peer's FIN (design decision 6: we do not close first). */
  end(): void;
  /** RST; `closed` follows. Also aborts a connect in progress. */
  reset(): void;
}

export interface Connector {
  connect(target: ConnectTarget, events: ConnectionEvents): Connection;
  /** File descriptors this process may still use for connections, as the system's limit stands (not the use). */
  readonly descriptorLimit: number;
  /** HMAC-MD5 of `text` under `key`, both octets as Latin-1, in lower-case hexadecimal digits: for a login by CRAM-MD5. */
  keyedMd5(key: string, text: string): string;
  /** Whether a local address can be used as a source on this machine now. */
  hasLocalAddress(address: string): boolean;
}

// ---- name service

export type { DnsAnswer, DnsType };

export interface Resolver {
  query(name: string, type: DnsType, answered: (answer: DnsAnswer) => void): void;
}

// ---- policies of domains

export type { DomainName, FetchedPolicy, HeldPolicy, ReportUri };

/** MTA-STS (RFC 8461). Nothing waits for what is kept. */
export interface StsPolicies {
  /** What was kept by an earlier process. */
  readonly saved: Iterable<readonly [DomainName, HeldPolicy]>;
  /** The text at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, from whom a certificate proves to be that host. */
  fetchPolicy(domain: DomainName, done: (fetched: FetchedPolicy) => void): void;
  /** Null: it is no more. */
  keep(domain: DomainName, held: HeldPolicy | null): void;
}

// ---- reports on TLS

/** Keeps what reports on TLS (RFC 8460) are made of, and makes them small. One call of `keep` at a time. */
export interface TlsReportStore {
  /** Lines that were kept by an earlier process. */
  readonly saved: Iterable<string>;
  /** Takes the place of all that was kept before, or changes nothing. The lines are read over several turns. */
  keep(lines: Iterable<string>, done: (isKept: boolean) => void): void;
  /** As gzip. */
  compress(text: string, done: (octets: Uint8Array) => void): void;
}

export interface TlsReportPoster {
  /**
   * Over HTTPS, to whom a certificate proves to be that host. A few at once.
   * @param body the report, gzip
   * @param done told null when it was taken, else what was wrong
   */
  post(to: ReportUri, body: Uint8Array, done: (problem: string | null) => void): void;
}

// ---- spool

/** A stored transaction. The spool owns it; the engine holds on to it and names it when it asks for something. */
export interface StoredContent {
  /** As it is now: another after `requeue`. */
  readonly envelope: Envelope;
  /** Rises with every record of the spool, never repeats. */
  readonly sequence: number;
}

export type AppendResult =
  | { readonly kind: 'durable'; readonly stored: StoredContent }
  /** Disk full, I/O error: nothing was kept. */
  | { readonly kind: 'refused'; readonly reason: string };

/** A record found at start, with what its settlements say. Recipients that were settled for good are left out. */
export interface RecoveredRecord {
  readonly stored: StoredContent;
  readonly open: readonly { readonly index: number; readonly retries: number; readonly nextAttemptAt: number | null }[];
}

export interface Spool {
  /** Copies the body up to LENT_OCTETS_MAX, and takes over a larger one, which must not change any more. Answers once the record is on stable storage. */
  append(envelope: Envelope, content: Content, done: (result: AppendResult) => void): void;
  /** Keeps what became of recipient `index`. The last open recipient's final settlement frees the record. */
  settle(stored: StoredContent, index: number, settlement: Settlement): void;
  /** Keeps that open recipient `index` is queued elsewhere; `stored.envelope` says so from now on. */
  requeue(stored: StoredContent, index: number, place: QueuePlace): void;
  /** Answers when all that was settled and requeued so far is on stable storage, or could not be put there yet. */
  whenSettled(done: (isDurable: boolean) => void): void;
  /** Reads the content back, for bounces and listings. Null when it is damaged or gone. */
  read(stored: StoredContent, done: (content: Content | null) => void): void;
  /** The record failed once and will wait: its content need not stay in memory. */
  release(stored: StoredContent): void;
}

/** A spool that nobody needs to hold on to what it stored. */
export interface NumberedSpool extends Spool {
  /** A number below 2^32 - 1 by which it is found again as long as a recipient is open. */
  numberOf(stored: StoredContent): number;
  /** What has that number; another object perhaps than the one that was asked about. */
  at(number: number): StoredContent;
}

// ---- reports

/** Takes mail apart. No more than the beginning of a mail is looked at, and every answer is bounded. */
export interface MimeReader {
  /** Null for what cannot be read. */
  read(content: Content, done: (parts: MimeParts | null) => void): void;
}

// ---- throttles

/** Keeps what throttles of long windows may not forget (core/limits/throttle-record.ts). One call at a time. */
export interface ThrottleStore {
  /** Adds to what was written before. Answers whether it is on stable storage. */
  reserve(records: readonly ThrottleRecord[], done: (isDurable: boolean) => void): void;
  /** Takes the place of all that was written before, or changes nothing. */
  writeAll(records: readonly ThrottleRecord[], done: (isDurable: boolean) => void): void;
}

// ---- records

export interface RecordLog {
  /** One line of mainlog, without its line end. Whole lines, in order. */
  main(line: string): void;
  /** One line of rejectlog. */
  reject(line: string): void;
  /** One line of the log that is known under `key` (core/records/record-form.ts). Whole lines, in order. */
  other(key: string, line: string): void;
  /** One line of paniclog: text only; the port adds time and prefix. */
  panic(level: 'notice' | 'warning' | 'error' | 'critical', text: string): void;
}

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly connector: Connector;
  readonly resolver: Resolver;
  /** Absent where no domain has any, as in a simulation. */
  readonly stsPolicies?: StsPolicies;
  /** Absent where nobody reports, as in a simulation. */
  readonly tlsReports?: TlsReportStore;
  /** With `tlsReports`. */
  readonly reportPoster?: TlsReportPoster;
  readonly spool: NumberedSpool;
  readonly mime: MimeReader;
  readonly throttles: ThrottleStore;
  readonly records: RecordLog;
}

// ---- inbound connections

/** How the octets after DATA are to be read. */
export interface DataRules {
  /** Largest message in octets; beyond it the rest is read and dropped. 0 = no limit. */
  readonly maxSize: number;
  /** design decision 24: what to do with CR or LF that stand alone. */
  readonly loneLineEnds: 'refuse' | 'fix';
}

export type DataOutcome =
  | {
      readonly kind: 'content';
      /** Lent until `data` returns, if its body has no more than LENT_OCTETS_MAX octets; else given away. */
      readonly content: Content;
      /** Octets after DATA without dot-stuffing and final dot. */
      readonly size: number;
    }
  /** The final dot was read, the content was dropped. */
  | { readonly kind: 'refused'; readonly rule: 'tooLarge' | 'loneLineEnd' | 'nul' | 'headerTooLarge' };

/** Events of one inbound connection. After `closed` nothing more comes. */
export interface InboundEvents {
  /** A command line without its CRLF, as Latin-1; at most 4096 octets. One that a bare LF ended has it at its end. */
  line(text: string): void;
  /** A command line over 4096 octets was dropped up to its end. */
  lineTooLong(): void;
  /** Answers `readData`. No further event but `closed` comes until `proceed` is called. */
  data(outcome: DataOutcome): void;
  /** The peer closed, or the connection broke, or our `close` is complete. */
  closed(): void;
}

export interface InboundConnection {
  readonly id: number;
  /** Peer address without brackets; `::ffff:` is taken off mapped IPv4 addresses. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Monotonic time of the last octet from the peer. */
  readonly lastActivityAt: MonoMs;
  /** Queues a reply (complete lines with CRLF); all replies of one turn go out in one write. */
  reply(text: string): void;
  /** From the next octet on, what comes is message data up to the final dot. */
  readData(rules: DataRules): void;
  /** Goes on with commands after `data`. */
  proceed(): void;
  /** Writes what was queued, sends FIN, and after a short grace closes whatever the peer does. */
  close(): void;
}

/** A new connection on a listener; the engine answers with the receiver of its events. */
export type AcceptInbound = (connection: InboundConnection) => InboundEvents;
