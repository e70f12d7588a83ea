// Who asks a stanza: the subjects that it speaks for, as classes of subjects that are alike as far as can be told, and for
// a class the setting that is certainly asked before. Built for proofs (dead-settings.ts): what is not certain is left out.

import { isHostName } from '../../mail/domain-name.ts';
import type { Level } from '../chain.ts';
import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import { matchesPattern } from '../pattern.ts';
import { findChild, type Setting, type Stanza } from '../stanza.ts';
import { addressIn, domainKey, hostKey } from '../stanza-name.ts';
import { chainFor, settingOf } from './explanation.ts';
import { namesOfPattern } from './finite-pattern.ts';

/** The names for which a stanza of a domain or a host is asked. */
export type NameClass =
  | { readonly kind: 'any' }
  /** A key of stanzas. As an address it says nothing of the name of the host. */
  | { readonly kind: 'name'; readonly key: string; readonly isAddress: boolean }
  /** Those that the pattern matches, without end. */
  | { readonly kind: 'matching'; readonly source: string };

export interface AskerClass {
  readonly group: string;
  /** Null: a binding that nothing in the configuration names. Such mail is held, but it expires by what its group says. */
  readonly binding: string | null;
  readonly name: NameClass;
}

export interface FoundSetting {
  readonly stanza: Stanza;
  readonly setting: Setting;
}

/** Without alternatives, so that every match has a dot before its end; the names that are asked for have none. */
const ENDS_IN_DOT = /^[^|]*?(?<!\\)(?:\\\\)*\\\.\$$/;

/** The names that a stanza in the scope of a domain or a host is asked for; empty for a pattern that no name matches. */
export function namesAsked(stanza: Stanza): readonly NameClass[] {
  const { kind, key, pattern } = stanza;
  if (kind.name !== 'domain' && kind.name !== 'host') return [{ kind: 'any' }];
  if (pattern === null) {
    const isAddress = addressIn(key) !== null;
    if (!isAddress && !isHostName(key)) return [];
    return [{ kind: 'name', key, isAddress: kind.name === 'host' && isAddress }];
  }
  const names = namesOfPattern(pattern.source);
  if (names === null && ENDS_IN_DOT.test(pattern.source)) return [];
  if (names === null) return [{ kind: 'matching', source: pattern.source }];
  const keyOf = kind.name === 'domain' ? domainKey : hostKey;
  // Nobody asks for a name in another form than that of keys, or for none.
  const asked = names.filter((name) => name !== '' && keyOf(name) === name);
  return asked.map((name) => ({ kind: 'name', key: name, isAddress: false }));
}

/** A binding, or with `isWhole` all of a group; to group `default` belongs whatever nothing in the configuration names. */
export interface AskedBindings {
  readonly group: string;
  readonly binding: string | null;
  readonly isWhole: boolean;
}

/** Whose mail a stanza speaks for. */
export function bindingsAsked(configuration: Configuration, { path }: Stanza): readonly AskedBindings[] {
  const named = (scope: string): string | undefined => path.find(({ kind }) => kind.name === scope)?.name ?? undefined;
  const binding = named('binding');
  if (binding !== undefined) return [{ group: configuration.groupOf(binding), binding, isWhole: false }];
  const group = named('binding_group');
  const groups = group === undefined ? configuration.groups() : [group];
  return groups.map((name) => ({ group: name, binding: null, isWhole: true }));
}

/** The level of the option's chain at which the stanza stands; -1 when it is never asked there. */
export function levelsOf(
  option: Option<unknown>,
  { path, kind, name }: Stanza,
): { levels: readonly Level[]; own: number } {
  const { levels } = chainFor(option, kind.name === 'host' ? { host: name ?? '' } : {});
  const scopes = path.map((step) => step.kind.name).join();
  return { levels, own: levels.findIndex((level) => level.join() === scopes) };
}

/** The setting that every subject of the class finds before it comes to `stanza`, or null when that is not certain. */
export function settingBefore(
  configuration: Configuration,
  option: Option<unknown>,
  stanza: Stanza,
  asker: AskerClass,
): FoundSetting | null {
  const { levels, own } = levelsOf(option, stanza);
  for (const level of levels.slice(0, own)) {
    const found = settingAt(configuration.root, level, option, asker);
    if (found !== null) return found;
  }
  const container = containerOf(configuration.root, levels[own]!, asker);
  return container === null ? null : settingIn(container, levels[own]!, option, asker.name, stanza);
}

/** The setting that every subject of the class finds at a level, when it comes so far. */
export function settingAt(root: Stanza, level: Level, option: Option<unknown>, asker: AskerClass): FoundSetting | null {
  const container = containerOf(root, level, asker);
  return container === null ? null : settingIn(container, level, option, asker.name, null);
}

/** The stanza of the group and the binding of a level; null when there is none, or it is not certain which. */
function containerOf(root: Stanza, level: Level, { group, binding }: AskerClass): Stanza | null {
  let stanza: Stanza | null = root;
  for (const scope of level) {
    if (scope === 'binding_group') stanza = stanza && findChild(stanza, scope, group);
    else if (scope === 'binding') stanza = stanza && (binding === null ? null : findChild(stanza, scope, binding));
  }
  return stanza;
}

/** @param before only what is asked before that stanza of the container */
function settingIn(
  container: Stanza,
  level: Level,
  option: Option<unknown>,
  name: NameClass,
  before: Stanza | null,
): FoundSetting | null {
  const found = (stanza: Stanza | undefined): FoundSetting | null => {
    const setting = stanza === undefined ? null : settingOf(stanza, option);
    return setting === null ? null : { stanza: stanza!, setting };
  };
  const scope = level.at(-1);
  if (scope !== 'domain' && scope !== 'host') return before === container ? null : found(container);
  const children = container.children.get(scope);
  if (children === undefined || name.kind === 'any') return null;
  if (name.kind === 'name') {
    const literal = children.byKey.get(name.key);
    if (literal === before && before !== null) return null;
    const isLiteral = literal !== undefined && literal.pattern === null;
    const setting = isLiteral ? found(literal) : null;
    if (setting !== null || name.isAddress || before?.pattern === null) return setting;
  }
  for (const stanza of children.patterns) {
    if (stanza === before) return null;
    const { pattern } = stanza;
    const isCertain = name.kind === 'name' ? matchesPattern(pattern!, name.key) : matchesAll(pattern!, name.source);
    const setting = isCertain ? found(stanza) : null;
    if (setting !== null) return setting;
  }
  return null;
}

/** Whether a pattern certainly matches all that another one matches. */
function matchesAll({ source }: RegExp, other: string): boolean {
  return source === other || source === '.*' || source === '^.*' || source === '.*$' || source === '^.*$';
}
