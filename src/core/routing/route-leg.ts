// The legs of a route: one per item of `routes`, or one for the gateway or for the domain itself. A leg ends in hosts, or
// in the reason why there are none. This file says which legs a request has; lookup and assembly fill and read them.
import { type DomainName, isHostName } from '../mail/domain-name.ts';
import { type HostAddress, hostAddress, parseAddressLiteral } from '../mail/host-address.ts';
import {
  type ParsedTarget,
  parseGateway,
  parseRouteItem,
  type RouteItem,
  type TargetProblem,
} from '../mail/route-target.ts';
import type { RouteRequest } from './route-request.ts';
import type { Exchange } from './usable-exchanges.ts';

export type LegOutcome =
  | { readonly kind: 'pending' }
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly Exchange[];
      readonly ttlSeconds: number;
      readonly origin: Origin;
    }
  | { readonly kind: 'address'; readonly address: HostAddress }
  | { readonly kind: 'nullMx'; readonly ttlSeconds: number }
  | { readonly kind: 'nothing'; readonly ttlSeconds: number }
  /** The domain is an alias of a name that does not exist. */
  | { readonly kind: 'dangling'; readonly target: DomainName; readonly ttlSeconds: number }
  /** A name that cannot exist. */
  | { readonly kind: 'impossible' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What led to the hosts of a leg. */
export interface Origin {
  /** Nobody but the domain, or the operator, can have named these hosts. */
  readonly isAuthentic: boolean;
  /** The name that was looked up, and what it is an alias of. */
  readonly names: readonly DomainName[];
}

export interface Leg {
  /** Whose exchangers or addresses are wanted; an address in text for a leg that is one. */
  readonly name: DomainName;
  readonly by: 'mx' | 'a';
  /** Preference of the leg among others; null when it is the only one and the exchangers' own preferences stand. */
  readonly preference: number | null;
  /** What the operator set in place of the TTLs of DNS, or null. */
  readonly ttlSeconds: number | null;
  readonly port: number;
  /** An address that the operator wrote; the policy for answers of the name service is not asked about it. */
  readonly isWritten: boolean;
  outcome: LegOutcome;
}

export type LegPlan =
  | { readonly kind: 'legs'; readonly legs: readonly Leg[] }
  | { readonly kind: 'problem'; readonly option: 'gateway' | 'routes'; readonly problem: TargetProblem };

const PENDING: LegOutcome = { kind: 'pending' };

/** Reading: a gateway comes before routes, since the mail then belongs to the gateway's name (ref-gateway). */
export function legsOf(request: RouteRequest): LegPlan {
  if (request.gateway !== null) return planOf('gateway', [parseGateway(request.gateway)], request);
  if (request.routes.length > 0) return planOf('routes', request.routes.map(parseRouteItem), request);
  return { kind: 'legs', legs: [domainLeg(request, null, null, request.port)] };
}

function planOf(option: 'gateway' | 'routes', parsed: readonly ParsedTarget[], request: RouteRequest): LegPlan {
  const legs: Leg[] = [];
  let behind = 0;
  for (const one of parsed) {
    // A list that is read in part would send mail where the operator did not want it.
    if (one.kind === 'problem') return { kind: 'problem', option, problem: one.problem };
    const preference = one.item.preference ?? (parsed.length === 1 ? null : behind);
    behind = (preference ?? 0) + 1;
    legs.push(legTo(one.item, preference, request));
  }
  return { kind: 'legs', legs };
}

function legTo({ target, ttlSeconds, port: own }: RouteItem, preference: number | null, request: RouteRequest): Leg {
  const port = own ?? request.port;
  switch (target.kind) {
    case 'domain':
      return domainLeg(request, preference, ttlSeconds, port);
    case 'name':
      return { name: target.name, by: target.by, preference, ttlSeconds, port, isWritten: false, outcome: PENDING };
    case 'address':
      return addressLeg(target, preference, ttlSeconds, port, true);
  }
}

/** The domain's own exchangers, or the address that the domain is (RFC 5321 section 4.1.3; a `domain` stanza may be bare). */
function domainLeg({ domain }: RouteRequest, preference: number | null, ttlSeconds: number | null, port: number): Leg {
  const address = parseAddressLiteral(domain) ?? hostAddress(domain);
  if (address !== null) return addressLeg(address, preference, ttlSeconds, port, false);
  const outcome: LegOutcome = isHostName(domain) ? PENDING : { kind: 'impossible' };
  return { name: domain, by: 'mx', preference, ttlSeconds, port, isWritten: false, outcome };
}

function addressLeg(
  { address, family }: HostAddress,
  preference: number | null,
  ttlSeconds: number | null,
  port: number,
  isWritten: boolean,
): Leg {
  const outcome: LegOutcome = { kind: 'address', address: { address, family } };
  return { name: address, by: 'a', preference, ttlSeconds, port, isWritten, outcome };
}
