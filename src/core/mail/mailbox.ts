// local@domain, as it stands in the envelope.
import { textOfUtf8 } from '../base/octets.ts';
import { canonicalDomain, type DomainName } from './domain-name.ts';

/**
 * Without the angle brackets, spelt as the client gave it (a quoted local part keeps its quotes). Octets as Latin-1: what is
 * beyond ASCII is UTF-8 (RFC 6531).
 */
export type Mailbox = string;

/** The envelope sender; null for `<>` (RFC 5321 section 4.5.5: bounces and the like, never answered by a bounce). */
export type ReversePath = Mailbox | null;

/** What stands before the last `@`; the whole text when there is none (`postmaster`). */
export function localPart(mailbox: Mailbox): string {
  const at = mailbox.lastIndexOf('@');
  return at < 0 ? mailbox : mailbox.slice(0, at);
}

/** What stands behind the last `@`, canonical; empty when there is none. */
export function domainOf(mailbox: Mailbox): DomainName {
  const at = mailbox.lastIndexOf('@');
  return at < 0 ? '' : canonicalDomain(mailbox.slice(at + 1));
}

/** For people: the characters that its octets are. */
export function mailboxText<T extends ReversePath>(mailbox: T): T | string {
  return mailbox === null ? mailbox : (textOfUtf8(mailbox) ?? mailbox);
}
