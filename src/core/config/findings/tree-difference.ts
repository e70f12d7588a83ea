// Whether two stanza trees say the same, whatever texts they come from.
import type { DraftStanza, Setting, Stanza } from '../stanza.ts';
import { formatPath } from '../stanza.ts';
import { formatValue } from '../syntax.ts';

/** Where two trees differ first, such as `Domain "x" max_retries`; null when they say the same. */
export function firstDifference(one: Stanza, other: Stanza): string | null {
  const place = (name: string): string => `${formatPath(one.path)} ${name}`.trimStart();
  for (const name of new Set([...one.settings.keys(), ...other.settings.keys()])) {
    const [a, b] = [one.settings.get(name), other.settings.get(name)];
    if (a === undefined || b === undefined || !isSameValue(a, b)) return place(name);
  }
  for (const keyword of new Set([...one.children.keys(), ...other.children.keys()])) {
    const [a, b] = [one.children.get(keyword), other.children.get(keyword)];
    const patterns = [a, b].map((children) => children?.patterns.map(({ key }) => key).join('\n') ?? '');
    if (patterns[0] !== patterns[1]) return place(`${keyword} (the order of patterns)`);
    for (const key of new Set([...(a?.byKey.keys() ?? []), ...(b?.byKey.keys() ?? [])])) {
      const [left, right] = [a?.byKey.get(key), b?.byKey.get(key)];
      if (left === undefined || right === undefined) return place(`${keyword} ${key}`.trimEnd());
      const inside = firstDifference(left, right);
      if (inside !== null) return inside;
    }
  }
  return null;
}

/** Equal for every reader: quotes around a word do not matter where its type does not print them. */
export function isSameValue(a: Setting, b: Setting): boolean {
  if (a.syntax === b.syntax) return true;
  const plain = a.option.type.style === 'written' ? undefined : ({ text }: { text: string }) => text;
  return formatValue(a.syntax, plain) === formatValue(b.syntax, plain);
}

/** The tree `fresh` with the origins of `running`, which says the same: who set a value is known after it was saved. */
export function withOriginsOf(running: Stanza, fresh: Stanza): Stanza {
  const settings = new Map(fresh.settings);
  for (const [name, setting] of fresh.settings) {
    const origin = running.settings.get(name)?.origin ?? setting.origin;
    if (origin !== setting.origin) settings.set(name, { ...setting, origin });
  }
  const children: DraftStanza['children'] = new Map();
  for (const [keyword, { byKey, patterns }] of fresh.children) {
    const copies = new Map<string, DraftStanza>();
    for (const [key, child] of byKey) {
      const other = running.children.get(keyword)?.byKey.get(key);
      copies.set(key, (other === undefined ? child : withOriginsOf(other, child)) as DraftStanza);
    }
    children.set(keyword, { byKey: copies, patterns: patterns.map(({ key }) => copies.get(key)!) });
  }
  return { ...fresh, settings, children };
}
