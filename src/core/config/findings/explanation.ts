// Why an option has the value it has: every level of its chain in the order in which it is asked, and for each why it
// decided or did not. For people who ask, not for the hot path: it walks scopes (resolution.ts does the same in fewer words).
import { isInBlock, parseIpBlock } from '../../base/ip-address.ts';
import { type Chain, type Level, OWN_CHAIN } from '../chain.ts';
import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import { clusterScopeMaxOutboundConnections, scopeMaxOutboundConnections } from '../options/connection-options.ts';
import { matchesPattern } from '../pattern.ts';
import type { Subject } from '../resolution.ts';
import { findScopeKind, type ScopeName } from '../scope.ts';
import type { SourcePosition } from '../source.ts';
import { findChild, formatPath, type Setting, type SettingOrigin, type Stanza } from '../stanza.ts';
import { domainKey, hostKey, listenKey } from '../stanza-name.ts';
import { formatSet } from '../value-type.ts';

/** A value that a stanza sets; `scope` is empty for the global scope. */
export interface SetPlace {
  readonly scope: string;
  readonly at: SourcePosition;
  /** Who set it: a file, or somebody on the console. */
  readonly origin: SettingOrigin;
}

export type Look =
  /** The question names none, so that the level is not asked. */
  | { readonly kind: 'notNamed'; readonly scope: ScopeName }
  | { readonly kind: 'noStanza'; readonly stanza: string; readonly inside: string }
  | { readonly kind: 'noMatch'; readonly stanza: string; readonly at: SourcePosition }
  | { readonly kind: 'silent'; readonly stanza: string; readonly at: SourcePosition }
  /** `decides` is the value in force, `adds` one that holds besides it, `tooLate` one that is not asked any more. */
  | {
      readonly kind: 'decides' | 'adds' | 'tooLate';
      readonly stanza: string;
      readonly at: SourcePosition;
      readonly origin: SettingOrigin;
      readonly text: string;
    };

export interface ExplainedLevel {
  /** Its scopes, such as `binding::domain`; `global` for the outermost. */
  readonly level: string;
  readonly looks: readonly Look[];
  /** Patterns that do not match, beyond those among the looks. */
  readonly furtherMismatches: number;
}

export interface Explanation {
  readonly option: Option<unknown>;
  readonly subject: Subject;
  readonly value: unknown;
  /** The value as the console prints it, possibly in several lines. */
  readonly text: string;
  readonly setBy: SetPlace | null;
  readonly levels: readonly ExplainedLevel[];
}

const MISMATCHES_SHOWN = 5;

/** Costs a look at each level, and at each pattern of the containers that are reached. */
export function explainOption(configuration: Configuration, option: Option<unknown>, subject: Subject): Explanation {
  const { value, text } = configuration.resolve(option, subject);
  const group = subject.group ?? (subject.binding === undefined ? undefined : configuration.groupOf(subject.binding));
  const walk = new Walk(option, { ...subject, group });
  const chain = chainFor(option, subject);
  const levels =
    chain === OWN_CHAIN
      ? [walk.explainOwn(configuration.root)]
      : chain.levels
          .filter((level) => isAbout(level, subject))
          .map((level) => walk.explainLevel(configuration.root, level));
  return { option, subject, value, text, setBy: walk.decidedBy, levels };
}

/** As a configuration chooses it: a mail exchanger has a chain of its own. */
export function chainFor(option: Option<unknown>, { host, address }: Subject): Chain {
  const isHostQuery = option.hostDefault !== undefined && (host !== undefined || address !== undefined);
  return isHostQuery ? option.hostChain : option.chain;
}

/** Sums over a scope hold at every stanza that sets one. */
export function isScopeSum({ name }: Option<unknown>): boolean {
  return name === scopeMaxOutboundConnections.name || name === clusterScopeMaxOutboundConnections.name;
}

/** One kind of listener has nothing to say of the others, nor have pathways to those who name none. */
export function isAbout([outermost]: Level, { listener, pathway, pathwayGroup }: Subject): boolean {
  if (outermost === undefined) return true;
  if (outermost.startsWith('pathway')) return pathway !== undefined || pathwayGroup !== undefined;
  return !isListener(outermost) || outermost === (listener?.kind ?? 'esmtp_listener');
}

const isListener = (scope: ScopeName): boolean => scope.endsWith('_listener');

class Walk {
  readonly #option: Option<unknown>;
  readonly #subject: Subject;
  decidedBy: SetPlace | null = null;

  constructor(option: Option<unknown>, subject: Subject) {
    this.#option = option;
    this.#subject = subject;
  }

  explainLevel(root: Stanza, level: Level): ExplainedLevel {
    const looks: Look[] = [];
    let furtherMismatches = 0;
    let stanzas: readonly Stanza[] = [root];
    if (level.length === 0) looks.push(this.#lookAt(root));
    for (const [depth, scope] of level.entries()) {
      if (stanzas.length === 0) break;
      const names = namesFor(scope, this.#subject);
      if (names === null) {
        looks.push({ kind: 'notNamed', scope });
        break;
      }
      const found: Stanza[] = [];
      for (const container of stanzas) {
        const asked = askedIn(container, scope, names, this.#subject);
        if (!asked.some(({ isMatch }) => isMatch))
          looks.push({ kind: 'noStanza', stanza: nameOf(scope, names), inside: formatPath(container.path) });
        let mismatches = 0;
        for (const { stanza, isMatch } of asked) {
          if (isMatch && depth < level.length - 1) found.push(stanza);
          else if (isMatch) looks.push(this.#lookAt(stanza));
          else if (++mismatches <= MISMATCHES_SHOWN)
            looks.push({ kind: 'noMatch', stanza: formatPath(stanza.path), at: stanza.at });
        }
        furtherMismatches += Math.max(0, mismatches - MISMATCHES_SHOWN);
      }
      stanzas = found;
    }
    return { level: level.join('::') || 'global', looks, furtherMismatches };
  }

  /** A stanza of a module speaks for itself only. */
  explainOwn(root: Stanza): ExplainedLevel {
    const steps = this.#subject.own ?? [];
    let stanza: Stanza | null = root;
    for (const { keyword, key } of steps) stanza = stanza && findChild(stanza, keyword, key);
    const level = steps.map(({ keyword }) => keyword).join('::');
    const missing = steps.map(({ keyword, key }) => (key === '' ? keyword : `${keyword} "${key}"`)).join(' ');
    const look: Look = stanza === null ? { kind: 'noStanza', stanza: missing, inside: '' } : this.#lookAt(stanza);
    return { level, looks: [look], furtherMismatches: 0 };
  }

  #lookAt(stanza: Stanza): Look {
    const scope = formatPath(stanza.path);
    const setting = settingOf(stanza, this.#option);
    if (setting === null) return { kind: 'silent', stanza: scope, at: stanza.at };
    const { at, origin, syntax } = setting;
    const isFirst = this.decidedBy === null;
    if (isFirst) this.decidedBy = { scope, at, origin };
    const kind = isFirst ? 'decides' : isScopeSum(this.#option) ? 'adds' : 'tooLate';
    return { kind, stanza: scope, at, origin, text: formatSet(this.#option.type, syntax) };
  }
}

/** What the stanza itself says of the option. */
export function settingOf(stanza: Stanza, option: Option<unknown>): Setting | null {
  const setting = stanza.settings.get(option.name);
  return setting?.option === option ? setting : null;
}

/** The keys under which a stanza of the scope speaks for the subject; null when the subject names none. */
export function namesFor(scope: ScopeName, subject: Subject): readonly string[] | null {
  const { group, binding, domain, host, address, listener, logger } = subject;
  const one = (name: string | undefined): readonly string[] | null => (name === undefined ? null : [name]);
  switch (scope) {
    case 'binding_group':
      return one(group);
    case 'binding':
      return one(binding);
    case 'domain':
      return domain === undefined ? null : [domainKey(domain)];
    case 'host': {
      const names = [address, host].flatMap((name) => (name === undefined ? [] : [hostKey(name)]));
      return names.length === 0 ? null : names;
    }
    case 'listen':
      return listener?.listen === undefined ? null : [listenKey(listener.listen) ?? listener.listen];
    case 'peer':
      return one(listener?.peer);
    case 'ec_logger':
      return one(logger);
    case 'pathway_group':
      return one(subject.pathwayGroup);
    case 'pathway':
      return one(subject.pathway);
    default:
      return listener?.kind === scope ? [''] : null;
  }
}

/** The stanzas of a container in the order in which they are asked: the literal one, then patterns as they stand. */
function askedIn(
  parent: Stanza,
  scope: ScopeName,
  names: readonly string[],
  { listener }: Subject,
): readonly { readonly stanza: Stanza; readonly isMatch: boolean }[] {
  const children = parent.children.get(scope);
  if (children === undefined) return [];
  const { byKey, patterns } = children;
  const literal =
    scope === 'peer'
      ? blocksAround(byKey.values(), listener!.peer!)
      : names.flatMap((name) => byKey.get(name) ?? []).filter(({ pattern }) => pattern === null);
  const matched = names.at(-1)!;
  return [
    ...Array.from(new Set(literal), (stanza) => ({ stanza, isMatch: true })),
    ...patterns.map((stanza) => ({ stanza, isMatch: matchesPattern(stanza.pattern!, matched) })),
  ];
}

function blocksAround(peers: Iterable<Stanza>, peer: string): Stanza[] {
  const client = parseIpBlock(peer);
  if (client === null) return [];
  const around: { stanza: Stanza; length: number }[] = [];
  for (const stanza of peers) {
    const block = parseIpBlock(stanza.key)!;
    if (block.length <= client.length && isInBlock(client, block)) around.push({ stanza, length: block.length });
  }
  return around.sort((a, b) => b.length - a.length).map(({ stanza }) => stanza);
}

/** `Host "192.0.2.1" or "mx1.example.com"` */
function nameOf(scope: ScopeName, names: readonly string[]): string {
  const display = findScopeKind(scope)?.display ?? scope;
  const written = names.filter((name) => name !== '').map((name) => `"${name}"`);
  return [display, written.join(' or ')].join(' ').trimEnd();
}
