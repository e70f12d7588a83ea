// The kinds of scopes: where their stanzas may stand, whether these have names, and what this server does with them.
import { MODULE_KINDS } from './module-scopes.ts';
import { ACTED, type Handling } from './option.ts';

/** The scopes in which this server looks for values, and `module`: a stanza whose contents nobody checks. */
export type CoreScope =
  | 'global'
  | 'binding_group'
  | 'binding'
  | 'domain'
  | 'host'
  | ListenerScope
  | 'listen'
  | 'peer'
  | 'pathway_group'
  | 'pathway'
  | 'ec_logger'
  | 'module';

export type ListenerScope =
  | 'esmtp_listener'
  | 'control_listener'
  | 'http_listener'
  | 'ecstream_listener'
  | 'eccluster_listener'
  | 'xmpp_listener'
  | 'msgcserver_listener';

/** One of {@link CoreScope}, or the keyword of a known module or of a stanza inside one (module-scopes.ts). */
export type ScopeName = string;

export interface ScopeKind {
  readonly name: ScopeName;
  /** The keyword in lower case; for an unchecked stanza its own. */
  readonly keyword: string;
  /** As the console prints it. */
  readonly display: string;
  readonly naming: 'named' | 'anonymous' | 'either';
  readonly parents: readonly ScopeName[];
  /** `kept`: checked and printed, but nothing comes of it, nor of what stands in it. `refused`: does not load. */
  readonly handling: Handling;
  /** Whether every option in it is known. In others, unknown options and stanzas are kept as they are written. */
  readonly isChecked: boolean;
  /** A place that this server never looks at: nothing in it is acted on, and nothing in it is refused. */
  readonly isInert: boolean;
  /** Options of modules are answered differently on the console, and have no fallback. */
  readonly isModule: boolean;
}

const kind = (
  name: CoreScope,
  display: string,
  naming: ScopeKind['naming'],
  parents: readonly CoreScope[],
  because?: string,
): ScopeKind => ({
  name,
  keyword: name,
  display,
  naming,
  parents,
  handling: because === undefined ? ACTED : { kind: 'kept', because },
  isChecked: true,
  isInert: because !== undefined,
  isModule: name === 'ec_logger',
});

export const GLOBAL_SCOPE = kind('global', '', 'anonymous', []);

const NO_HTTP = 'no endpoint is opened, since mail is not taken over HTTP';
const NO_ECSTREAM = 'no endpoint is opened, since only Momentum itself speaks ECStream; send mail by SMTP';
const NO_CLUSTER = 'no endpoint is opened, since this server is a cluster of one node';
const NO_XMPP = 'no endpoint is opened, since this server speaks no XMPP';
const NO_PATHWAY = 'no endpoint can use a pathway; write its options in the listener, a listen or a peer';

const WITH_PEERS: readonly CoreScope[] = [
  'esmtp_listener',
  'control_listener',
  'listen',
  'ecstream_listener',
  'http_listener',
  'xmpp_listener',
];
const LISTENING: readonly CoreScope[] = [
  'esmtp_listener',
  'control_listener',
  'eccluster_listener',
  'ecstream_listener',
  'http_listener',
  'msgcserver_listener',
  'xmpp_listener',
];

const CORE_KINDS: readonly ScopeKind[] = [
  kind('binding_group', 'Binding_Group', 'named', ['global']),
  kind('binding', 'Binding', 'named', ['global', 'binding_group']),
  kind('domain', 'Domain', 'named', ['global', 'binding_group', 'binding']),
  kind('host', 'Host', 'named', ['global', 'binding_group', 'binding']),
  kind('esmtp_listener', 'Esmtp_Listener', 'anonymous', ['global']),
  kind('control_listener', 'Control_Listener', 'anonymous', ['global']),
  kind('listen', 'Listen', 'named', LISTENING),
  kind('peer', 'Peer', 'named', WITH_PEERS),
  kind('ec_logger', 'ec_logger', 'either', ['global']),
  kind('pathway_group', 'Pathway_Group', 'named', ['global'], NO_PATHWAY),
  kind('pathway', 'Pathway', 'named', ['global', 'pathway_group'], NO_PATHWAY),
  kind('http_listener', 'HTTP_Listener', 'anonymous', ['global'], NO_HTTP),
  kind('ecstream_listener', 'ECStream_Listener', 'anonymous', ['global'], NO_ECSTREAM),
  kind('eccluster_listener', 'ECCluster_Listener', 'anonymous', ['global'], NO_CLUSTER),
  kind('msgcserver_listener', 'MsgcServer_Listener', 'anonymous', ['global'], NO_CLUSTER),
  kind('xmpp_listener', 'XMPP_Listener', 'anonymous', ['global'], NO_XMPP),
];

/** Every kind that is known. */
export const SCOPE_KINDS: readonly ScopeKind[] = [...CORE_KINDS, ...MODULE_KINDS];

const KINDS_BY_KEYWORD = new Map(SCOPE_KINDS.map((entry) => [entry.keyword, entry]));

/** The kind of that keyword, wherever its stanzas may stand; null for an unknown word. */
export function findScopeKind(keyword: string): ScopeKind | null {
  return KINDS_BY_KEYWORD.get(keyword.toLowerCase()) ?? null;
}

/** The kind of a stanza in a stanza; null when there is none of that keyword, or not there. */
export function findScopeInside(parent: ScopeKind, keyword: string): ScopeKind | null {
  const known = findScopeKind(keyword);
  if (known?.parents.includes(parent.name)) return known;
  return parent.isChecked || known?.parents.includes('global') ? null : moduleScope(keyword.toLowerCase());
}

/** The scopes that may stand directly in a scope and do something there: those worth offering. */
export function scopesInside(parent: ScopeName): readonly ScopeKind[] {
  return SCOPE_KINDS.filter(({ parents, handling }) => handling.kind === 'acted' && parents.includes(parent));
}

/** The same for error texts. Modules are many, so they are named together. */
export function scopeWordsInside(parent: ScopeName): readonly string[] {
  const kinds = scopesInside(parent);
  const own = kinds.filter(({ isModule }) => !isModule).map(({ keyword }) => keyword);
  return own.length === kinds.length ? own : [...own, 'a module'];
}

/** The keywords of all that may stand directly in a scope. */
export function scopeNamesInside(parent: ScopeName): readonly string[] {
  return SCOPE_KINDS.filter(({ parents }) => parents.includes(parent)).map(({ keyword }) => keyword);
}

/** A stanza whose contents nobody checks: kept as it is written. */
export function moduleScope(keyword: string): ScopeKind {
  return {
    name: 'module',
    keyword,
    display: keyword,
    naming: 'either',
    parents: ['global', 'module'],
    handling: { kind: 'kept', because: 'nothing is known of it' },
    isChecked: false,
    isInert: true,
    isModule: true,
  };
}
