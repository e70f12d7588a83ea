// Options on how many connections are opened, and from where.
import { type Limit, NO_LIMIT } from '../base/limit.ts';
import { SENDING_CHAIN } from './chain.ts';
import { type Option, option } from './option.ts';
import { BOOLEAN, CONNECTION_LIMIT, COUNT, enumeration, RATE, type Rate, SOURCE_ADDRESS } from './value-type.ts';

const SENDING = ['binding', 'binding_group', 'domain', 'global'] as const;

const NOT_ENFORCED = 'not enforced by this version, and leaving it out would lift a limit';

const cautionZero = (limit: Limit): string | null => (limit === 0 ? 'the value 0 opens no connection at all' : null);
const isNoLimit = (limit: Limit): boolean => limit === NO_LIMIT;
const isUnlimited = (rate: Rate | null): boolean => rate === null || rate.count === 0;

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

export const bindAddress = option<string | null>({
  name: 'bind_address',
  type: SOURCE_ADDRESS,
  default: null,
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

export const suspendDelivery = option<boolean>({
  name: 'suspend_delivery',
  type: BOOLEAN,
  default: false,
  scopes: SENDING,
  chain: SENDING_CHAIN,
  help: 'holds the mail of the scope',
});

export const useIpv6 = option<boolean>({
  name: 'use_ipv6',
  display: 'Use_IPv6',
  type: BOOLEAN,
  default: false,
  scopes: ['global'],
  help: 'whether IPv6 addresses of destinations are used',
});

/** Only ever adds connections beyond the cap, so that doing without it passes no limit. */
const serverReserveOutboundConnections = option<number>({
  name: 'server_reserve_outbound_connections',
  type: COUNT,
  default: 0,
  scopes: ['global'],
  help: 'extra connections above server_max_outbound_connections for domains that have none',
  kept: 'no connection is opened above server_max_outbound_connections',
  harmless: (count) => count === 0,
});

const limitRow = (name: string, scopes: Option<unknown>['scopes'], help: string): Option<Limit> =>
  option<Limit>({
    name,
    type: CONNECTION_LIMIT,
    default: NO_LIMIT,
    ...(scopes.includes('host') ? { hostDefault: NO_LIMIT } : {}),
    scopes,
    chain: SENDING_CHAIN,
    help,
    refused: NOT_ENFORCED,
    harmless: isNoLimit,
  });

const rateRow = (name: string, scopes: Option<unknown>['scopes'], help: string): Option<Rate | null> =>
  option<Rate | null>({
    name,
    type: RATE,
    default: null,
    ...(scopes.includes('host') ? { hostDefault: null } : {}),
    scopes,
    chain: SENDING_CHAIN,
    help,
    refused: NOT_ENFORCED,
    harmless: isUnlimited,
  });

export const CONNECTION_OPTIONS: readonly Option<unknown>[] = [
  maxOutboundConnections,
  serverMaxOutboundConnections,
  bindAddress,
  connectionAllocationAggressiveness,
  suspendDelivery,
  useIpv6,
  serverReserveOutboundConnections,
  limitRow('scope_max_outbound_connections', [...SENDING, 'host'], 'simultaneous connections summed over the scope'),
  limitRow(
    'cluster_max_outbound_connections',
    ['binding', 'domain', 'global', 'host'],
    'max_outbound_connections over all nodes of a cluster',
  ),
  limitRow(
    'cluster_scope_max_outbound_connections',
    [...SENDING, 'host'],
    'scope_max_outbound_connections over all nodes of a cluster',
  ),
  limitRow(
    'cluster_server_max_outbound_connections',
    ['binding', 'binding_group', 'global'],
    'server_max_outbound_connections over all nodes of a cluster',
  ),
  rateRow('outbound_throttle_connections', [...SENDING, 'host'], 'new connections per time'),
  rateRow('outbound_throttle_messages', [...SENDING, 'host'], 'deliveries per time'),
  rateRow(
    'cluster_outbound_throttle_connections',
    ['binding_group', 'domain', 'global'],
    'new connections per time over all nodes of a cluster',
  ),
  rateRow(
    'cluster_outbound_throttle_messages',
    ['binding_group', 'domain', 'global'],
    'deliveries per time over all nodes of a cluster',
  ),
];
