// The addresses of one host name, gathered from the answers to A and AAAA.
import type { DomainName } from '../mail/domain-name.ts';
import { type HostAddress, hostAddress } from '../mail/host-address.ts';
import type { DnsAnswer } from './dns-answer.ts';

export const ADDRESSES_PER_HOST_MAX = 32;

export interface HostLookup {
  readonly name: DomainName;
  /** Each once, in the order they came. */
  readonly addresses: HostAddress[];
  /** Of the answers that gave addresses; infinite without any. */
  ttlSeconds: number;
  /** Of the answers that said there are none; infinite without any. */
  negativeTtlSeconds: number;
  /** Why an answer is missing, or null. */
  missing: string | null;
  /** An answer that gave addresses is proved by DNSSEC. */
  isAuthentic: boolean;
  /** Where aliases of the name led to, or null. */
  canonicalName: DomainName | null;
}

/** A name whose addresses are asked for; or the address that the name is already. */
export function beginHost(name: DomainName): HostLookup {
  const address = hostAddress(name);
  return {
    name,
    addresses: address === null ? [] : [address],
    ttlSeconds: Number.POSITIVE_INFINITY,
    negativeTtlSeconds: Number.POSITIVE_INFINITY,
    missing: null,
    isAuthentic: false,
    canonicalName: null,
  };
}

export function addAnswer(host: HostLookup, answer: DnsAnswer): void {
  switch (answer.kind) {
    case 'addresses':
      if (addAddresses(host.addresses, answer.addresses)) {
        host.ttlSeconds = Math.min(host.ttlSeconds, answer.ttlSeconds);
        // A zone is signed as a whole: where one answer is, so is the other, or somebody made it.
        host.isAuthentic ||= answer.isAuthentic === true;
        host.canonicalName ??= answer.canonicalName ?? null;
      } else host.negativeTtlSeconds = Math.min(host.negativeTtlSeconds, answer.ttlSeconds);
      break;
    case 'noData':
    case 'noName':
      host.negativeTtlSeconds = Math.min(host.negativeTtlSeconds, answer.ttlSeconds);
      break;
    case 'unavailable':
      host.missing = answer.reason;
      break;
    default:
      host.missing = 'an answer without addresses';
  }
}

/** @returns whether the answer had an address */
function addAddresses(known: HostAddress[], texts: readonly string[]): boolean {
  let hasAny = false;
  for (const text of texts) {
    const address = hostAddress(text);
    if (address === null) continue;
    hasAny = true;
    if (known.length >= ADDRESSES_PER_HOST_MAX) break;
    if (!known.some((other) => other.address === address.address)) known.push(address);
  }
  return hasAny;
}
