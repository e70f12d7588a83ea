// The same for reception: what a listener says although each of its Listen stanzas says it first, and bindings that no
// mail ever gets.
import { isInBlock, parseIpBlock } from '../../base/ip-address.ts';
import { type Configuration, DEFAULT_BINDING, DEFAULT_GROUP } from '../configuration.ts';
import type { Option } from '../option.ts';
import { bindingHeader, listenerBinding, listenerBindingGroup } from '../options/listener-options.ts';
import { childrenOf, findChild, type Setting, type Stanza } from '../stanza.ts';
import { type DeadEntry, fewOf, placeText, stanzasBelow } from './dead-entry.ts';
import { settingOf } from './explanation.ts';

export function deadListenerSettings({ root }: Configuration): DeadEntry[] {
  const found: DeadEntry[] = [];
  for (const kind of ['esmtp_listener', 'control_listener']) {
    const listener = findChild(root, kind, '');
    if (listener === null) continue;
    for (const stanza of [listener, ...childrenOf(listener, 'peer')]) {
      for (const { option } of stanza.settings.values()) {
        const setters = option.handling.kind === 'acted' ? setByEveryListen(listener, option, stanza) : null;
        if (setters === null) continue;
        const places = setters.map(([listen, setting]) => placeText(listen, setting));
        const text = `has no effect: every Listen stanza says it first, in ${fewOf(places)}; take it out, or take it out of those`;
        found.push({ kind: 'shadowed', stanza, option, text });
      }
    }
  }
  return found;
}

/** What each Listen stanza says of the option to those whom `stanza` speaks for; null when one of them says nothing. */
function setByEveryListen(
  listener: Stanza,
  option: Option<unknown>,
  stanza: Stanza,
): readonly (readonly [Stanza, Setting])[] | null {
  const setters: [Stanza, Setting][] = [];
  for (const listen of childrenOf(listener, 'listen')) {
    const peers = stanza === listener ? [] : [...childrenOf(listen, 'peer')].filter((peer) => isAround(peer, stanza));
    const setter = [listen, ...peers].find((one) => anySetting(one, option) !== null);
    if (setter === undefined) return null;
    setters.push([setter, anySetting(setter, option)!]);
  }
  return setters.length === 0 ? null : setters;
}

const CHOICES: readonly Option<unknown>[] = [listenerBinding, listenerBindingGroup];

/** Binding and Binding_Group answer one question. */
function anySetting(stanza: Stanza, option: Option<unknown>): Setting | null {
  const options = CHOICES.includes(option) ? CHOICES : [option];
  return options.map((one) => settingOf(stanza, one)).find((setting) => setting !== null) ?? null;
}

function isAround({ key: outer }: Stanza, { key: inner }: Stanza): boolean {
  const [around, block] = [parseIpBlock(outer)!, parseIpBlock(inner)!];
  return around.length <= block.length && isInBlock(block, around);
}

/** With a header that names the binding, every binding may be asked for; without a listener nobody knows where mail comes from. */
export function unusedBindings(configuration: Configuration): DeadEntry[] {
  const { root } = configuration;
  if (configuration.esmtpListeners().length === 0) return [];
  const named = new Set<string>([DEFAULT_BINDING]);
  for (const keyword of ['', 'esmtp_listener']) {
    const place = keyword === '' ? root : findChild(root, keyword, '');
    for (const stanza of place === null ? [] : keyword === '' ? [root] : stanzasBelow(place)) {
      if ((settingOf(stanza, bindingHeader)?.value ?? null) !== null) return [];
      const binding = settingOf(stanza, listenerBinding);
      const group = settingOf(stanza, listenerBindingGroup);
      if (binding !== null) named.add(binding.value as string);
      for (const name of group === null ? [] : configuration.bindingsOf(group.value as string)) named.add(name);
    }
  }
  const unused = configuration.bindings().filter(({ name }) => !named.has(name));
  const entries: DeadEntry[] = [];
  for (const group of new Set(unused.map((binding) => binding.group))) {
    const own = unused.filter((binding) => binding.group === group).map(({ name }) => name);
    const stanza = group === DEFAULT_GROUP ? null : findChild(root, 'binding_group', group);
    const isWhole = own.length === configuration.bindingsOf(group).length && own.length > 1;
    if (stanza !== null && isWhole) {
      const text = `none of its bindings is ever used (${fewOf(own)}): ${UNUSED} one of them, or Binding_Group = "${group}"${OR_HEADER}`;
      entries.push({ kind: 'unusedBinding', stanza, option: null, text });
    } else entries.push(...own.flatMap((name) => unusedEntry(configuration, group, name)));
  }
  return entries;
}

const UNUSED = 'no listener gives it to mail; in a listener, write Binding = of';
const OR_HEADER = ', or let clients name the binding by Binding_Header';

function unusedEntry({ root }: Configuration, group: string, name: string): DeadEntry[] {
  const inGroup = findChild(root, 'binding_group', group);
  const stanza = (inGroup && findChild(inGroup, 'binding', name)) ?? findChild(root, 'binding', name);
  if (stanza === null) return [];
  const text = `is never used: no listener gives it to mail; in a listener, write Binding = "${name}"${OR_HEADER}`;
  return [{ kind: 'unusedBinding', stanza, option: null, text }];
}
