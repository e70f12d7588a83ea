// MAIL as this receiver understands it, and why a message cannot go to it whatever is said: what it offered in its answer
// to EHLO decides both.
import { type Failure, STAGE } from '../mail/disposition.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import type { ContentForm, Transaction } from './client-actions.ts';
import type { Extensions } from './extensions.ts';
import { refusal } from './running-transaction.ts';

/** With its line end. */
export function mailCommand(
  { reversePath, size, eightBit }: Transaction,
  extensions: Extensions,
  form: ContentForm,
): string {
  let command = `MAIL FROM:<${reversePath ?? ''}>`;
  // What it is not stored as has a size that nobody knows yet.
  if (extensions.size && form === 'stored') command += ` SIZE=${size}`;
  if (eightBit && extensions.eightBitMime) command += ' BODY=8BITMIME';
  return `${command}\r\n`;
}

/** How the content goes to this receiver. */
export function formFor({ eightBit }: Transaction, { eightBitMime }: Extensions, transforms: boolean): ContentForm {
  return eightBit && transforms && !eightBitMime ? 'sevenBit' : 'stored';
}

export function rcptCommand(mailbox: Mailbox): string {
  return `RCPT TO:<${mailbox}>\r\n`;
}

/**
 * Null when it may be tried. RFC 1870 section 5: a message above the largest size that the receiver names would be refused
 * there for good, so it is here, at the stage of the command that is not sent.
 */
export function obstacleTo({ size }: Transaction, { sizeMax }: Extensions): Failure | null {
  if (sizeMax === 0 || size <= sizeMax) return null;
  const reply = `552 5.3.4 [internal] message of ${size} octets exceeds the receiver's limit of ${sizeMax}`;
  return refusal(reply, STAGE.duringMail, 0);
}
