// What decides where mail goes, and the name under which the answer is kept.
import type { DomainName } from '../mail/domain-name.ts';
import type { RoutePolicy } from './route-policy.ts';

export interface RouteRequest {
  /** The routing domain, canonical; an address literal in brackets is taken as it is. */
  readonly domain: DomainName;
  /** Smart host that takes the mail of every domain, or null. It comes before `routes`. */
  readonly gateway: string | null;
  /** Items of `routes`; empty for the exchangers of the domain. */
  readonly routes: readonly string[];
  /** Remote_SMTP_Port. */
  readonly port: number;
  /** Look up and use IPv6 addresses. Addresses that are written out are used either way. */
  readonly useIpv6: boolean;
  /** Look up what hosts promise about their certificates, and leave out those that cannot be asked (DANE). */
  readonly usesDane?: boolean;
  /** Hosts are wanted as soon as one is known (Fully_Resolve_Before_SMTP = false). No part of the key. */
  readonly takesFirst?: boolean;
  /** No part of the key: the same for all requests to a domain at a time. */
  readonly policy: RoutePolicy;
}

/**
 * Requests with one key have one route. Callers that ask often keep it. The domain is part of it only where it matters,
 * so that a million domains behind one gateway are looked up once.
 */
export function routeKey({ domain, gateway, routes, port, useIpv6, usesDane }: RouteRequest): string {
  const rest = `${port}\n${useIpv6 ? '46' : '4'}${usesDane ? ' dane' : ''}`;
  if (gateway !== null) return `gateway\n${rest}\n${gateway}`;
  if (routes.length === 0) return `domain\n${rest}\n${domain}`;
  const isOfDomain = routes.some((item) => item.toLowerCase().includes('__mx__'));
  return `routes\n${rest}\n${isOfDomain ? domain : ''}\n${routes.join('\n')}`;
}
