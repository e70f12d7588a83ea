// What the operator says about every answer of the name service (docs/routing.md, "What is used").
import { type IpBlock, isInBlock, parseIpAddress } from '../base/ip-address.ts';

export interface RoutePolicy {
  /** Min_DNS_TTL and Max_DNS_TTL: bounds of how long an answer is used. */
  readonly minTtlSeconds: number;
  readonly maxTtlSeconds: number;
  /** Prefer_IPv6_MXs: within a preference, IPv6 addresses come first. */
  readonly prefersIpv6: boolean;
  /** Skip_Hosts: addresses that are passed over. */
  readonly skipHosts: readonly IpBlock[];
  /** Prohibited_Hosts: a domain that leads to one of these gets no mail at all. */
  readonly prohibitedHosts: readonly IpBlock[];
  /** MX_Failures_Fallback_To_A: lookups of MX in a row without an answer before the domain's address is taken; 0: never. */
  readonly mxFailuresFallbackToA: number;
  /** DNS_Failures_To_Purge: lookups in a row that found no such domain before its mail fails; 0: never. */
  readonly dnsFailuresToPurge: number;
  /** Relay_Domains: nothing is opened before all hosts of the domain are known. */
  readonly isRelayed: boolean;
  /** Whether what is sent there comes to this server: one of its own endpoints. */
  isOwn(address: string, port: number): boolean;
}

/** Takes answers as they come. */
export const NO_POLICY: RoutePolicy = {
  minTtlSeconds: 0,
  maxTtlSeconds: Number.POSITIVE_INFINITY,
  prefersIpv6: false,
  skipHosts: [],
  prohibitedHosts: [],
  mxFailuresFallbackToA: 0,
  dnsFailuresToPurge: 0,
  isRelayed: false,
  isOwn: () => false,
};

export function isInAnyBlock(address: string, blocks: readonly IpBlock[]): boolean {
  if (blocks.length === 0) return false;
  const parsed = parseIpAddress(address);
  return parsed !== null && blocks.some((block) => isInBlock(parsed, block));
}
