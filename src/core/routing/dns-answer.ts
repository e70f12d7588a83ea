// What the core asks the name service and what it may be told, as values. The Resolver port speaks these too.
import type { TlsaRecord } from '../mail/dane.ts';

export type DnsType = 'MX' | 'A' | 'AAAA' | 'CNAME' | 'TLSA' | 'TXT';

/** Answers as values. `ttlSeconds` is the smallest of the answer, or the negative TTL. */
export type DnsAnswer =
  | (Found & {
      readonly kind: 'mx';
      readonly records: readonly { preference: number; exchange: string }[];
    })
  | (Found & { readonly kind: 'addresses'; readonly addresses: readonly string[] })
  /** The name is another's alias: the answer to a question for CNAME only, other questions follow aliases. */
  | (Found & { readonly kind: 'alias' })
  | (Found & { readonly kind: 'tlsa'; readonly records: readonly TlsaRecord[] })
  /** Each record as one text, however many strings it was sent in. */
  | (Found & { readonly kind: 'texts'; readonly texts: readonly string[] })
  /** The name exists, but has no record of that type. */
  | (Found & { readonly kind: 'noData' })
  /** With `canonicalName`, the name is there as an alias of one that is not. */
  | (Found & { readonly kind: 'noName' })
  /** No usable answer from any server: timeout, SERVFAIL, REFUSED, garbage. */
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      /** No server gave any sign of life: it may be this machine that is cut off. */
      readonly isSilent?: boolean;
      /** It is: nobody answers anything. This says nothing about the name. */
      readonly isOutage?: boolean;
    };

interface Found {
  readonly ttlSeconds: number;
  /** The resolver says that all of the answer is proved by DNSSEC (RFC 6840 section 5.8, the AD bit). Absent: not so. */
  readonly isAuthentic?: boolean;
  /** Where aliases led to, if there were any, and how many. */
  readonly canonicalName?: string;
  readonly aliases?: number;
}
