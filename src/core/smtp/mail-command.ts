// MAIL as this receiver understands it, and why a message cannot go to it whatever is said: what it offered in its answer
// to EHLO decides both.
import { type Failure, STAGE, type SuccessAction } from '../mail/disposition.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import type { RecipientRequest } from '../mail/notification-request.ts';
import type { ContentForm, DeliveryMethod, Transaction } from './client-actions.ts';
import type { Extensions } from './extensions.ts';
import { refusal } from './running-transaction.ts';

/** RFC 6531 section 3.5 has the code. */
const UTF8_NOT_OFFERED = '550 5.6.7 [internal] message needs SMTPUTF8, which the receiver does not offer';

/** With its line end. */
export function mailCommand(
  { reversePath, size, eightBit, needsUtf8, request }: Transaction,
  extensions: Extensions,
  form: ContentForm,
): string {
  let command = `MAIL FROM:<${reversePath ?? ''}>`;
  // What it is not stored as has a size that nobody knows yet.
  if (extensions.size && form === 'stored') command += ` SIZE=${size}`;
  if (eightBit && extensions.eightBitMime) command += ' BODY=8BITMIME';
  if (needsUtf8 === true) command += ' SMTPUTF8'; // or it would not go to this receiver
  if (request !== undefined && extensions.dsn) {
    if (request.returns !== null) command += request.returns === 'full' ? ' RET=FULL' : ' RET=HDRS';
    if (request.envelopeId !== null) command += ` ENVID=${request.envelopeId}`;
  }
  return `${command}\r\n`;
}

/** How the content goes to this receiver. */
export function formFor({ eightBit }: Transaction, { eightBitMime }: Extensions, transforms: boolean): ContentForm {
  return eightBit && transforms && !eightBitMime ? 'sevenBit' : 'stored';
}

/** @param request of its sender, for receivers that offer DSN (RFC 3461 section 5.2.1: as it came) */
export function rcptCommand(mailbox: Mailbox, request: RecipientRequest | undefined, { dsn }: Extensions): string {
  if (request === undefined || !dsn) return `RCPT TO:<${mailbox}>\r\n`;
  const { notify, originalRecipient } = request;
  const parameters =
    (notify === null ? '' : ` NOTIFY=${notify.text}`) +
    (originalRecipient === null ? '' : ` ORCPT=${originalRecipient}`);
  return `RCPT TO:<${mailbox}>${parameters}\r\n`;
}

/** What is to be told of success; null where nobody asked, or the receiver is told to do it (RFC 3461 section 5.2). */
export function successActionFor(
  { asksForSuccess }: Transaction,
  { dsn }: Extensions,
  method: DeliveryMethod,
): SuccessAction | null {
  if (asksForSuccess !== true || dsn) return null;
  return method === 'lmtp' ? 'delivered' : 'relayed'; // RFC 2033 section 1: LMTP ends in the mailbox
}

/**
 * Null when it may be tried. RFC 1870 section 5: a message above the largest size that the receiver names would be refused
 * there for good, so it is here, at the stage of the command that is not sent. RFC 6531 section 3.2: what needs SMTPUTF8
 * does not go to whoever does not offer it.
 */
export function obstacleTo({ size, needsUtf8 }: Transaction, { sizeMax, smtpUtf8 }: Extensions): Failure | null {
  if (needsUtf8 === true && !smtpUtf8) return refusal(UTF8_NOT_OFFERED, STAGE.duringMail, 0);
  if (sizeMax === 0 || size <= sizeMax) return null;
  const reply = `552 5.3.4 [internal] message of ${size} octets exceeds the receiver's limit of ${sizeMax}`;
  return refusal(reply, STAGE.duringMail, 0);
}
