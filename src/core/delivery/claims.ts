// Which counters a connection takes and against which limits: the place where configuration scopes and ledger counters
// meet. Limits on connections are resolved by value: each counter compares itself with the value its subject resolves to.
import type { Limit } from '../base/limit.ts';
import { type Claim, type CounterIndex, type Ledger, makeClaim } from '../limits/ledger.ts';
import type { Candidate } from '../mail/hosts.ts';
import type { AddressCounter, MailQueue } from './mail-queue.ts';

/** The counters that every connection of this node takes. */
export interface NodeCounters {
  /** All outbound connections: server_max_outbound_connections. */
  readonly total: CounterIndex;
  /** Descriptors of connections in both directions, kept below the system's limit (design decision 14). */
  readonly descriptors: CounterIndex;
}

export interface NodeLimits {
  readonly total: Limit;
  readonly descriptors: Limit;
}

export const pairKey = (binding: string, domain: string): string => `pair ${binding} ${domain}`;
export const bindingKey = (binding: string): string => `binding ${binding}`;
export const addressKey = (binding: string, address: string): string => `address ${binding} ${address}`;

/** The counter of (binding, address) with the limit of the host scope; kept by the queue while it lives. */
export function addressCounter(ledger: Ledger, queue: MailQueue, candidate: Candidate): AddressCounter {
  const key = `${candidate.host} ${candidate.address}`;
  let found = queue.addressCounters.get(key);
  if (found === undefined) {
    found = {
      counter: ledger.refer(addressKey(queue.binding, candidate.address)),
      limit: queue.settings.hostLimit(candidate.host, candidate.address),
    };
    queue.addressCounters.set(key, found);
  }
  return found;
}

export function claimFor(
  ledger: Ledger,
  queue: MailQueue,
  candidate: Candidate,
  node: NodeCounters,
  limits: NodeLimits,
): Claim {
  const address = addressCounter(ledger, queue, candidate);
  return makeClaim([
    [node.total, limits.total],
    [node.descriptors, limits.descriptors],
    [queue.bindingCounter, queue.settings.bindingConnections],
    [queue.pairCounter, queue.settings.maxOutboundConnections],
    [address.counter, address.limit],
  ]);
}
