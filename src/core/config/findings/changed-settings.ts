// What two configurations set differently, stanza by stanza: the only places from which a difference of values in force
// can come. One walk over each tree.
import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import { type Setting, type Stanza, stanzaKey } from '../stanza.ts';

/** Where an option is set in one configuration, by the key of the stanza. */
type Setters = ReadonlyMap<string, { readonly stanza: Stanza; readonly setting: Setting }>;

export interface OptionSetters {
  readonly option: Option<unknown>;
  readonly before: Setters;
  readonly after: Setters;
  /** Keys of stanzas that set it in one only, or to other values, or whose place among patterns is another. */
  readonly changed: ReadonlySet<string>;
}

type Found = Map<Option<unknown>, Map<string, { stanza: Stanza; setting: Setting }>>;

/** Every option that is acted on and set in one of the two at least. Costs a look at every setting. */
export function settersOf(before: Configuration, after: Configuration): readonly OptionSetters[] {
  const reordered = new Set<string>();
  const found = [before, after].map((configuration): Found => {
    const all: Found = new Map();
    walk(configuration.root, all);
    return all;
  }) as [Found, Found];
  compareOrder(before.root, after.root, reordered);
  const none = new Map();
  return [...new Set([...found[0].keys(), ...found[1].keys()])].map((option) => {
    const old = found[0].get(option) ?? none;
    const next = found[1].get(option) ?? none;
    const changed = new Set<string>();
    for (const [key, { setting }] of old) {
      const other = next.get(key);
      if (other === undefined || reordered.has(key) || valueText(setting) !== valueText(other.setting))
        changed.add(key);
    }
    for (const key of next.keys()) if (!old.has(key)) changed.add(key);
    return { option, before: old, after: next, changed };
  });
}

/** The same for `on`, `true` and `1`. */
export function valueText({ option, value }: Pick<Setting, 'option' | 'value'>): string {
  return option.type.format(value);
}

function walk(stanza: Stanza, found: Found): void {
  const key = stanza.settings.size === 0 ? '' : stanzaKey(stanza);
  for (const setting of stanza.settings.values()) {
    if (setting.option.handling.kind !== 'acted') continue;
    let stanzas = found.get(setting.option);
    if (stanzas === undefined) {
      stanzas = new Map();
      found.set(setting.option, stanzas);
    }
    stanzas.set(key, { stanza, setting });
  }
  for (const { byKey } of stanza.children.values()) for (const child of byKey.values()) walk(child, found);
}

/** Patterns are asked in their order, so that another order is another meaning. */
function compareOrder(before: Stanza, after: Stanza, reordered: Set<string>): void {
  for (const [keyword, old] of before.children) {
    const next = after.children.get(keyword);
    if (next === undefined) continue;
    const common = old.patterns.filter(({ key }) => next.byKey.has(key)).map(({ key }) => key);
    const now = next.patterns.filter(({ key }) => old.byKey.has(key)).map(({ key }) => key);
    if (common.join('\n') !== now.join('\n'))
      for (const stanza of [...old.patterns, ...next.patterns]) reordered.add(stanzaKey(stanza));
    for (const [key, child] of old.byKey) {
      const other = child.children.size === 0 ? undefined : next.byKey.get(key);
      if (other !== undefined) compareOrder(child, other, reordered);
    }
  }
}
