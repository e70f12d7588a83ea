// What a configuration says about answers of the name service, as routing wants it.
import type { Configuration } from '../config/configuration.ts';
import { domainTest } from '../config/domain-list.ts';
import {
  dnsFailuresToPurge,
  dnsRateLimitEnabled,
  dnsRateLimitMaxQueue,
  dnsRateLimitMxQueries,
  dnsRateLimitPeriod,
  maxDnsTtl,
  minDnsTtl,
  mxFailuresFallbackToA,
  preferIpv6Mxs,
  prohibitedHosts,
  skipHosts,
} from '../config/options/dns-options.ts';
import { relayDomains } from '../config/options/report-options.ts';
import { perConfiguration } from '../config/per-configuration.ts';
import type { DomainName } from '../mail/domain-name.ts';
import type { QueryLimit } from '../routing/query-pacer.ts';
import { NO_POLICY, type RoutePolicy } from '../routing/route-policy.ts';

/** @param isOwn left out where no mail is taken in, as in a simulation */
export function routePolicy(
  configuration: Configuration,
  domain: DomainName,
  isOwn: RoutePolicy['isOwn'] = NO_POLICY.isOwn,
): RoutePolicy {
  const fallback = configuration.value(mxFailuresFallbackToA, { domain });
  return {
    minTtlSeconds: configuration.value(minDnsTtl),
    maxTtlSeconds: configuration.value(maxDnsTtl),
    prefersIpv6: configuration.value(preferIpv6Mxs),
    skipHosts: configuration.value(skipHosts),
    prohibitedHosts: configuration.value(prohibitedHosts),
    mxFailuresFallbackToA: fallback === -1 ? 1 : fallback,
    dnsFailuresToPurge: configuration.value(dnsFailuresToPurge, { domain }),
    isRelayed: relayTest(configuration)?.(domain) === true,
    isOwn,
  };
}

/** Which domains everybody may send to, whatever the listener; null for none. */
const relayTest = perConfiguration((configuration) => domainTest(configuration.value(relayDomains)));

/**
 * What dns_rate_limit_* say, or null for no limit.
 * @param started that of the start, which has the options that wait for one
 */
export function queryLimit(started: Configuration, configuration: Configuration): QueryLimit | null {
  if (!started.value(dnsRateLimitEnabled)) return null;
  return {
    queries: configuration.value(dnsRateLimitMxQueries),
    periodMs: 1000 * configuration.value(dnsRateLimitPeriod),
    waitingMax: started.value(dnsRateLimitMaxQueue),
  };
}

/** Whether routes that were found under one may be used under the other. */
export function isSamePolicy(one: RoutePolicy, other: RoutePolicy): boolean {
  return JSON.stringify(one, withBigInts) === JSON.stringify(other, withBigInts);
}

/** What chooses among the hosts of every domain. */
export const hostRules = perConfiguration((configuration) => {
  const values = [prohibitedHosts, skipHosts, preferIpv6Mxs].map((option) => configuration.value<unknown>(option));
  return JSON.stringify(values, withBigInts);
});

/** Addresses are numbers that JSON has no form for. */
const withBigInts = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
