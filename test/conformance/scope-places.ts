// A place for every scope: the stanzas around it, as text. For tests that try something in each of them.
import { SCOPE_KINDS, type ScopeKind } from '../../src/core/config/scope.ts';

/** Names that stanzas of a kind may have. */
const NAMES: Readonly<Record<string, string>> = {
  domain: 'd.test',
  host: 'mx.test',
  listen: '127.0.0.1:1025',
  peer: '192.0.2.0/24',
};

export interface Place {
  readonly scope: string;
  readonly kind: ScopeKind | null;
  /** From the outermost; empty for the global scope. */
  readonly path: readonly ScopeKind[];
  readonly opening: string;
  readonly closing: string;
}

const findKind = (keyword: string): ScopeKind => SCOPE_KINDS.find((kind) => kind.keyword === keyword)!;

/** @param parents the stanza right around it where there is a choice; the first that is possible when left out */
export function placeOf(scope: string, parent?: string): Place {
  const path: ScopeKind[] = [];
  for (let name = scope, around = parent; name !== 'global'; ) {
    const kind = findKind(name);
    path.unshift(kind);
    name = around ?? kind.parents[0]!;
    around = undefined;
  }
  return {
    scope,
    kind: path.at(-1) ?? null,
    path,
    opening: path.map(opening).join(' '),
    closing: '}'.repeat(path.length),
  };
}

export function opening({ keyword, naming }: ScopeKind): string {
  return naming === 'anonymous' ? `${keyword} {` : `${keyword} "${NAMES[keyword] ?? 'x'}" {`;
}

/** One place for each scope, the global one first. */
export const PLACES: readonly Place[] = [placeOf('global'), ...SCOPE_KINDS.map(({ keyword }) => placeOf(keyword))];
