// Settings and stanzas that no lookup comes to: whoever they speak for finds another value first, or nobody is left.
// Options that hold at every level (scope_max_outbound_connections) are never among them.
import { type AskerClass, bindingsAsked, type FoundSetting, levelsOf, namesAsked, settingBefore } from './askers.ts';
import { type Configuration, DEFAULT_GROUP } from './configuration.ts';
import { type DeadEntry, fewOf, type LookBudget, placeText } from './dead-entry.ts';
import { isScopeSum } from './explanation.ts';
import type { Option } from './option.ts';
import { formatPath, type Stanza } from './stanza.ts';

export function deadSettings(configuration: Configuration, budget: LookBudget): DeadEntry[] {
  const found: DeadEntry[] = [];
  visit(configuration.root, configuration, budget, found);
  return found;
}

function visit(parent: Stanza, configuration: Configuration, budget: LookBudget, found: DeadEntry[]): void {
  for (const keyword of ['binding_group', 'binding', 'domain', 'host']) {
    for (const stanza of parent.children.get(keyword)?.byKey.values() ?? []) {
      if (budget.isSpent) return;
      const whole = deadStanza(stanza, configuration);
      if (whole !== null) found.push(whole);
      else {
        found.push(...deadIn(stanza, configuration, budget));
        visit(stanza, configuration, budget, found);
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
      'has no effect: no name that is asked for can match it (names are in lower case, without a dot at the end)';
    return { kind: 'noName', stanza, option: null, text };
  }
  return null;
}

function deadIn(stanza: Stanza, configuration: Configuration, budget: LookBudget): DeadEntry[] {
  const acted = [...stanza.settings.values()].filter(({ option }) => option.handling.kind === 'acted');
  const entries: DeadEntry[] = [];
  const before = new Map<string, FoundSetting>();
  for (const { option } of acted) {
    const setters = settersBefore(option, stanza, configuration, budget);
    if (setters === null) continue;
    for (const setter of setters) before.set(placeText(setter.stanza), setter);
    entries.push({ kind: 'shadowed', stanza, option, text: shadowText(stanza, setters) });
  }
  const isAll = entries.length === acted.length && entries.length > 1 && stanza.settings.size === acted.length;
  if (!isAll || stanza.children.size > 0) return entries;
  return [{ kind: 'shadowed', stanza, option: null, text: shadowText(stanza, [...before.values()]) }];
}

function shadowText(stanza: Stanza, setters: readonly FoundSetting[]): string {
  const scope = formatPath(stanza.path);
  if (setters.length === 0) return `has no effect in ${scope}: it is not looked for there; take it out`;
  const places = [...new Set(setters.map(({ stanza: one, setting }) => placeText(one, setting)))];
  const whom = stanza.pattern === null ? 'everybody it speaks for' : 'every name it matches';
  return `has no effect in ${scope}: ${whom} finds a value before, in ${fewOf(places)}; take one of them out`;
}

/** What is found instead by all whom the stanza speaks for; null when it may be asked. */
function settersBefore(
  option: Option<unknown>,
  stanza: Stanza,
  configuration: Configuration,
  budget: LookBudget,
): readonly FoundSetting[] | null {
  if (isScopeSum(option)) return null;
  const { levels, own } = levelsOf(option, stanza);
  if (own < 0) return [];
  if (levels[own]!.length === 0) return null; // the server as a whole asks the global scope
  const setters = new Map<Stanza, FoundSetting>();
  const names = namesAsked(stanza);
  for (const bindings of bindingsAsked(configuration, stanza)) {
    for (const name of names) {
      const asker: AskerClass = { ...bindings, name };
      budget.spend();
      const setter = budget.isSpent ? null : settingBefore(configuration, option, stanza, asker);
      if (setter === null) return null;
      setters.set(setter.stanza, setter);
    }
  }
  return [...setters.values()];
}
