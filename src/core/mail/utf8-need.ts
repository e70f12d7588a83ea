// Whether mail needs SMTPUTF8 on its way (RFC 6531 section 3.2: it is not asked for where nothing needs it).
import { isAscii } from '../base/octets.ts';
import type { Mailbox, ReversePath } from './mailbox.ts';

/** What is beyond ASCII: the header, and whatever the addresses are; or addresses alone, so that it depends on them. */
export type Utf8Need = 'header' | 'addresses';

/** What a message needs whose client said SMTPUTF8; null for nothing. */
export function utf8NeedOf(
  headerSection: string,
  reversePath: ReversePath,
  mailboxes: readonly Mailbox[],
): Utf8Need | null {
  if (!isAscii(headerSection)) return 'header';
  return isAscii(reversePath ?? '') && mailboxes.every(isAscii) ? null : 'addresses';
}

/** Whether it is needed for these recipients. @param need absent for most mail */
export function needsUtf8(
  need: Utf8Need | undefined,
  reversePath: ReversePath,
  mailboxes: readonly Mailbox[],
): boolean {
  if (need === undefined) return false;
  return need === 'header' || !isAscii(reversePath ?? '') || !mailboxes.every(isAscii);
}
