// What is made of answers of the name service (docs/routing.md).
import type { IpBlock } from '../../base/ip-address.ts';
import { GLOBAL_CHAIN, SENDING_CHAIN } from '../chain.ts';
import { type Option, option } from '../option.ts';
import { ADDRESS_BLOCKS, BOOLEAN, COUNT, COUNT_OR_MINUS_ONE, TTL_SECONDS } from '../value-type.ts';

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

export const DNS_OPTIONS: readonly Option<unknown>[] = [
  minDnsTtl,
  maxDnsTtl,
  preferIpv6Mxs,
  skipHosts,
  prohibitedHosts,
  mxFailuresFallbackToA,
  dnsFailuresToPurge,
];
