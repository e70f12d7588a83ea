// The stanza tree: what was set where, checked and merged. Read by resolution, the console and changes at run time.

import type { Option } from './option.ts';
import type { ChangeAuthor } from './provenance.ts';
import { GLOBAL_SCOPE, type ScopeKind } from './scope.ts';
import type { SourcePosition } from './source.ts';
import type { ValueSyntax } from './syntax.ts';

/** Who gave a value: a file (`at` says where), or somebody on the console while the server ran. */
export type SettingOrigin = { readonly kind: 'file' } | ({ readonly kind: 'console' } & ChangeAuthor);

export const FROM_FILE: SettingOrigin = { kind: 'file' };

export interface Setting {
  readonly option: Option<unknown>;
  readonly value: unknown;
  /** As it was written. */
  readonly syntax: ValueSyntax;
  /** Of its name. The file is `console` for what was set there and stands in no file yet. */
  readonly at: SourcePosition;
  readonly origin: SettingOrigin;
}

/** One word, or two, of a path of scopes. */
export interface ScopeStep {
  readonly kind: ScopeKind;
  /** As it was written; null for an anonymous stanza. */
  readonly name: string | null;
}

export interface Stanza extends ScopeStep {
  /** What queries find it by (stanza-name.ts). */
  readonly key: string;
  readonly pattern: RegExp | null;
  /** Where it stands first. */
  readonly at: SourcePosition;
  /** From the outermost scope to this one; empty for the global scope. */
  readonly path: readonly ScopeStep[];
  /** By option name, in the order of the text. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** By scope keyword, in the order of the text. */
  readonly children: ReadonlyMap<string, Children>;
}

export interface Children {
  readonly byKey: ReadonlyMap<string, Stanza>;
  /** Those whose names are regular expressions, in the order in which they are tried. */
  readonly patterns: readonly Stanza[];
}

/** A tree while it is being put together. */
export interface DraftStanza extends Stanza {
  readonly settings: Map<string, Setting>;
  /** Made with the first child: of a hundred thousand domains none has any. */
  children: Map<string, DraftChildren>;
}

export interface DraftChildren extends Children {
  readonly byKey: Map<string, DraftStanza>;
  readonly patterns: DraftStanza[];
}

export function emptyRoot(file: string): DraftStanza {
  const at = { file, line: 1, column: 1 };
  return {
    kind: GLOBAL_SCOPE,
    name: null,
    key: '',
    pattern: null,
    at,
    path: [],
    settings: new Map(),
    children: new Map(),
  };
}

/** Never added to. */
const NO_CHILDREN = new Map<string, DraftChildren>();

/** Adds an empty child; the caller has made sure that there is none of that key. */
export function addChild(
  parent: DraftStanza,
  step: ScopeStep,
  key: string,
  pattern: RegExp | null,
  at: SourcePosition,
): DraftStanza {
  const path = [...parent.path, { kind: step.kind, name: step.name }];
  const child: DraftStanza = { ...step, key, pattern, at, path, settings: new Map(), children: NO_CHILDREN };
  let siblings = parent.children.get(step.kind.keyword);
  if (siblings === undefined) {
    siblings = { byKey: new Map(), patterns: [] };
    if (parent.children === NO_CHILDREN) parent.children = new Map();
    parent.children.set(step.kind.keyword, siblings);
  }
  siblings.byKey.set(key, child);
  if (pattern !== null) siblings.patterns.push(child);
  return child;
}

export function findChild(parent: Stanza, keyword: string, key: string): Stanza | null {
  return parent.children.get(keyword)?.byKey.get(key) ?? null;
}

export function childrenOf(parent: Stanza, keyword: string): Iterable<Stanza> {
  return parent.children.get(keyword)?.byKey.values() ?? [];
}

/** `Binding "a" Domain "example.com"`, empty for the global scope. */
export function formatPath(path: readonly ScopeStep[]): string {
  return path.map(({ kind, name }) => (name === null ? kind.display : `${kind.display} "${name}"`)).join(' ');
}

/** A name for the stanza that no other has and that a reload does not change: `binding "a" domain "example.com"`. */
export function stanzaKey({ path }: Stanza): string {
  if (path.length === 0) return 'global';
  return path
    .map(({ kind, name }) => (name === null ? kind.keyword : `${kind.keyword} ${JSON.stringify(name)}`))
    .join(' ');
}
