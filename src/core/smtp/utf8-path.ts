// Paths with UTF-8 in them (RFC 6531 section 3.3), for clients that said SMTPUTF8. What is told of their ASCII is the same
// as of other paths: each octet beyond it counts as a letter, and then the whole has to be UTF-8 that prints as itself.
import { isAscii, textOfUtf8 } from '../base/octets.ts';
import { printable } from '../base/printable.ts';
import type { DomainName } from '../mail/domain-name.ts';
import { domainOf, localPart, type Mailbox } from '../mail/mailbox.ts';
import { type ParsedPath, parsePath } from './path.ts';

/** The name in DNS of a domain in Unicode (its A-labels, RFC 5890); null when it has none. */
export type AsciiDomain = (domain: string) => string | null;

export type ParsedUtf8Path =
  | ParsedPath
  | {
      readonly kind: 'utf8Mailbox';
      /** Octets as Latin-1, as the client spelt it. */
      readonly mailbox: Mailbox;
      /** The same with the name of the domain in DNS, which configuration and routes go by. */
      readonly routable: Mailbox;
      readonly hasDomain: boolean;
      readonly end: number;
    };

/** The same for a domain as octets; without a name in DNS it stays, and is found nowhere. */
export function nameInDns(domain: DomainName, asciiDomain: AsciiDomain | undefined): DomainName {
  if (isAscii(domain)) return domain;
  const characters = textOfUtf8(domain);
  return (characters === null ? null : asciiDomain?.(characters)) ?? domain;
}

/** A mailbox as configuration and routes know it: with the name of its domain in DNS. */
export function mailboxInDns(mailbox: Mailbox, asciiDomain: AsciiDomain | undefined): Mailbox {
  return isAscii(mailbox) ? mailbox : `${localPart(mailbox)}@${nameInDns(domainOf(mailbox), asciiDomain)}`;
}

/** @param start index of `<` in a command line of Latin-1 @param asciiDomain null where the extension is not offered */
export function parseAnyPath(text: string, start: number, asciiDomain: AsciiDomain | null): ParsedUtf8Path {
  const path = parsePath(text, start);
  if (path.kind !== 'problem' || asciiDomain === null || isAscii(text)) return path;
  const masked = parsePath(text.replace(/[^\x00-\x7f]/g, 'x'), start);
  if (masked.kind !== 'mailbox') return masked;
  const { hasDomain, end } = masked;
  const mailbox = text.slice(end - 1 - masked.mailbox.length, end - 1);
  if (isAscii(mailbox)) return masked; // what is not stands in the parameters
  const characters = textOfUtf8(mailbox);
  if (characters === null || printable(characters) !== characters) return { kind: 'problem', problem: 'localPart' };
  if (!hasDomain) return { kind: 'utf8Mailbox', mailbox, routable: mailbox, hasDomain, end };
  const domain = isAscii(domainOf(mailbox)) ? domainOf(mailbox) : asciiDomain(domainOf(characters));
  if (domain === null) return { kind: 'problem', problem: 'domain' };
  return { kind: 'utf8Mailbox', mailbox, routable: `${localPart(mailbox)}@${domain}`, hasDomain, end };
}

/** RFC 5321 section 4.1.1.3: mail for `postmaster` without a domain is mail for this host. */
export function qualified(
  path: ParsedUtf8Path & { readonly kind: 'mailbox' | 'utf8Mailbox' },
  hostname: string,
): string {
  return path.hasDomain ? path.mailbox : `${path.mailbox}@${hostname}`;
}
