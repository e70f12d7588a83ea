// local@domain, as it stands in the envelope.
import { canonicalDomain, type DomainName } from './domain-name.ts';

/** Without the angle brackets, spelt as the client gave it (a quoted local part keeps its quotes). */
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
