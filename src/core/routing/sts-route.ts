// A route under the policy of its domain (RFC 8461 section 5): exchangers that the policy does not name get no mail where it
// is to be kept to, and the others are marked with what it asks for.
import type { KnownRoute } from '../mail/hosts.ts';
import { type HeldPolicy, namesExchanger } from '../mail/sts-policy.ts';

export const NO_NAMED_EXCHANGER_REPLY =
  '451 4.7.1 [internal] no exchanger is named by the MTA-STS policy of the domain';

/** How soon the exchangers and the policy are compared again when none fits. */
const NO_EXCHANGER_TTL_MS = 60_000;

export function underPolicy(route: KnownRoute, held: HeldPolicy | null): KnownRoute {
  if (held === null || route.kind === 'unroutable') return route;
  const { policy } = held;
  const { mode } = policy;
  if (mode === 'none') return route;
  const named =
    mode === 'testing' ? route.candidates : route.candidates.filter(({ host }) => namesExchanger(policy, host));
  const ttlMs = Math.min(route.ttlMs, NO_EXCHANGER_TTL_MS);
  if (named.length === 0) return { kind: 'unroutable', reply: NO_NAMED_EXCHANGER_REPLY, ttlMs };
  return { ...route, candidates: named.map((candidate) => ({ ...candidate, sts: policy })) };
}
