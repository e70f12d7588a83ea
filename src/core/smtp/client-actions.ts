// What the client session is given and what it asks for: the message as it is sent, the settings in force, and the
// actions of its owner. The owner is engine/outbound-session.ts, and a test or the simulation in its place.
import type { Disposition, Stage } from '../mail/disposition.ts';
import type { Mailbox, ReversePath } from '../mail/mailbox.ts';
import type { MessageClient } from '../mail/message.ts';
import type { MessageRequest, RecipientRequest } from '../mail/notification-request.ts';
import type { PolicyVerify, TlsMode } from '../mail/tls-policy.ts';
import type { Login } from './client-login.ts';
import type { Blame } from './client-opening.ts';

/** One message for some recipients, as it is sent. */
export interface Transaction {
  readonly reversePath: ReversePath;
  /** Never empty. */
  readonly mailboxes: readonly Mailbox[];
  /** Octets of the content, for SIZE and for the records. */
  readonly size: number;
  /** The client declared BODY=8BITMIME. */
  readonly eightBit: boolean;
  /** Whom we have it from; null for mail of our own. */
  readonly client: MessageClient | null;
  /** It has addresses or header fields beyond ASCII, and its client said SMTPUTF8. */
  readonly needsUtf8?: boolean;
  /** What the sender wants to hear of the message (RFC 3461); left out when that is nothing. */
  readonly request?: MessageRequest | undefined;
  /** The same of the mailbox at a place. */
  requestOf?(place: number): RecipientRequest | undefined;
  /** Whether he wants to hear of success for any of them. */
  readonly asksForSuccess?: boolean;
}

export interface ClientTimeouts {
  readonly ehloMs: number;
  readonly mailFromMs: number;
  readonly rcptToMs: number;
  readonly bodyMs: number;
  readonly rsetMs: number;
}

export interface ClientSettings {
  readonly ehloHostname: string;
  readonly pipelining: 'no' | 'envelope' | 'overlap';
  readonly timeouts: ClientTimeouts;
  /** 8-bit content becomes quoted-printable for receivers without 8BITMIME (design decision 23). */
  readonly transformsEightBit: boolean;
  /** How long a session without mail is kept. */
  readonly idleTimeoutMs: number;
}

/** How one session is protected. Fixed for its life, whatever becomes of the settings. */
export interface SessionTls {
  readonly mode: TlsMode;
  readonly verify: PolicyVerify;
}

/** As it is stored, or without 8-bit octets in the bodies of its parts (RFC 6152 section 3). */
export type ContentForm = 'stored' | 'sevenBit';

/** ESMTP; SMTP without extensions, greeted with HELO; LMTP (RFC 2033). */
export type DeliveryMethod = 'esmtp' | 'smtp' | 'lmtp';

/** What a receiver is asked for before any mail, beside TLS. Fixed for the life of a session like that. */
export interface SessionTerms {
  readonly method: DeliveryMethod;
  /** Null: we do not log in. */
  readonly login: Login | null;
  /** Whether it is told before each message whom we have that from. */
  readonly xclient: 'no' | 'ifavailable' | 'required';
  /** Equal for equal terms only; empty for ESMTP without anything else. */
  readonly key: string;
}

export interface ClientActions<T extends Transaction> {
  /** The settings in force; asked when a command is written, so that changes take effect with the next one. */
  readonly settings: ClientSettings;
  readonly tls: SessionTls;
  readonly terms: SessionTerms;
  write(text: string): void;
  writeContent(transaction: T, form: ContentForm): void;
  flush(): void;
  /** Our FIN; the peer's has come. */
  end(): void;
  /** RST: the peer cannot be brought to an orderly end. */
  reset(): void;
  /** Encrypts the connection from here on; `ClientSession.secured` or `tlsFailed` follows. */
  startTls(): void;
  /** For a login by CRAM-MD5. */
  keyedMd5(key: string, text: string): string;
  /** Calls `ClientSession.timedOut` in so many milliseconds; replaces what was asked before. */
  setDeadline(ms: number): void;
  /** The next transaction. `whileBusy`: it would be sent ahead; then `idle` means that there is none to send ahead. */
  next(whileBusy: boolean): T | 'idle' | 'leave';
  /** The session takes no mail any more. Told once, before QUIT, end or reset. */
  leaving(): void;
  /** The receiver greeted us and may be used. */
  ready(): void;
  /** It may not: it refused us, broke off or kept silent before the first transaction. `leaving` was told before. */
  hostFailed(reply: string, stage: Stage, blame: Blame): void;
  /** A transaction is over; one outcome for each mailbox, in order. */
  attempted(transaction: T, outcomes: readonly Disposition[]): void;
  /** A transaction that never was an attempt: it goes back to its queue as it was. */
  returned(transaction: T): void;
}
