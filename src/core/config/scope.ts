// The kinds of scopes: where their stanzas may stand, whether these have names, and what the names mean.

export type ScopeName =
  | 'global'
  | 'binding_group'
  | 'binding'
  | 'domain'
  | 'host'
  | 'esmtp_listener'
  | 'control_listener'
  | 'listen'
  | 'peer'
  | 'ec_logger'
  | 'module';

export interface ScopeKind {
  readonly name: ScopeName;
  /** The keyword in lower case; for a module its own name. */
  readonly keyword: string;
  /** As the console prints it. */
  readonly display: string;
  readonly naming: 'named' | 'anonymous' | 'either';
  readonly parents: readonly ScopeName[];
}

const kind = (
  name: ScopeName,
  display: string,
  naming: ScopeKind['naming'],
  parents: readonly ScopeName[],
): ScopeKind => ({ name, keyword: name, display, naming, parents });

export const GLOBAL_SCOPE = kind('global', '', 'anonymous', []);

const KINDS: readonly ScopeKind[] = [
  kind('binding_group', 'Binding_Group', 'named', ['global']),
  kind('binding', 'Binding', 'named', ['global', 'binding_group']),
  kind('domain', 'Domain', 'named', ['global', 'binding_group', 'binding']),
  kind('host', 'Host', 'named', ['global', 'binding_group', 'binding']),
  kind('esmtp_listener', 'Esmtp_Listener', 'anonymous', ['global']),
  kind('control_listener', 'Control_Listener', 'anonymous', ['global']),
  kind('listen', 'Listen', 'named', ['esmtp_listener', 'control_listener']),
  kind('peer', 'Peer', 'named', ['esmtp_listener', 'control_listener', 'listen']),
  kind('ec_logger', 'ec_logger', 'either', ['global']),
];

const KINDS_BY_KEYWORD = new Map(KINDS.map((entry) => [entry.keyword, entry]));

/** The scopes checked here, whatever they stand in; modules are not among them. */
export function findScopeKind(keyword: string): ScopeKind | null {
  return KINDS_BY_KEYWORD.get(keyword.toLowerCase()) ?? null;
}

/** The scopes that may stand directly in a scope. */
export function scopesInside(parent: ScopeName): readonly ScopeKind[] {
  return KINDS.filter((entry) => entry.parents.includes(parent));
}

/** A module's stanza: kept as it is written. */
export function moduleScope(keyword: string): ScopeKind {
  return { name: 'module', keyword, display: keyword, naming: 'either', parents: ['global', 'module'] };
}
