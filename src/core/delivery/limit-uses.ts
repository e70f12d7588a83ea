// How full the counters are that one setting governs: asked with `config explain`. Found from the connections that are
// open, since each holds its counters and says whose it is; limit-origin.ts says who set the limit of each.
import { NO_LIMIT } from '../base/limit.ts';
import type { Configuration } from '../config/configuration.ts';
import {
  clusterMaxOutboundConnections,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
} from '../config/options/connection-options.ts';
import type { Subject } from '../config/resolution.ts';
import type { SourcePosition } from '../config/source.ts';
import { domainKey, hostKey } from '../config/stanza-name.ts';
import type { Ledger } from '../limits/ledger.ts';
import { bindingKey, pairKey } from './claims.ts';
import { limitOrigin, type SetBy } from './limit-origin.ts';
import type { MailQueue } from './mail-queue.ts';
import type { OutboundConnection } from './outbound-connection.ts';

export interface LimitUse {
  /** What is counted, in words. */
  readonly counts: string;
  readonly open: number;
  readonly peak: number;
  readonly limit: number;
}

export interface LimitUses {
  readonly busiest: readonly LimitUse[];
  readonly inUse: number;
  readonly isComplete: boolean;
}

export const BUSIEST_SHOWN = 5;
/** Counters that are asked for their origin: some tenths of a second. */
const COUNTERS_MAX = 20_000;

/** The kinds of counters that an option can limit, by its name: the first words of their keys. */
const KEY_KINDS = new Map<string, readonly string[]>([
  [maxOutboundConnections.name, ['pair', 'address']],
  [clusterMaxOutboundConnections.name, ['pair', 'exchanger']],
  [serverMaxOutboundConnections.name, ['node', 'binding']],
  [clusterServerMaxOutboundConnections.name, ['node', 'binding']],
  [scopeMaxOutboundConnections.name, [scopeMaxOutboundConnections.name]],
  [clusterScopeMaxOutboundConnections.name, [clusterScopeMaxOutboundConnections.name]],
]);

export interface UsesParts {
  readonly configuration: Configuration;
  readonly ledger: Ledger;
  readonly connections: Iterable<OutboundConnection>;
  /** The queue of the binding and the domain, if there is one. */
  findQueue(binding: string, domain: string): MailQueue | undefined;
}

/**
 * @param option its name
 * @param setAt where the value is set; null for the default
 * @returns null for an option that limits no connections
 */
export function usesOfLimit(
  { configuration, ledger, connections, findQueue }: UsesParts,
  option: string,
  subject: Subject,
  setAt: SourcePosition | null,
): LimitUses | null {
  const kinds = KEY_KINDS.get(option);
  if (kinds === undefined) return null;
  const isHost = subject.host !== undefined || subject.address !== undefined;
  const wanted = kinds.filter((kind) => (kind === 'pair' ? !isHost : kind !== 'address' || isHost));
  const seen = new Set<number>();
  const found: LimitUse[] = [];
  const add = (counter: number, key: string, limit: number): void => {
    found.push({ counts: describeKey(key), open: ledger.open(counter), peak: ledger.peak(counter), limit });
  };
  for (const { queue, candidate, claim } of connections) {
    if (!isAbout(configuration, subject, queue, candidate)) continue;
    for (const [place, counter] of claim.counters.entries()) {
      if (seen.has(counter)) continue;
      const key = ledger.keyOf(counter);
      if (!wanted.includes(key.split(' ', 1)[0]!)) continue;
      if (seen.size === COUNTERS_MAX) break;
      seen.add(counter);
      const limit = claim.limits[place]!;
      const whose = { binding: queue.binding, domain: queue.domain, host: candidate.host, address: candidate.address };
      const origin = limitOrigin(configuration, key, limit, whose);
      if (origin.option?.name === option && isAt(origin.setBy, setAt)) add(counter, key, limit);
    }
  }
  const { binding, domain } = subject;
  if (found.length === 0 && binding !== undefined && domain !== undefined && !isHost) {
    const queue = findQueue(binding, domain); // with a peak, although nothing is open now
    if (queue !== undefined && wanted.includes('pair'))
      add(queue.pairCounter, pairKey(binding, domain), queue.settings.maxOutboundConnections);
    else if (queue !== undefined && wanted.includes('binding') && queue.settings.bindingConnections !== NO_LIMIT)
      add(queue.bindingCounter, bindingKey(binding), queue.settings.bindingConnections);
  }
  const busiest = found.toSorted((a, b) => b.open - a.open || (a.counts < b.counts ? -1 : 1)).slice(0, BUSIEST_SHOWN);
  return { busiest, inUse: found.length, isComplete: seen.size < COUNTERS_MAX };
}

function isAt(setBy: SetBy, at: SourcePosition | null): boolean {
  if (setBy === 'default' || at === null) return setBy === 'default' && at === null;
  return setBy.at.file === at.file && setBy.at.line === at.line && setBy.at.column === at.column;
}

/** Whether the question is about connections like this one. */
function isAbout(
  configuration: Configuration,
  { group, binding, domain, host, address }: Subject,
  queue: MailQueue,
  candidate: { readonly host: string; readonly address: string },
): boolean {
  return (
    (binding === undefined || binding === queue.binding) &&
    (group === undefined || group === configuration.groupOf(queue.binding)) &&
    (domain === undefined || domainKey(domain) === domainKey(queue.domain)) &&
    (host === undefined || hostKey(host) === hostKey(candidate.host)) &&
    (address === undefined || hostKey(address) === hostKey(candidate.address))
  );
}

/** The keys of claims.ts in words. */
function describeKey(key: string): string {
  const [kind, first = '', second = ''] = key.split(' ');
  switch (kind) {
    case 'node':
      return 'all connections';
    case 'binding':
      return `all of binding "${first}"`;
    case 'pair':
      return `binding "${first}" to ${second}`;
    case 'address':
      return `binding "${first}" to ${second}`;
    case 'exchanger':
      return `all to ${first}`;
    default: {
      const stanza = key.slice(key.indexOf(' ') + 1);
      return stanza === 'global' ? 'all connections' : `all of ${stanza}`;
    }
  }
}
