// Where a routing domain's mail may go: the result of routing, the input of host selection.
import type { HostTlsa } from './dane.ts';
import type { StsPolicy } from './sts-policy.ts';

/** One address of one mail exchanger. */
export interface Candidate {
  /** MX host name, canonical; the routing domain itself when there is no MX; the address for an address route. */
  readonly host: string;
  /** IPv4 or IPv6 address without brackets. */
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** Lower is better (RFC 5321 section 5.1). */
  readonly preference: number;
  /** What DNS proves about the certificate of the host, for mail whose settings ask for that (DANE). */
  readonly tlsa?: HostTlsa;
  /** The policy of MTA-STS that the domain has, if its mode is `enforce` or `testing`. */
  readonly sts?: StsPolicy;
}

/** The answer of routing for a domain. Candidates are sorted by preference; equal ones are in no order. */
export type Route =
  | {
      readonly kind: 'hosts';
      readonly candidates: readonly Candidate[];
      readonly ttlMs: number;
      /** The host that is this server: it was left out, with all of the same and of a worse preference. Absent: none is. */
      readonly ownHost?: string;
    }
  /** Nothing to connect to. `reply` is the documented internal text, its first digit says transient or permanent. */
  | { readonly kind: 'unroutable'; readonly reply: string; readonly ttlMs: number }
  /** Nobody can be asked: no name server answers anything. It says nothing about the domain, and ends by itself. */
  | { readonly kind: 'outage' }
  /** Hosts that are known while others are looked up, for mail that does not wait for all. That they fail says little. */
  | PartialRoute;

export interface PartialRoute {
  readonly kind: 'partial';
  readonly candidates: readonly Candidate[];
}

/** What routing for one domain comes to when there was an answer. */
export type KnownRoute = Exclude<Route, { kind: 'outage' | 'partial' }>;
