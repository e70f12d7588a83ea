// What the name service says, with proof, about the certificate of a mail exchanger (TLSA records: RFC 6698 as RFC 7672
// uses them for SMTP), and which of it can be acted on.
import type { DomainName } from './domain-name.ts';

export interface TlsaRecord {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** Lower-case hexadecimal. */
  readonly data: string;
}

/** What a host promises about its certificate. */
export interface HostTlsa {
  /** The name that has the records: the server name of the handshake, and the first name that a certificate may bear. */
  readonly base: DomainName;
  /** Usable ones only. Empty: there are records, but none that can be acted on. */
  readonly records: readonly TlsaRecord[];
  /** Names of which a certificate must bear one where an authority vouches for it (usage 2), `base` among them. */
  readonly names: readonly DomainName[];
  /** Equal for equal promises only. */
  readonly key: string;
}

/** DANE-TA: an authority that signed the certificate. */
export const TRUST_ANCHOR = 2;
/** DANE-EE: the certificate itself, or its key. */
export const END_ENTITY = 3;

/** Selectors (RFC 6698 section 2.1.2). */
export const WHOLE_CERTIFICATE = 0;
export const PUBLIC_KEY = 1;

/** Matching types (RFC 6698 section 2.1.3). */
export const EXACT = 0;
export const SHA_256 = 1;
export const SHA_512 = 2;

/** Records of a host that are looked at. More than a change of keys needs by far. */
const RECORDS_MAX = 32;
const OCTETS_BY_DIGEST: Readonly<Record<number, number>> = { [SHA_256]: 32, [SHA_512]: 64 };

/**
 * RFC 7672 section 3.1.3: usages 0 and 1 are not for SMTP. RFC 7671 section 9: of two digests of one thing the stronger
 * one speaks.
 */
export function usableRecords(records: readonly TlsaRecord[]): TlsaRecord[] {
  const usable = records.filter(isUsable);
  const isStronger = (one: TlsaRecord, other: TlsaRecord): boolean =>
    one.matchingType === SHA_512 &&
    other.matchingType === SHA_256 &&
    one.usage === other.usage &&
    one.selector === other.selector;
  return usable.filter((record) => !usable.some((other) => isStronger(other, record))).slice(0, RECORDS_MAX);
}

function isUsable({ usage, selector, matchingType, data }: TlsaRecord): boolean {
  if (usage !== TRUST_ANCHOR && usage !== END_ENTITY) return false;
  if (selector !== WHOLE_CERTIFICATE && selector !== PUBLIC_KEY) return false;
  if (matchingType === EXACT) return data !== '';
  return data.length === OCTETS_BY_DIGEST[matchingType]! * 2;
}

/** @param others names that a certificate may bear besides `base` */
export function hostTlsa(base: DomainName, records: readonly TlsaRecord[], others: readonly DomainName[]): HostTlsa {
  const usable = usableRecords(records);
  const names = [...new Set([base, ...others])];
  const lines = usable.map(formatTlsa).sort();
  // Names matter where an authority vouches for them.
  const hasAnchor = usable.some(({ usage }) => usage === TRUST_ANCHOR);
  return { base, records: usable, names, key: JSON.stringify([base, lines, hasAnchor ? names : []]) };
}

export const formatTlsa = ({ usage, selector, matchingType, data }: TlsaRecord): string =>
  `${usage} ${selector} ${matchingType} ${data}`;
