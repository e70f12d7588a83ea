// What may follow in a `config` command: keywords of scopes, names of stanzas that exist, names of options.
import { findOption, optionNames } from '../config/catalogue.ts';
import { type ScopeKind, type ScopeName, scopesInside } from '../config/scope.ts';
import { childrenOf, findChild, type Stanza } from '../config/stanza.ts';
import { readStanzaName } from '../config/stanza-name.ts';

/** @param path the words behind the verb, as far as they are complete */
export function configOffers(path: readonly string[], root: Stanza): string[] {
  let scope: ScopeName = 'global';
  let stanza: Stanza | null = root; // null where the path names what does not exist
  for (let index = 0; index < path.length; ) {
    const kind = findInside(scope, path[index++]!);
    if (kind === null) return []; // an option: what follows is its value
    const isNameless = kind.naming === 'either' && findOption(kind.name, path[index] ?? '') !== null;
    if (kind.naming === 'anonymous' || isNameless) {
      stanza = stanza && findChild(stanza, kind.keyword, '');
    } else if (index === path.length) {
      const names = stanza === null ? [] : Array.from(childrenOf(stanza, kind.keyword), (child) => child.name);
      const written = names.filter((name) => name !== null);
      return kind.naming === 'named' ? written : [...written, ...contentsOf(kind.name)];
    } else {
      const name = readStanzaName(kind, path[index]!);
      stanza = stanza && name.kind !== 'problem' ? findChild(stanza, kind.keyword, name.key) : null;
      index += 1;
    }
    scope = kind.name;
  }
  return contentsOf(scope);
}

function findInside(parent: ScopeName, word: string): ScopeKind | null {
  return scopesInside(parent).find((kind) => kind.keyword === word.toLowerCase()) ?? null;
}

function contentsOf(scope: ScopeName): string[] {
  return [...scopesInside(scope).map((kind) => kind.keyword), ...optionNames(scope)];
}
