// Fallback as data: in which scopes an option is looked for, the most specific first (design decisions 2 and 3). An
// option falls back by itself: a stanza that leaves it out does not hide what a wider scope says.
import type { CoreScope, ScopeName } from './scope.ts';

/** A path of scopes from the outermost, empty for the global scope. */
export type Level = readonly CoreScope[];

export interface Chain {
  readonly name: string;
  readonly levels: readonly Level[];
}

/** Options of delivery. */
export const SENDING_CHAIN: Chain = {
  name: 'sending',
  levels: [
    ['binding_group', 'binding', 'domain'],
    ['binding', 'domain'],
    ['binding_group', 'domain'],
    ['binding_group', 'binding'],
    ['binding'],
    ['binding_group'],
    ['domain'],
    [],
  ],
};

/** Options of one mail exchanger; never the scopes around a domain. */
export const HOST_CHAIN: Chain = {
  name: 'host',
  levels: [['binding_group', 'binding', 'host'], ['binding_group', 'host'], ['binding', 'host'], ['host']],
};

/** Limits of a cluster that the manual counts by domain only: never in or below a group. */
export const UNGROUPED_CHAIN: Chain = {
  name: 'ungrouped',
  levels: [['binding', 'domain'], ['binding'], ['domain'], []],
};

/** The same for one mail exchanger. */
export const UNGROUPED_HOST_CHAIN: Chain = { name: 'ungrouped host', levels: [['binding', 'host'], ['host']] };

/** What a binding or its group says, and nothing wider: for caps that count a binding for itself. */
export const BINDING_CHAIN: Chain = {
  name: 'binding',
  levels: [['binding_group', 'binding'], ['binding'], ['binding_group']],
};

const LISTENERS = [
  'esmtp_listener',
  'control_listener',
  'http_listener',
  'ecstream_listener',
  'eccluster_listener',
  'xmpp_listener',
  'msgcserver_listener',
] as const;

/** Options of reception and of the console: the most specific peer of a place comes before the place itself. */
export const LISTENER_CHAIN: Chain = {
  name: 'listener',
  levels: [
    ...LISTENERS.flatMap((kind): Level[] => [[kind, 'listen', 'peer'], [kind, 'listen'], [kind, 'peer'], [kind]]),
    ['pathway_group', 'pathway'],
    ['pathway'],
    ['pathway_group'],
    [],
  ],
};

/** Options of a logger instance. */
export const LOGGER_CHAIN: Chain = { name: 'logger', levels: [['ec_logger']] };

/** Options that exist once. */
export const GLOBAL_CHAIN: Chain = { name: 'global', levels: [[]] };

/** Options that mean something in their own stanza only: those of modules. */
export const OWN_CHAIN: Chain = { name: 'own', levels: [] };

const SENDING_SCOPES: readonly ScopeName[] = ['binding', 'binding_group', 'domain', 'host'];
const RECEIVING_SCOPES: readonly ScopeName[] = [...LISTENERS, 'listen', 'peer', 'pathway', 'pathway_group'];

/** The chain that goes with the scopes of an option, unless its row names another. */
export function chainFor(scopes: readonly ScopeName[]): Chain {
  if (scopes.some((scope) => SENDING_SCOPES.includes(scope))) return SENDING_CHAIN;
  if (scopes.some((scope) => RECEIVING_SCOPES.includes(scope))) return LISTENER_CHAIN;
  if (scopes.includes('global')) return GLOBAL_CHAIN;
  return scopes.includes('ec_logger') ? LOGGER_CHAIN : OWN_CHAIN;
}
