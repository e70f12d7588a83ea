// Which counters a connection takes and against which limits: the place where configuration scopes and ledger counters
// meet. Limits on connections are resolved by value: each counter compares itself with the value its subject resolves to.
// Sums over a scope are by stanza: each stanza that sets one is a counter of its own.
import type { Limit } from '../base/limit.ts';
import { type Claim, type ClaimPart, type CounterIndex, type Ledger, makeClaim } from '../limits/ledger.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { HostCounters, LimitedCounter, MailQueue } from './mail-queue.ts';
import type { ScopeLimit } from './settings.ts';

/** The counters that belong to no queue. */
export interface NodeCounters {
  /** All outbound connections: server_max_outbound_connections. */
  readonly total: CounterIndex;
  /** Descriptors of connections in both directions, kept below the system's limit (design decision 14). */
  readonly descriptors: CounterIndex;
  /** Outbound connections that were not opened out of the reserve. */
  readonly ordinary: CounterIndex;
}

/** The keys of the first counters: shards share their numbers because each begins with these, in this order. */
export const UNIVERSAL_KEYS = ['node', 'descriptors'] as const;

/** Those of a ledger that has no counters yet, or of a shared one that was made with {@link UNIVERSAL_KEYS}. */
export function referNodeCounters(ledger: Ledger, limits: Pick<NodeLimits, 'total' | 'descriptors'>): NodeCounters {
  const [total, descriptors] = UNIVERSAL_KEYS;
  return {
    total: ledger.addUniversal(total, limits.total),
    descriptors: ledger.addUniversal(descriptors, limits.descriptors),
    ordinary: ledger.refer('ordinary'),
  };
}

export interface NodeLimits {
  /** Below this a connection is opened whenever it is wanted. */
  readonly total: Limit;
  /** Never more than this: with server_reserve_outbound_connections. */
  readonly ceiling: Limit;
  readonly descriptors: Limit;
  /** Time between two looks at those who need a connection of the reserve. */
  readonly reserveIntervalMs: number;
}

/** Whether a connection is opened because its queue wants one more, or because it has none at all (the reserve). */
export type Allocation = 'ordinary' | 'reserve';

export const pairKey = (binding: string, domain: string): string => `pair ${binding} ${domain}`;
export const bindingKey = (binding: string): string => `binding ${binding}`;
const addressKey = (binding: string, address: string): string => `address ${binding} ${address}`;

/** The counters of stanzas, with one more reference each. */
export function referAll(ledger: Ledger, scopes: readonly ScopeLimit[]): readonly LimitedCounter[] {
  return scopes.map(({ key, limit }) => ({ counter: ledger.refer(key), limit }));
}

export function unreferAll(ledger: Ledger, scopes: readonly LimitedCounter[]): void {
  for (const { counter } of scopes) ledger.unrefer(counter);
}

/** What a connection to the candidate takes because of its host and address; kept by the queue while it lives. */
export function hostCounters(ledger: Ledger, queue: MailQueue, candidate: Candidate): HostCounters {
  let found = queue.hostCounters.get(candidate);
  if (found === undefined) {
    const { host, address } = candidate;
    const { settings } = queue;
    const counter = ledger.refer(addressKey(queue.binding, address));
    const scopes = referAll(ledger, settings.hostScopeLimits(host, address));
    found = [{ counter, limit: settings.hostLimit(host, address) }, ...scopes];
    queue.keepHostCounters(candidate, found);
  }
  return found;
}

/** The first of them without room, or null. */
export function fullCounter(ledger: Ledger, counters: readonly LimitedCounter[]): LimitedCounter | null {
  for (const limited of counters) if (!ledger.hasRoom(limited.counter, limited.limit)) return limited;
  return null;
}

export function claimFor(
  ledger: Ledger,
  queue: MailQueue,
  candidate: Candidate,
  node: NodeCounters,
  limits: NodeLimits,
  allocation: Allocation,
): Claim {
  const { settings } = queue;
  const { total, ceiling } = limits;
  const parts: ClaimPart[] = [
    // What the reserve has opened is no surplus of those who came before it.
    [node.total, allocation === 'reserve' ? ceiling : total, ceiling],
    [node.descriptors, limits.descriptors],
    [queue.bindingCounter, settings.bindingConnections],
    [queue.pairCounter, settings.maxOutboundConnections],
  ];
  if (allocation === 'ordinary') parts.push([node.ordinary, total]);
  for (const { counter, limit } of queue.scopeCounters) parts.push([counter, limit]);
  for (const { counter, limit } of hostCounters(ledger, queue, candidate)) parts.push([counter, limit]);
  return makeClaim(parts);
}
