// The name mail is queued under: lower case, no trailing dot, address literals in brackets.

/** A routing domain or host name in canonical form. Plain string, so that it serves as a map key as it is. */
export type DomainName = string;

/** RFC 4343: names compare without case; RFC 1034 section 3.1: the trailing dot says "absolute" and is not kept. */
export function canonicalDomain(name: string): DomainName {
  const lower = name.toLowerCase();
  return lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
