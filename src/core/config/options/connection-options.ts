// Options on how many connections are opened, and from where.
import { type Limit, NO_LIMIT } from '../../base/limit.ts';
import type { WallMs } from '../../base/moment.ts';
import { SENDING_CHAIN, UNGROUPED_CHAIN, UNGROUPED_HOST_CHAIN } from '../chain.ts';
import { type Misplacement, type Option, option, type Place } from '../option.ts';
import { addressIn } from '../stanza-name.ts';
import { NOT_SUSPENDED, SUSPENSION } from '../suspension.ts';
import {
  BOOLEAN,
  CONNECTION_LIMIT,
  COUNT,
  enumeration,
  RATE,
  type Rate,
  SECONDS,
  SOURCE_ADDRESS,
} from '../value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

const cautionZero = (limit: Limit): string | null => (limit === 0 ? 'the value 0 opens no connection at all' : null);

export const maxOutboundConnections = option<Limit>({
  name: 'max_outbound_connections',
  type: CONNECTION_LIMIT,
  default: 32,
  hostDefault: NO_LIMIT,
  scopes: [...SENDING, 'host'],
  chain: SENDING_CHAIN,
  help: 'simultaneous connections of a binding to a domain; in host scope, to one address of that host',
  caution: cautionZero,
});

export const serverMaxOutboundConnections = option<Limit>({
  name: 'server_max_outbound_connections',
  type: CONNECTION_LIMIT,
  default: 75000,
  scopes: ['binding', 'binding_group', 'global'],
  chain: SENDING_CHAIN,
  help: 'simultaneous connections of the whole server; in a binding or its group, of each binding',
  caution: cautionZero,
});

/** Beyond server_max_outbound_connections, and only for domains that have no connection. */
export const serverReserveOutboundConnections = option<number>({
  name: 'server_reserve_outbound_connections',
  type: COUNT,
  default: 200,
  scopes: ['global'],
  help: 'connections above server_max_outbound_connections for domains that have none; 0 = no reserve',
});

export const reserveMaintenanceInterval = option<number>({
  name: 'reserve_maintenance_interval',
  type: SECONDS,
  default: 15,
  scopes: ['global'],
  help: 'seconds between two looks at domains that need a connection of the reserve',
});

/** Sums over a scope: each stanza that sets one is a counter of its own, and all that apply hold. */
const scopeSum = (name: string, help: string): Option<Limit> =>
  option<Limit>({
    name,
    type: CONNECTION_LIMIT,
    default: NO_LIMIT,
    hostDefault: NO_LIMIT,
    scopes: [...SENDING, 'host'],
    chain: SENDING_CHAIN,
    help,
    caution: cautionZero,
  });

export const scopeMaxOutboundConnections = scopeSum(
  'scope_max_outbound_connections',
  'simultaneous connections of everything in the scope together',
);

export const clusterScopeMaxOutboundConnections = scopeSum(
  'cluster_scope_max_outbound_connections',
  'scope_max_outbound_connections over all nodes of a cluster',
);

export const clusterMaxOutboundConnections = option<Limit>({
  name: 'cluster_max_outbound_connections',
  type: CONNECTION_LIMIT,
  default: NO_LIMIT,
  hostDefault: NO_LIMIT,
  scopes: ['binding', 'domain', 'global', 'host'],
  chain: UNGROUPED_CHAIN,
  hostChain: UNGROUPED_HOST_CHAIN,
  help: 'max_outbound_connections over all nodes of a cluster; in host scope, to that exchanger as a whole',
  misplacement: clusterMaxMisplacement,
  caution: cautionZero,
});

export const clusterServerMaxOutboundConnections = option<Limit>({
  name: 'cluster_server_max_outbound_connections',
  type: CONNECTION_LIMIT,
  default: NO_LIMIT,
  scopes: ['binding', 'binding_group', 'global'],
  chain: SENDING_CHAIN,
  help: 'server_max_outbound_connections over all nodes of a cluster',
  caution: cautionZero,
});

/** Its chain looks at no group and its host stanzas are named as DNS names exchangers: elsewhere it would limit nothing. */
function clusterMaxMisplacement(place: Place): Misplacement | null {
  if (place.some(({ kind }) => kind.name === 'binding_group')) {
    return { found: 'an option in a binding_group', expected: 'one outside of groups' };
  }
  const { kind, name } = place.at(-1) ?? {};
  if (kind?.name !== 'host' || addressIn(name!) === null) return null;
  return { found: `an option in host "${name}"`, expected: 'one in a host named as DNS names the exchanger' };
}

export const bindAddress = option<string | null>({
  name: 'bind_address',
  type: SOURCE_ADDRESS,
  default: null,
  inPlace: 'the address that the system chooses',
  scopes: ['binding', 'binding_group', 'global'],
  chain: SENDING_CHAIN,
  help: 'local address that connections come from; * leaves it to the system',
});

export const connectionAllocationAggressiveness = option<'normal' | 'high'>({
  name: 'connection_allocation_aggressiveness',
  type: enumeration(['normal', 'high']),
  default: 'normal',
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'how fast connections are added as the queue of a domain grows',
});

export const migrateConnectionsBetweenSiblingDomains = option<boolean>({
  name: 'migrate_connections_between_sibling_domains',
  type: BOOLEAN,
  default: true,
  scopes: ['global'],
  help: 'whether an idle connection serves other domains with the same exchanger',
});

/** The time until which the mail is held (suspension.ts). */
export const suspendDelivery = option<WallMs>({
  name: 'suspend_delivery',
  type: SUSPENSION,
  default: NOT_SUSPENDED,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'holds the mail of the scope: true, or (ours) a time such as 2030-01-31T18:00:00Z, until then',
});

export const useIpv6 = option<boolean>({
  name: 'use_ipv6',
  display: 'Use_IPv6',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  help: 'whether IPv6 addresses of destinations are used',
});

const rate = (name: string, scopes: Option<unknown>['scopes'], help: string): Option<Rate | null> =>
  option<Rate | null>({
    name,
    type: RATE,
    default: null,
    ...(scopes.includes('host') ? { hostDefault: null } : {}),
    scopes,
    chain: SENDING_CHAIN,
    help,
  });

export const outboundThrottleConnections = rate(
  'outbound_throttle_connections',
  [...SENDING, 'host'],
  'new connections per time, shared by all that fall back to the scope; 0: no limit',
);

export const outboundThrottleMessages = rate(
  'outbound_throttle_messages',
  [...SENDING, 'host'],
  'deliveries attempted per time, shared by all that fall back to the scope; 0: no limit',
);

export const clusterOutboundThrottleConnections = rate(
  'cluster_outbound_throttle_connections',
  ['binding_group', 'domain', 'global'],
  'outbound_throttle_connections over all nodes of a cluster',
);

export const clusterOutboundThrottleMessages = rate(
  'cluster_outbound_throttle_messages',
  ['binding_group', 'domain', 'global'],
  'outbound_throttle_messages over all nodes of a cluster',
);

export const CONNECTION_OPTIONS: readonly Option<unknown>[] = [
  maxOutboundConnections,
  serverMaxOutboundConnections,
  serverReserveOutboundConnections,
  reserveMaintenanceInterval,
  scopeMaxOutboundConnections,
  clusterMaxOutboundConnections,
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  bindAddress,
  connectionAllocationAggressiveness,
  migrateConnectionsBetweenSiblingDomains,
  suspendDelivery,
  useIpv6,
  outboundThrottleConnections,
  outboundThrottleMessages,
  clusterOutboundThrottleConnections,
  clusterOutboundThrottleMessages,
];
