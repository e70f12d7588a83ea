// What routing asks the name service and what it may be told, as values. The Resolver port speaks these too.

export type DnsType = 'MX' | 'A' | 'AAAA';

/** Answers as values. `ttlSeconds` is the smallest of the answer, or the negative TTL. */
export type DnsAnswer =
  | {
      readonly kind: 'mx';
      readonly records: readonly { preference: number; exchange: string }[];
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttlSeconds: number }
  /** The name exists, but has no record of that type. */
  | { readonly kind: 'noData'; readonly ttlSeconds: number }
  | { readonly kind: 'noName'; readonly ttlSeconds: number }
  /** No usable answer from any server: timeout, SERVFAIL, REFUSED, garbage. */
  | { readonly kind: 'unavailable'; readonly reason: string };
