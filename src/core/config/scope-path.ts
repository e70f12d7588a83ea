// A path of scopes as it is typed on the console (`binding_group a binding b`), and what it leads to.
import { parseIpAddress, parseIpBlock } from '../base/ip-address.ts';
import { nearestName } from '../base/near-name.ts';
import { findOption } from './catalogue.ts';
import { type ConfigProblem, didYouMean, oneOf } from './problem.ts';
import type { ListenerSubject, Subject } from './resolution.ts';
import {
  findScopeInside,
  findScopeKind,
  GLOBAL_SCOPE,
  type ListenerScope,
  type ScopeKind,
  scopeNamesInside,
  scopeWordsInside,
} from './scope.ts';
import { findChild, type ScopeStep, type Stanza } from './stanza.ts';
import { readStanzaName } from './stanza-name.ts';
import type { WordSyntax } from './syntax.ts';

export interface PathStep extends ScopeStep {
  /** What queries find the stanza by. */
  readonly key: string;
  readonly word: WordSyntax;
  readonly nameWord: WordSyntax | null;
}

export type ReadPath =
  | {
      readonly kind: 'path';
      readonly steps: readonly PathStep[];
      /** How many words the path took. */
      readonly length: number;
      /** Null when nothing of that name is declared. */
      readonly stanza: Stanza | null;
      /** Null for the global scope. */
      readonly innermost: ScopeKind | null;
    }
  | { readonly kind: 'problem'; readonly problem: ConfigProblem };

/** Reads words as scopes as far as they are such. Stanzas on the path need not exist, except those of modules. */
export function readPath(root: Stanza, words: readonly WordSyntax[]): ReadPath {
  const steps: PathStep[] = [];
  let stanza: Stanza | null = root;
  let innermost: ScopeKind | null = null;
  let index = 0;
  for (;;) {
    const word = words[index];
    const kind: ScopeKind | null = word === undefined ? null : findKind(innermost, stanza, word.text);
    if (word === undefined || kind === null) return { kind: 'path', steps, length: index, stanza, innermost };
    const next = words[index + 1];
    const nameWord: WordSyntax | null = hasName(kind, stanza, next) ? (next ?? null) : null;
    if (kind.naming === 'named' && nameWord === null)
      return { kind: 'problem', problem: mistake(word, kind.keyword, 'no name', `${kind.keyword} and a name`) };
    const name = readStanzaName(kind, nameWord?.text ?? '');
    if (name.kind === 'problem')
      return { kind: 'problem', problem: mistake(nameWord!, kind.keyword, `"${nameWord!.text}"`, name.expected) };
    steps.push({ kind, name: nameWord?.text ?? null, key: name.key, word, nameWord });
    stanza = stanza === null ? null : findChild(stanza, kind.keyword, name.key);
    innermost = kind;
    index += nameWord === null ? 1 : 2;
  }
}

function findKind(parent: ScopeKind | null, stanza: Stanza | null, word: string): ScopeKind | null {
  const keyword = word.toLowerCase();
  const kind = findScopeInside(parent ?? GLOBAL_SCOPE, keyword);
  return kind?.name !== 'module' || stanza?.children.has(keyword) ? kind : null;
}

/** Where a name may be left out, what is an option, or names no stanza of a module, is none. */
function hasName(kind: ScopeKind, parent: Stanza | null, next: WordSyntax | undefined): boolean {
  if (kind.naming !== 'either') return kind.naming === 'named';
  if (next === undefined) return false;
  if (parent !== null && findChild(parent, kind.keyword, next.text) !== null) return true;
  if (!kind.isChecked) return false;
  return findOption(kind.name, next.text) === null && findScopeInside(kind, next.text) === null;
}

function mistake({ at }: WordSyntax, subject: string, found: string, expected: string): ConfigProblem {
  return { at, subject, found, expected };
}

/** What a path asks about, for a value with fallback. */
export function subjectOf(steps: readonly PathStep[]): Subject {
  let subject: Subject = {};
  let listener: ListenerSubject | undefined;
  for (const { kind, name, key } of steps) {
    switch (kind.name) {
      case 'binding_group':
        subject = { ...subject, group: key };
        break;
      case 'binding':
        subject = { ...subject, binding: key };
        break;
      case 'domain':
        subject = { ...subject, domain: name! };
        break;
      case 'host':
        subject = parseIpAddress(key) === null ? { ...subject, host: name! } : { ...subject, address: key };
        break;
      case 'esmtp_listener':
      case 'control_listener':
      case 'http_listener':
      case 'ecstream_listener':
      case 'eccluster_listener':
      case 'xmpp_listener':
      case 'msgcserver_listener':
        listener = { kind: kind.name as ListenerScope };
        break;
      case 'listen':
        listener = { ...listener!, listen: name! };
        break;
      case 'peer':
        listener = { ...listener!, peer: parseIpBlock(key) === null ? undefined : key };
        break;
      case 'ec_logger':
        subject = { ...subject, logger: key };
        break;
      case 'pathway_group':
        subject = { ...subject, pathwayGroup: key };
        break;
      case 'pathway':
        subject = { ...subject, pathway: key };
        break;
      default:
        return { ...subject, own: steps.map((step) => ({ keyword: step.kind.keyword, key: step.key })) };
    }
  }
  return listener === undefined ? subject : { ...subject, listener };
}

/** The problem of a word that should have been a scope or an option. */
export function unknownScope(innermost: ScopeKind | null, word: WordSyntax): ConfigProblem {
  const parent = innermost?.name ?? 'global';
  const names = scopeWordsInside(parent);
  const parents = findScopeKind(word.text)?.parents ?? [];
  const hint =
    parents.length > 0
      ? `${word.text.toLowerCase()} stands in ${oneOf(parents)}`
      : didYouMean(nearestName(word.text, scopeNamesInside(parent)));
  const expected = names.length === 0 ? 'no scope here' : `a scope (${names.join(', ')})`;
  return { at: word.at, subject: word.text, found: 'an unknown scope', expected, hint };
}
