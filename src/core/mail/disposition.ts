// How an attempt ended for one recipient.
import { type MailId, NO_ID } from './ids.ts';

/** The step of the SMTP conversation at which an attempt ended, by its documented number (docs/logs.md, "Stages"). */
export const STAGE = {
  notConnected: 0,
  idle: 1,
  duringMail: 2,
  afterMail: 3,
  duringRcpt: 4,
  afterRcpt: 5,
  duringData: 6,
  afterData: 7,
  sendingBody: 8,
  readingConfirmation: 9,
  duringEhlo: 10,
  afterEhlo: 11,
  readingBanner: 12,
  duringRset: 13,
  afterRset: 14,
  duringStarttls: 15,
  afterStarttls: 16,
  tlsHandshake: 17,
  duringXclient: 19,
  afterXclient: 20,
  outOfBandBounce: 21,
  unknown: 22,
} as const;

export type Stage = (typeof STAGE)[keyof typeof STAGE];

/** Literal names as the console prints them behind `State:`. */
export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  0: 'while not connected',
  1: 'while idle',
  2: 'during MAIL FROM',
  3: 'after MAIL FROM',
  4: 'during RCPT TO',
  5: 'after RCPT TO',
  6: 'during DATA',
  7: 'after DATA',
  8: 'while sending BODY',
  9: 'reading confirmation',
  10: 'during EHLO',
  11: 'after EHLO',
  12: 'reading BANNER',
  13: 'during RSET',
  14: 'after RSET',
  15: 'during STARTTLS',
  16: 'after STARTTLS',
  17: 'handshaking TLS',
  19: 'during XCLIENT',
  20: 'after XCLIENT',
  21: 'out of band bounce',
  22: 'in unknown state',
};

/** What may be said of mail that a receiver took (RFC 3464 section 2.3.3): it went on, or it is in the mailbox. */
export type SuccessAction = 'relayed' | 'delivered';

/** The outcome for one recipient. `reply` is the text for the records: code, then text, one line. */
export type Disposition =
  | {
      readonly kind: 'delivered';
      readonly reply: string;
      /** Some sender of the transaction asked to hear of success, and the receiver will not tell him. */
      readonly successAction?: SuccessAction;
    }
  | { readonly kind: 'transientFailure'; readonly reply: string; readonly stage: Stage; readonly bytesSent: number }
  | { readonly kind: 'permanentFailure'; readonly reply: string; readonly stage: Stage; readonly bytesSent: number };

/** Which connection carried an attempt; `null` address and NO_ID when there was none. */
export interface AttemptSource {
  readonly connectionId: MailId;
  readonly address: string | null;
}

/** For attempts that ended before there was a connection. */
export const NO_CONNECTION: AttemptSource = { connectionId: NO_ID, address: null };

export type Failure = Exclude<Disposition, { readonly kind: 'delivered' }>;

/** An attempt that ended without a connection; the first digit of the reply says whether for good. */
export function notConnected(reply: string): Failure {
  const kind = reply.startsWith('5') ? 'permanentFailure' : 'transientFailure';
  return { kind, reply, stage: STAGE.notConnected, bytesSent: 0 };
}
