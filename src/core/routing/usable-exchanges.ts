// What of an MX answer is used. The records are the receiving domain's word and therefore anything at all.
import { canonicalDomain, type DomainName, isHostName } from '../mail/domain-name.ts';
import { hostAddress } from '../mail/host-address.ts';

/** The best ones are used; a domain with more wants to be looked up a lot, not to get mail. */
export const EXCHANGES_MAX = 100;

export interface Exchange {
  readonly preference: number;
  /** A host name, or an address, which RFC 5321 section 5.1 forbids and some domains have. */
  readonly name: DomainName;
}

/** Null: the domain says by RFC 7505 that it takes no mail. */
export function usableExchanges(records: readonly { preference: number; exchange: string }[]): Exchange[] | null {
  const best = new Map<DomainName, number>();
  for (const { preference, exchange } of records) {
    const name = canonicalDomain(exchange);
    if (!isHostName(name) && hostAddress(name) === null) continue;
    const known = best.get(name);
    if (known === undefined || preference < known) best.set(name, preference);
  }
  // RFC 7505 section 3: only a null exchange that stands alone means that; beside others it is left out.
  if (best.size === 0 && records.length > 0 && records.every(isNull)) return null;
  return Array.from(best, ([name, preference]) => ({ preference, name }))
    .sort((a, b) => a.preference - b.preference)
    .slice(0, EXCHANGES_MAX);
}

const isNull = ({ exchange }: { exchange: string }): boolean => exchange === '' || exchange === '.';
