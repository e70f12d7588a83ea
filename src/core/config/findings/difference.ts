// What another configuration would change: values in force, by whom they are for, and what comes and goes. Finite and
// bounded: only options that some stanza sets differently are looked at, and of these only cells that a stanza speaks for.
import { NO_LIMIT } from '../../base/limit.ts';
import { BINDING_CHAIN, LISTENER_CHAIN, LOGGER_CHAIN, OWN_CHAIN } from '../chain.ts';
import type { Configuration, Listener } from '../configuration.ts';
import { formatSetting } from '../display.ts';
import type { Option } from '../option.ts';
import { clusterServerMaxOutboundConnections, serverMaxOutboundConnections } from '../options/connection-options.ts';
import type { ListenerSubject } from '../resolution.ts';
import type { SourcePosition } from '../source.ts';
import { childrenOf, findChild, formatPath, type Stanza, stanzaKey } from '../stanza.ts';
import { type OptionSetters, settersOf } from './changed-settings.ts';
import { LookBudget } from './dead-entry.ts';
import { type CellOwner, changedCells, type SideValue, sideValue, type UncomparedNames } from './difference-cells.ts';
import { explainOption, isScopeSum } from './explanation.ts';

/** For whom a value changes. */
export type Owner =
  | ({ readonly kind: 'delivery' } & CellOwner & { readonly leaf: 'domain' | 'host' | null })
  | { readonly kind: 'server' }
  /** What a stanza counts or says for itself. */
  | { readonly kind: 'stanza'; readonly scope: string }
  | {
      readonly kind: 'listener';
      readonly of: ListenerSubject['kind'];
      /** Null for every endpoint of it. */
      readonly listen: string | null;
      readonly peer: string | null;
    };

export interface ValueChange {
  readonly option: Option<unknown>;
  readonly owner: Owner;
  readonly before: SideValue;
  readonly after: SideValue;
  /** For whom, among those, nothing changes. */
  readonly except: readonly CellOwner[];
}

export type StructureChange =
  | { readonly kind: 'bindingAdded' | 'bindingRemoved'; readonly binding: string; readonly group: string }
  | { readonly kind: 'bindingMoved'; readonly binding: string; readonly before: string; readonly after: string }
  | {
      readonly kind: 'listenerOpens' | 'listenerCloses';
      readonly of: ListenerSubject['kind'];
      readonly name: string;
      readonly at: SourcePosition;
    }
  /** A stanza of a module or a logger, which does something by standing there. `at` is null for the stock logger. */
  | {
      readonly kind: 'stanzaAdded' | 'stanzaRemoved';
      readonly stanza: string;
      readonly at: SourcePosition | null;
      /** What is set in it, as it is printed. */
      readonly sets: readonly string[];
    };

export interface Difference {
  readonly structure: readonly StructureChange[];
  readonly values: readonly ValueChange[];
  /** Whom so many more names change for, since a value of their own comes or goes. */
  readonly uncompared: readonly (UncomparedNames & { readonly option: Option<unknown> })[];
  /** Cells that were compared. */
  readonly looks: number;
  /** False when there was too much to compare all of it. */
  readonly isComplete: boolean;
}

/** Some seconds' worth. 100,000 domain stanzas take as many for each option that differs. */
const LOOKS_MAX = 500_000;

const SERVER_CAPS: readonly Option<unknown>[] = [serverMaxOutboundConnections, clusterServerMaxOutboundConnections];

export function differenceOf(before: Configuration, after: Configuration, looksMax = LOOKS_MAX): Difference {
  const budget = new LookBudget(looksMax);
  const structure = [
    ...bindingChanges(before, after),
    ...listenerChanges(before, after),
    ...moduleChanges(before, after),
  ];
  const hasMoved = structure.some(({ kind }) => kind === 'bindingMoved');
  const values: ValueChange[] = [];
  const uncompared: Difference['uncompared'][number][] = [];
  for (const setters of settersOf(before, after)) {
    if (setters.changed.size > 0 || hasMoved)
      for (const change of valueChanges(before, after, setters, budget, uncompared)) values.push(change);
  }
  return { structure, values, uncompared, looks: budget.looks, isComplete: !budget.isSpent };
}

function valueChanges(
  before: Configuration,
  after: Configuration,
  setters: OptionSetters,
  budget: LookBudget,
  uncompared: Difference['uncompared'][number][],
): ValueChange[] {
  const { option } = setters;
  const { chain } = option;
  if (isScopeSum(option)) return byStanza(setters);
  if (chain === OWN_CHAIN || chain === LOGGER_CHAIN) {
    const common = modulesIn(after);
    const inBoth = new Set([...modulesIn(before).keys()].filter((key) => common.has(key)));
    return byStanza({ ...setters, changed: new Set([...setters.changed].filter((key) => inBoth.has(key))) });
  }
  if (chain === LISTENER_CHAIN) return [...wholeServer(setters), ...byListener(before, after, setters)];
  const isCap = SERVER_CAPS.includes(option);
  const hasNames = chain.levels.some((level) => level.length > 0);
  if (!hasNames) return wholeServer(setters);
  const delivery = (leaf: 'domain' | 'host', standard: unknown, of = chain): ValueChange[] => {
    const ofLeaf = (all: OptionSetters['before']): OptionSetters['before'] =>
      new Map([...all].filter(([, { stanza }]) => (stanza.kind.name === 'host') === (leaf === 'host')));
    const own = { ...setters, before: ofLeaf(setters.before), after: ofLeaf(setters.after) };
    const universe = { setters: own, chain: of, standard, leaf: isCap ? null : leaf };
    const found = changedCells(before, after, universe, budget);
    for (const one of found.uncompared) uncompared.push({ ...one, option });
    return found.cells.map(({ owner, except, exceptRows, ...sides }) => ({
      option,
      owner: { kind: 'delivery', ...owner, leaf: owner.name === null ? null : leaf },
      ...sides,
      except: [...except, ...exceptRows],
    }));
  };
  if (isCap) return [...wholeServer(setters), ...delivery('domain', NO_LIMIT, BINDING_CHAIN)];
  const ofHosts = option.hostDefault === undefined ? [] : delivery('host', option.hostDefault, option.hostChain);
  return [...delivery('domain', option.default), ...ofHosts];
}

const GLOBAL = 'global';

function sides(setters: OptionSetters, key: string): { before: SideValue; after: SideValue } | null {
  const { option } = setters;
  const unset: SideValue = { text: option.type.format(option.default), setBy: null, value: option.default };
  const [old, next] = [setters.before.get(key), setters.after.get(key)];
  const before = old === undefined ? unset : sideValue(old.stanza, old.setting);
  const after = next === undefined ? unset : sideValue(next.stanza, next.setting);
  return before.text === after.text ? null : { before, after };
}

function wholeServer(setters: OptionSetters): ValueChange[] {
  const changed = setters.changed.has(GLOBAL) ? sides(setters, GLOBAL) : null;
  return changed === null ? [] : [{ option: setters.option, owner: { kind: 'server' }, ...changed, except: [] }];
}

function byStanza(setters: OptionSetters): ValueChange[] {
  return [...setters.changed].flatMap((key) => {
    const changed = sides(setters, key);
    const { stanza } = (setters.before.get(key) ?? setters.after.get(key))!;
    const scope = formatPath(stanza.path);
    return changed === null
      ? []
      : [{ option: setters.option, owner: { kind: 'stanza', scope }, ...changed, except: [] }];
  });
}

// ---- modules

const LOGGER = 'ec_logger';

/** By the key of the stanza; null for the logger of a configuration that names none. */
function modulesIn({ root }: Configuration): ReadonlyMap<string, Stanza | null> {
  const found = new Map<string, Stanza | null>();
  for (const { byKey } of root.children.values()) {
    for (const stanza of byKey.values()) {
      if (!stanza.kind.isModule || stanza.kind.handling.kind !== 'acted') break; // those of one keyword are alike
      found.set(stanzaKey(stanza), stanza);
    }
  }
  if ((root.children.get(LOGGER)?.byKey.size ?? 0) === 0) found.set(LOGGER, null);
  return found;
}

function moduleChanges(before: Configuration, after: Configuration): StructureChange[] {
  const [old, next] = [modulesIn(before), modulesIn(after)];
  const missing = (
    kind: 'stanzaAdded' | 'stanzaRemoved',
    from: ReadonlyMap<string, Stanza | null>,
    other: ReadonlyMap<string, Stanza | null>,
  ): StructureChange[] =>
    [...from].flatMap(([key, stanza]): StructureChange[] => {
      if (other.has(key)) return [];
      if (stanza === null) return [{ kind, stanza: `the stock ${LOGGER}`, at: null, sets: [] }];
      const sets = Array.from(stanza.settings.values(), (setting) => formatSetting(setting));
      return [{ kind, stanza: formatPath(stanza.path), at: stanza.at, sets }];
    });
  return [...missing('stanzaRemoved', old, next), ...missing('stanzaAdded', next, old)];
}

// ---- listeners

type ListenerKind = ListenerSubject['kind'];

const OPENED: readonly ListenerKind[] = ['esmtp_listener', 'control_listener'];

/** Endpoint by endpoint, for all clients and for each block of addresses that a stanza names. */
function byListener(before: Configuration, after: Configuration, { option }: OptionSetters): ValueChange[] {
  const found: ValueChange[] = [];
  for (const of of OPENED) {
    const listens = endpoints(before, of).filter(({ name }) => endpoints(after, of).some((one) => one.name === name));
    for (const { name } of listens) {
      const compare = (peer: string | null): ValueChange => {
        const subject = { listener: { kind: of, listen: name, peer: peer ?? undefined } };
        const [old, next] = [before, after].map((configuration): SideValue => {
          const { value, setBy } = explainOption(configuration, option, subject);
          return { text: option.type.format(value), setBy, value };
        }) as [SideValue, SideValue];
        return { option, owner: { kind: 'listener', of, listen: name, peer }, before: old, after: next, except: [] };
      };
      const all = compare(null);
      if (all.before.text !== all.after.text) found.push(all);
      for (const peer of peersOf(before, after, of, name)) {
        const one = compare(peer);
        const isSame = one.before.text === all.before.text && one.after.text === all.after.text;
        if (one.before.text !== one.after.text && !isSame) found.push(one);
      }
    }
  }
  return found;
}

function peersOf(before: Configuration, after: Configuration, of: ListenerKind, listen: string): readonly string[] {
  const peers = new Set<string>();
  for (const { root } of [before, after]) {
    const listener = findChild(root, of, '');
    if (listener === null) continue;
    const places = [listener, ...[...childrenOf(listener, 'listen')].filter(({ name }) => name === listen)];
    for (const place of places) for (const peer of childrenOf(place, 'peer')) peers.add(peer.key);
  }
  return [...peers];
}

function endpoints(configuration: Configuration, of: ListenerKind): readonly Listener[] {
  return of === 'esmtp_listener' ? configuration.esmtpListeners() : configuration.controlListeners();
}

function listenerChanges(before: Configuration, after: Configuration): StructureChange[] {
  return OPENED.flatMap((of): StructureChange[] => {
    const [old, next] = [endpoints(before, of), endpoints(after, of)];
    const missing = (from: readonly Listener[], other: readonly Listener[]) =>
      from.filter(({ name }) => !other.some((one) => one.name === name));
    return [
      ...missing(old, next).map(({ name, at }) => ({ kind: 'listenerCloses', of, name, at }) as const),
      ...missing(next, old).map(({ name, at }) => ({ kind: 'listenerOpens', of, name, at }) as const),
    ];
  });
}

// ---- bindings

function bindingChanges(before: Configuration, after: Configuration): StructureChange[] {
  const found: StructureChange[] = [];
  for (const { name: binding, group } of before.bindings()) {
    if (!after.hasBinding(binding)) found.push({ kind: 'bindingRemoved', binding, group });
    else if (after.groupOf(binding) !== group)
      found.push({ kind: 'bindingMoved', binding, before: group, after: after.groupOf(binding) });
  }
  for (const { name: binding, group } of after.bindings())
    if (!before.hasBinding(binding)) found.push({ kind: 'bindingAdded', binding, group });
  return found;
}
