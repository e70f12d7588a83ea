// The name mail is queued under: lower case, no trailing dot, address literals in brackets.
import { isAscii } from '../base/octets.ts';

/** A routing domain or host name in canonical form. Plain string, so that it serves as a map key as it is. */
export type DomainName = string;

/** RFC 4343: names compare without case; RFC 1034 section 3.1: the trailing dot says "absolute" and is not kept. */
export function canonicalDomain(name: string): DomainName {
  // Latin-1 octets may be UTF-8, of which `toLowerCase` would make something else; such names have no case here.
  const lower = isAscii(name) ? name.toLowerCase() : name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters. */
const NAME_CHARACTERS_MAX = 253;
const HOST_NAME = /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/;

/**
 * Whether a canonical name can be looked up: labels of letters, digits, hyphens and the underscores that exist in
 * practice, within the sizes of RFC 1035. Anything else can exist nowhere and must not reach the wire.
 */
export function isHostName(name: DomainName): boolean {
  return name.length <= NAME_CHARACTERS_MAX && HOST_NAME.test(name);
}
