// What the failures of an address are told apart by: how a session there is protected and what it begins with, so that what
// one queue asks for is never another's loss.
import type { Candidate } from '../mail/hosts.ts';
import { policyTowards } from '../mail/tls-policy.ts';
import type { DeliverySettings } from './settings.ts';

/** Equal where what failed for one will fail for the other. Empty for mail in clear without anything else. */
export function protectionTowards({ tls, terms }: DeliverySettings, candidate: Candidate): string {
  const { key } = policyTowards(tls, candidate);
  return terms.key === '' ? key : `${key}\n${terms.key}`;
}
