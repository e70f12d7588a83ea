// Settings and stanzas that no lookup comes to: whoever they speak for finds another value first, or nobody is left.
// Options that hold at every level (scope_max_outbound_connections) are never among them.

import { isHostName } from '../../mail/domain-name.ts';
import type { Level } from '../chain.ts';
import { type Configuration, DEFAULT_GROUP } from '../configuration.ts';
import type { Option } from '../option.ts';
import { formatPath, type Stanza } from '../stanza.ts';
import {
  type AskerClass,
  bindingsAsked,
  type FoundSetting,
  levelsOf,
  namesAsked,
  settingAt,
  settingBefore,
} from './askers.ts';
import { type DeadEntry, fewOf, type LookBudget, placeText } from './dead-entry.ts';
import { isScopeSum } from './explanation.ts';

export function deadSettings(configuration: Configuration, budget: LookBudget): DeadEntry[] {
  const found: DeadEntry[] = [];
  visit(configuration.root, configuration, budget, new Search(configuration, budget), found);
  return found;
}

function visit(
  parent: Stanza,
  configuration: Configuration,
  budget: LookBudget,
  search: Search,
  found: DeadEntry[],
): void {
  for (const keyword of ['binding_group', 'binding', 'domain', 'host']) {
    for (const stanza of parent.children.get(keyword)?.byKey.values() ?? []) {
      if (budget.isSpent) return;
      const whole = deadStanza(stanza, configuration);
      if (whole !== null) found.push(whole);
      else {
        found.push(...deadIn(stanza, search));
        visit(stanza, configuration, budget, search, found);
      }
    }
  }
}

/** A stanza that is asked for nothing, whatever it sets. */
function deadStanza(stanza: Stanza, configuration: Configuration): DeadEntry | null {
  const { kind, key } = stanza;
  if (kind.name === 'binding_group' && key !== DEFAULT_GROUP && configuration.bindingsOf(key).length === 0) {
    const text = 'has no effect: no binding is in it; put a Binding stanza inside it, or take it out';
    return { kind: 'emptyGroup', stanza, option: null, text };
  }
  if (namesAsked(stanza).length === 0) {
    const text =
      stanza.pattern === null
        ? `has no effect: no ${kind.name} can have this name${meantBy(kind.name, stanza.name ?? '')}`
        : 'has no effect: no name that is asked for can match it (names are in lower case, without a dot at the end)';
    return { kind: 'noName', stanza, option: null, text };
  }
  return null;
}

/** What to write instead of a name that is none. */
function meantBy(scope: string, name: string): string {
  const display = scope === 'host' ? 'Host' : 'Domain';
  const above = /^\*?\.([^*@]+)$/.exec(name)?.[1] ?? '';
  if (isHostName(above)) {
    const pattern = above.replaceAll('.', '\\.');
    return `; for all names below ${above} write ${display} "/\\.${pattern}$/", with that name "/(^|\\.)${pattern}$/"`;
  }
  const behind = name.replace(/^.*@/, '');
  if (behind !== name && isHostName(behind)) return `; write ${display} "${behind}" without the @`;
  if (name.includes('*')) return '; a name stands for itself only, for several write a pattern between slashes';
  return '; take it out, or write the name as it stands behind the @ of an address';
}

function deadIn(stanza: Stanza, search: Search): DeadEntry[] {
  const acted = [...stanza.settings.values()].filter(({ option }) => option.handling.kind === 'acted');
  const entries: DeadEntry[] = [];
  const before = new Setters();
  for (const { option } of acted) {
    const setters = search.settersBefore(option, stanza);
    if (setters === null) continue;
    before.addAll(setters);
    entries.push({ kind: 'shadowed', stanza, option, text: shadowText(stanza, setters) });
  }
  const isAll = entries.length === acted.length && entries.length > 1 && stanza.settings.size === acted.length;
  if (!isAll || stanza.children.size > 0) return entries;
  return [{ kind: 'shadowed', stanza, option: null, text: shadowText(stanza, before) }];
}

function shadowText(stanza: Stanza, setters: Setters): string {
  const scope = formatPath(stanza.path);
  if (setters.count === 0) return `has no effect in ${scope}: it is not looked for there; take it out`;
  const whom = stanza.pattern === null ? 'everybody it speaks for' : 'every name it matches';
  return `has no effect in ${scope}: ${whom} finds a value before, in ${setters.text}; take one of them out`;
}

/** Settings that come before another one: a few to be named, and how many. */
class Setters {
  readonly #named = new Map<Stanza, FoundSetting>();
  count = 0;

  add(setter: FoundSetting): void {
    if (this.#named.has(setter.stanza)) return;
    this.count += 1;
    if (this.#named.size < NAMED_MAX) this.#named.set(setter.stanza, setter);
  }

  addAll(others: Setters): void {
    for (const setter of others.#named.values()) this.add(setter);
    this.count += others.count - others.#named.size;
  }

  get text(): string {
    const texts = Array.from(this.#named.values(), ({ stanza, setting }) => placeText(stanza, setting));
    return fewOf(texts, this.count);
  }
}

const NAMED_MAX = 8;

/** Whose bindings in a group have a value of their own, whatever the name; found once for all stanzas. */
interface Cover {
  readonly setters: Setters;
  readonly uncovered: readonly string[];
}

class Search {
  readonly #configuration: Configuration;
  readonly #budget: LookBudget;
  readonly #covers = new Map<Option<unknown>, Map<string, Cover>>();

  constructor(configuration: Configuration, budget: LookBudget) {
    this.#configuration = configuration;
    this.#budget = budget;
  }

  /** What is found instead by all whom the stanza speaks for; null when it may be asked. */
  settersBefore(option: Option<unknown>, stanza: Stanza): Setters | null {
    if (isScopeSum(option)) return null;
    const { levels, own } = levelsOf(option, stanza);
    const found = new Setters();
    if (own < 0) return found;
    if (levels[own]!.length === 0) return null; // the server as a whole asks the global scope
    const names = namesAsked(stanza);
    const isBefore = (...wanted: string[]): boolean =>
      levels.slice(0, own).some((level) => level.join() === wanted.join());
    for (const { group, binding, isWhole } of bindingsAsked(this.#configuration, stanza)) {
      // The rest of a group: those of its bindings that do not say it themselves.
      const whole = { group, binding: null, name: ANY };
      const groupSetter = isWhole && isBefore('binding_group') ? this.#before(option, stanza, whole) : null;
      const cover = isWhole && groupSetter === null && isBefore('binding') ? this.#cover(option, group) : null;
      if (groupSetter !== null) found.add(groupSetter);
      else if (cover !== null) found.addAll(cover.setters);
      const rest =
        groupSetter !== null ? [] : isWhole ? (cover?.uncovered ?? this.#configuration.bindingsOf(group)) : [binding];
      const unnamed = isWhole && group === DEFAULT_GROUP && groupSetter === null ? [null] : [];
      for (const one of [...unnamed, ...rest]) {
        for (const name of names) {
          const setter = this.#before(option, stanza, { group, binding: one, name });
          if (setter === null) return null;
          found.add(setter);
        }
      }
    }
    return found;
  }

  #before(option: Option<unknown>, stanza: Stanza, asker: AskerClass): FoundSetting | null {
    this.#budget.spend();
    return this.#budget.isSpent ? null : settingBefore(this.#configuration, option, stanza, asker);
  }

  #cover(option: Option<unknown>, group: string): Cover {
    const byGroup = this.#covers.get(option) ?? new Map<string, Cover>();
    this.#covers.set(option, byGroup);
    let cover = byGroup.get(group);
    if (cover === undefined) {
      const setters = new Setters();
      const uncovered: string[] = [];
      for (const binding of this.#configuration.bindingsOf(group)) {
        this.#budget.spend();
        const asker = { group, binding, name: ANY };
        const at = (level: Level) => settingAt(this.#configuration.root, level, option, asker);
        const setter = at(['binding_group', 'binding']) ?? at(['binding']);
        if (setter === null) uncovered.push(binding);
        else setters.add(setter);
      }
      cover = { setters, uncovered };
      byGroup.set(group, cover);
    }
    return cover;
  }
}

const ANY = { kind: 'any' } as const;
