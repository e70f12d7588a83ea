// Fallback: which stanzas speak for a subject, the most specific first. The order is data (chain.ts); within one
// container a literal name comes before regular expressions, and these come in their order in the text.
import { isInBlock, parseIpBlock } from '../base/ip-address.ts';
import type { DomainName } from '../mail/domain-name.ts';
import { type Chain, type Level, OWN_CHAIN } from './chain.ts';
import { matchesPattern } from './pattern.ts';
import type { CoreScope, ListenerScope } from './scope.ts';
import { type Children, findChild, type Stanza } from './stanza.ts';
import { domainKey, hostKey, listenKey } from './stanza-name.ts';

/** What a value is asked for. Scopes whose part is left out are passed over. */
export interface Subject {
  /** Left out with a binding: the group of that binding. */
  readonly group?: string | undefined;
  readonly binding?: string | undefined;
  /** Routing domain. */
  readonly domain?: DomainName | undefined;
  /** Mail exchanger; with it the host chain is asked. */
  readonly host?: string | undefined;
  /** Address of that exchanger. A stanza named by an address comes before one named by the host. */
  readonly address?: string | undefined;
  readonly listener?: ListenerSubject | undefined;
  /** Name of an ec_logger. */
  readonly logger?: string | undefined;
  readonly pathwayGroup?: string | undefined;
  readonly pathway?: string | undefined;
  /** A stanza that is asked for itself, without fallback: one of a module. */
  readonly own?: readonly { readonly keyword: string; readonly key: string }[] | undefined;
}

export interface ListenerSubject {
  readonly kind: ListenerScope;
  /** The name of the listen stanza. */
  readonly listen?: string | undefined;
  /** Address of the client (or a block of addresses, for a question about a stanza). */
  readonly peer?: string | undefined;
}

export interface TrailEntry {
  readonly stanza: Stanza;
  readonly level: Level;
}

/** The stanzas that exist for a subject, in the order in which they are asked. */
export type Trail = readonly TrailEntry[];

export function trailOf(root: Stanza, chain: Chain, subject: Subject): Trail {
  if (chain === OWN_CHAIN) return ownTrail(root, subject);
  const query = new Query(subject);
  const trail: TrailEntry[] = [];
  for (const level of chain.levels) collect(root, level, 0, query, trail);
  return trail;
}

/** Adds the stanzas of a level, from the stanza that its first `depth` scopes led to. */
function collect(stanza: Stanza, level: Level, depth: number, query: Query, trail: TrailEntry[]): void {
  const scope = level[depth];
  if (scope === undefined) {
    trail.push({ stanza, level });
    return;
  }
  const children = stanza.children.get(scope);
  if (children === undefined) return;
  for (const child of query.pick(scope, children)) collect(child, level, depth + 1, query, trail);
}

function ownTrail(root: Stanza, { own = [] }: Subject): Trail {
  let stanza: Stanza | null = root;
  for (const { keyword, key } of own) stanza = stanza && findChild(stanza, keyword, key);
  return stanza === null || stanza === root ? [] : [{ stanza, level: own.map(({ keyword }) => keyword as CoreScope) }];
}

/** A subject with its names brought into the form of keys, each at its first use. */
class Query {
  readonly #subject: Subject;
  #domain: string | undefined;
  #hosts: readonly string[] | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  pick(scope: CoreScope, children: Children): readonly Stanza[] {
    const { group, binding, domain, host, address, listener, logger } = this.#subject;
    switch (scope) {
      case 'binding_group':
        return literal(children, group);
      case 'binding':
        return literal(children, binding);
      case 'domain':
        if (domain === undefined) return [];
        this.#domain ??= domainKey(domain);
        return matching(children, [this.#domain]);
      case 'host':
        if (host === undefined && address === undefined) return [];
        this.#hosts ??= [address, host].flatMap((name) => (name === undefined ? [] : [hostKey(name)]));
        return matching(children, this.#hosts);
      case 'listen':
        return listener?.listen === undefined ? [] : literal(children, listenKey(listener.listen) ?? undefined);
      case 'peer':
        return listener?.peer === undefined ? [] : blocksAround(children, listener.peer);
      case 'ec_logger':
        return literal(children, logger);
      case 'pathway_group':
        return literal(children, this.#subject.pathwayGroup);
      case 'pathway':
        return literal(children, this.#subject.pathway);
      default:
        return listener?.kind === scope ? literal(children, '') : [];
    }
  }
}

const NONE: readonly Stanza[] = [];

function literal({ byKey }: Children, key: string | undefined): readonly Stanza[] {
  const stanza = key === undefined ? undefined : byKey.get(key);
  return stanza === undefined ? NONE : [stanza];
}

/** @param keys names of the same thing; the last one is matched against patterns */
function matching(children: Children, keys: readonly string[]): readonly Stanza[] {
  const { byKey, patterns } = children;
  if (keys.length === 1 && patterns.length === 0) return literal(children, keys[0]);
  const found: Stanza[] = [];
  for (const key of keys) {
    const stanza = byKey.get(key);
    if (stanza !== undefined && stanza.pattern === null && !found.includes(stanza)) found.push(stanza);
  }
  const name = keys.at(-1)!;
  for (const stanza of patterns) if (matchesPattern(stanza.pattern!, name)) found.push(stanza);
  return found;
}

/** The most specific block first. */
function blocksAround({ byKey }: Children, peer: string): readonly Stanza[] {
  const client = parseIpBlock(peer);
  if (client === null) return [];
  const around: { stanza: Stanza; length: number }[] = [];
  for (const stanza of byKey.values()) {
    const block = parseIpBlock(stanza.key)!;
    if (block.length <= client.length && isInBlock(client, block)) around.push({ stanza, length: block.length });
  }
  return around.sort((a, b) => b.length - a.length).map(({ stanza }) => stanza);
}
