// A message as the product holds it: one record per inbound transaction, with header section and body stored once and
// one recipient entry per forward-path, each with its own message id, routing domain and binding.
import type { WallMs } from '../base/moment.ts';
import type { DomainName } from './domain-name.ts';
import type { MailId } from './ids.ts';
import type { Mailbox, ReversePath } from './mailbox.ts';
import type { MessageRequest, RecipientRequest } from './notification-request.ts';
import type { Utf8Need } from './utf8-need.ts';

/** One forward-path of a transaction. */
export interface Recipient extends QueuePlace {
  readonly messageId: MailId;
  readonly mailbox: Mailbox;
  /** Absent where the sender asked for nothing, so that it costs nothing. */
  readonly request?: RecipientRequest;
}

/** Where mail is queued. */
export interface QueuePlace {
  /** The name it is queued under. */
  readonly routingDomain: DomainName;
  readonly binding: string;
}

/** Whom a message came from. */
export interface MessageClient {
  /** Without brackets. */
  readonly address: string;
  readonly port: number;
  /** What it called itself in EHLO or HELO, as Latin-1. */
  readonly name: string;
}

/** All that is known of a message beside its content. Goes into the spool record as it is. */
export interface Envelope {
  readonly batchId: MailId;
  readonly receivedAt: WallMs;
  readonly reversePath: ReversePath;
  readonly recipients: readonly Recipient[];
  /** BODY=8BITMIME was declared by the client. */
  readonly eightBit: boolean;
  /** Octets of the content as it is stored and sent, header section included, without dot-stuffing and final dot. */
  readonly size: number;
  /** `esmtp`, `internal` and so on: the protocol field of reception records. */
  readonly protocol: string;
  /** Absent for mail of our own. */
  readonly client?: MessageClient;
  /** Absent where the sender asked for nothing. */
  readonly request?: MessageRequest;
  /** Absent where nothing needs SMTPUTF8. */
  readonly utf8?: Utf8Need;
}

/**
 * The body of a message that just came in is lent up to this size: it is there until the call that brings it returns, and
 * who keeps it copies it. A larger one is given away.
 */
export const LENT_OCTETS_MAX = 65_536;

/**
 * The content in the two parts in which it is stored. The header section is complete lines with CRLF, Latin-1, without
 * the blank line; the body is wire form (dot-stuffed, ended by the final `.` CRLF) and starts behind the blank line.
 * On the wire stand: header section, CRLF, body.
 */
export interface Content {
  readonly headerSection: string;
  readonly body: readonly Uint8Array[];
}

/** What the spool keeps of one recipient after an attempt (design: settlement). */
export type Settlement =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'deferred'; readonly retries: number; readonly nextAttemptAt: WallMs };

/** The envelope with a recipient queued elsewhere. */
export function withPlace(envelope: Envelope, index: number, { routingDomain, binding }: QueuePlace): Envelope {
  const recipients = envelope.recipients.slice();
  recipients[index] = { ...recipients[index]!, routingDomain, binding };
  return { ...envelope, recipients };
}
