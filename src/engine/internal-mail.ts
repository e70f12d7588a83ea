// What mail that this server writes itself has in common: notices to senders, reports to domains.
import { isAscii } from '../core/base/octets.ts';
import type { Random } from '../core/base/random.ts';
import type { MailId } from '../core/mail/ids.ts';
import type { Envelope, Recipient } from '../core/mail/message.ts';

/** From the null reverse-path to one recipient (RFC 5321 section 4.5.5). */
export function internalEnvelope(
  batchId: MailId,
  recipient: Recipient,
  { receivedAt, eightBit, size }: Pick<Envelope, 'receivedAt' | 'eightBit' | 'size'>,
): Envelope {
  return {
    batchId,
    receivedAt,
    reversePath: null,
    recipients: [recipient],
    eightBit,
    size,
    protocol: 'internal',
    ...(isAscii(recipient.mailbox) ? null : { utf8: 'header' as const }),
  };
}

/** Between the parts of a multipart. */
export function newBoundary(random: Random): string {
  return `=_${random.below(2 ** 32).toString(36)}${random.below(2 ** 32).toString(36)}`;
}
