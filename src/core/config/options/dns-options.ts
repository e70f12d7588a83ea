// What is made of answers of the name service (docs/routing.md).
import type { IpBlock } from '../../base/ip-address.ts';
import { GLOBAL_CHAIN, SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import {
  ADDRESS_BLOCKS,
  BOOLEAN,
  COUNT,
  COUNT_FROM_1000,
  COUNT_OR_MINUS_ONE,
  POSITIVE_COUNT,
  POSITIVE_SECONDS,
  TTL_SECONDS,
} from '../value-type.ts';

export const minDnsTtl = option<number>({
  name: 'min_dns_ttl',
  display: 'Min_DNS_TTL',
  type: TTL_SECONDS,
  default: 0,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'shortest time that an answer is used, in seconds',
});

export const maxDnsTtl = option<number>({
  name: 'max_dns_ttl',
  display: 'Max_DNS_TTL',
  type: TTL_SECONDS,
  default: 4_294_967_295,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'longest time that an answer is used, in seconds; never more than a week',
});

export const preferIpv6Mxs = option<boolean>({
  name: 'prefer_ipv6_mxs',
  display: 'Prefer_IPv6_MXs',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'whether IPv6 addresses come first within a preference',
});

export const skipHosts = option<readonly IpBlock[]>({
  name: 'skip_hosts',
  display: 'Skip_hosts',
  type: ADDRESS_BLOCKS,
  default: [],
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'addresses that are passed over when the name service gives them',
});

export const prohibitedHosts = option<readonly IpBlock[]>({
  name: 'prohibited_hosts',
  type: ADDRESS_BLOCKS,
  default: [],
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'addresses that mail never goes to: a domain that the name service leads there has its mail failed',
});

export const mxFailuresFallbackToA = option<number>({
  name: 'mx_failures_fallback_to_a',
  display: 'MX_Failures_Fallback_To_A',
  type: COUNT_OR_MINUS_ONE,
  default: 3,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'lookups of MX in a row without an answer before the address of the domain is taken; -1 = one, 0 = never',
});

export const dnsFailuresToPurge = option<number>({
  name: 'dns_failures_to_purge',
  display: 'DNS_Failures_To_Purge',
  type: COUNT,
  default: 10,
  scopes: ['domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'lookups in a row that find no such domain before its mail fails for good; 0 = never',
});

export const fullyResolveBeforeSmtp = option<boolean>({
  name: 'fully_resolve_before_smtp',
  display: 'Fully_Resolve_Before_SMTP',
  type: BOOLEAN,
  default: true,
  scopes: ['binding', 'binding_group', 'domain', 'global'],
  chain: SENDING_CHAIN,
  help: 'whether the addresses of all exchangers are looked up before the first attempt',
});

export const dnsRateLimitEnabled = option<boolean>({
  name: 'dns_rate_limit_enabled',
  display: 'DNS_Rate_Limit_Enabled',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'whether questions for the exchangers of domains are limited in number',
  needsRestart: true,
});

export const dnsRateLimitMxQueries = option<number>({
  name: 'dns_rate_limit_mx_queries',
  display: 'DNS_Rate_Limit_MX_Queries',
  type: POSITIVE_COUNT,
  default: 100,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'questions for exchangers in any span of dns_rate_limit_period',
});

export const dnsRateLimitPeriod = option<number>({
  name: 'dns_rate_limit_period',
  display: 'DNS_Rate_Limit_Period',
  type: POSITIVE_SECONDS,
  default: 1,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'length of that span, in seconds',
});

export const dnsRateLimitMaxQueue = option<number>({
  name: 'dns_rate_limit_max_queue',
  display: 'DNS_Rate_Limit_Max_Queue',
  type: COUNT_FROM_1000,
  default: 100_000,
  scopes: ['global'],
  chain: GLOBAL_CHAIN,
  help: 'questions that may wait; those beyond are asked at once',
  needsRestart: true,
});

export const DNS_OPTIONS: readonly Option<unknown>[] = [
  minDnsTtl,
  maxDnsTtl,
  preferIpv6Mxs,
  skipHosts,
  prohibitedHosts,
  mxFailuresFallbackToA,
  dnsFailuresToPurge,
  fullyResolveBeforeSmtp,
  dnsRateLimitEnabled,
  dnsRateLimitMxQueries,
  dnsRateLimitPeriod,
  dnsRateLimitMaxQueue,
];
