// Limits that are never reached, because a limit on more than what they count is lower. Lower, not equal: who writes the
// same number twice means it. A limit of the cluster is compared with nothing but such limits; other nodes share it.
import type { Limit } from '../../base/limit.ts';
import { NO_LIMIT } from '../../base/limit.ts';
import type { Configuration, Resolved } from '../configuration.ts';
import type { Option } from '../option.ts';
import {
  clusterScopeMaxOutboundConnections,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
  serverReserveOutboundConnections,
} from '../options/connection-options.ts';
import { formatPosition } from '../source.ts';
import { findChild, type Stanza } from '../stanza.ts';
import { addressIn } from '../stanza-name.ts';
import { bindingsAsked, type FoundSetting, levelsOf, namesAsked, settingAt } from './askers.ts';
import { type DeadEntry, type LookBudget, settingText, stanzasBelow } from './dead-entry.ts';
import { settingOf } from './explanation.ts';

/** The most that can be open at once, with what says so. */
interface Cap {
  readonly limit: Limit;
  readonly text: string;
}

const SUMS: readonly Option<Limit>[] = [scopeMaxOutboundConnections, clusterScopeMaxOutboundConnections];
const WHOLE: readonly Option<Limit>[] = [serverMaxOutboundConnections, clusterServerMaxOutboundConnections];

export function unreachedLimits(configuration: Configuration, budget: LookBudget): DeadEntry[] {
  const caps = new Caps(configuration);
  const found: DeadEntry[] = [];
  for (const stanza of stanzasBelow(configuration.root)) {
    for (const option of [maxOutboundConnections, serverMaxOutboundConnections, scopeMaxOutboundConnections]) {
      if (budget.isSpent) return found;
      const setting = settingOf(stanza, option);
      if (setting === null || setting.value === NO_LIMIT) continue;
      budget.spend();
      const cap = caps.around(stanza, option, budget);
      if (cap === null || cap.limit >= (setting.value as Limit)) continue;
      const text = `${option.type.format(setting.value as Limit)} is never reached: ${cap.text}; lower this one, or raise that`;
      found.push({ kind: 'unreached', stanza, option, text });
    }
  }
  return found;
}

class Caps {
  readonly #configuration: Configuration;
  readonly #node: Cap;
  readonly #byBinding = new Map<string, Cap>();
  /** By group, and of all groups under the empty name. */
  readonly #byGroup = new Map<string, Cap | null>();

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
    this.#node = lowest([wholeServer(configuration), ...sumsOf(configuration.root)])!;
  }

  /** The lowest limit on all that `stanza` counts by `option`, or on more than that; null when there is none. */
  around(stanza: Stanza, option: Option<Limit>, budget: LookBudget): Cap | null {
    const isWhole = stanza.path.length === 0;
    const binding = nameIn(stanza, 'binding');
    const group = nameIn(stanza, 'binding_group');
    const groupSums = group === undefined ? [] : sumsOf(findChild(this.#configuration.root, 'binding_group', group)!);
    switch (option) {
      case maxOutboundConnections: // each binding counts for itself, so that the highest of their caps decides
        return lowest([
          binding === undefined ? this.#ofGroup(group ?? '') : this.#ofBinding(binding, null),
          ...(isCountedAlike(stanza) ? [...sumsOf(stanza), ...this.#sumsOfName(stanza, null)] : []),
        ]);
      case serverMaxOutboundConnections: // in the global scope it is around all others
        return isWhole ? null : lowest([this.#node, ...sumsOf(stanza), ...groupSums]);
      default:
        if (isWhole) return wholeServer(this.#configuration);
        if (binding !== undefined)
          return lowest([
            this.#ofBinding(binding, stanza.kind.name === 'binding' ? stanza : null),
            ...this.#sumsOfName(stanza, stanza),
            this.#pairs(stanza, budget),
          ]);
        return lowest([
          this.#node,
          ...(stanza.kind.name === 'binding_group' ? [] : groupSums),
          ...this.#sumsOfName(stanza, stanza),
          this.#pairs(stanza, budget),
        ]);
    }
  }

  /** @param but its own sums are left out: they are what is asked about */
  #ofBinding(binding: string, but: Stanza | null): Cap {
    const known = but === null ? this.#byBinding.get(binding) : undefined;
    if (known !== undefined) return known;
    const configuration = this.#configuration;
    const group = configuration.groupOf(binding);
    const asker = { group, binding, name: { kind: 'any' } } as const;
    const found: (Cap | null)[] = [this.#node];
    for (const level of [['binding_group', 'binding'], ['binding'], ['binding_group']] as const) {
      for (const option of SUMS) {
        const sum = settingAt(configuration.root, level, option, asker);
        if (sum !== null && sum.stanza !== but) found.push(capOfSum(sum));
      }
    }
    for (const option of WHOLE) {
      const limit = configuration.bindingLimit(option, binding);
      if (limit !== NO_LIMIT) found.push(capOf(option, configuration.resolve(option, { binding })));
    }
    const cap = lowest(found)!;
    if (but === null) this.#byBinding.set(binding, cap);
    return cap;
  }

  /** The highest of the caps of its bindings: no binding of it has more. The empty name stands for all groups. */
  #ofGroup(group: string): Cap | null {
    const known = this.#byGroup.get(group);
    if (known !== undefined) return known;
    const configuration = this.#configuration;
    const names = group === '' ? configuration.bindings().map(({ name }) => name) : configuration.bindingsOf(group);
    let highest: Cap | null = null;
    for (const name of names) {
      const cap = this.#ofBinding(name, null);
      if (highest === null || cap.limit > highest.limit) highest = cap;
    }
    this.#byGroup.set(group, highest);
    return highest;
  }

  /** Sums in stanzas other than `but` that are certainly about the same domain or host, and about no fewer bindings. */
  #sumsOfName(stanza: Stanza, but: Stanza | null): Cap[] {
    const [name, surplus] = namesAsked(stanza);
    if (name?.kind !== 'name' || surplus !== undefined) return [];
    const group = nameIn(stanza, 'binding_group') ?? '';
    const binding = nameIn(stanza, 'binding') ?? null;
    const asker = binding === null ? { group, binding } : { group: this.#configuration.groupOf(binding), binding };
    return levelsOf(maxOutboundConnections, stanza)
      .levels.filter((level) => level.at(-1) === stanza.kind.name)
      .flatMap((level) => SUMS.map((option) => settingAt(this.#configuration.root, level, option, { ...asker, name })))
      .flatMap((sum) => (sum === null || sum.stanza === but ? [] : [capOfSum(sum)]));
  }

  /** For a sum over one domain: all that its bindings may open to it together. */
  #pairs(stanza: Stanza, budget: LookBudget): Cap | null {
    if (stanza.kind.name !== 'domain' || stanza.pattern !== null) return null;
    const configuration = this.#configuration;
    let sum = 0;
    let last: Resolved<Limit> | null = null;
    const bindings = bindingsAsked(configuration, stanza).flatMap(({ group, binding }) =>
      binding === null ? configuration.bindingsOf(group) : [binding],
    );
    for (const binding of bindings) {
      budget.spend();
      last = configuration.resolve(maxOutboundConnections, { binding, domain: stanza.key });
      sum += last.value;
      if (sum >= NO_LIMIT || budget.isSpent) return null;
    }
    if (last === null) return null;
    if (bindings.length === 1) return capOf(maxOutboundConnections, last);
    const text = `the ${bindings.length} bindings it speaks for have ${sum} together by ${maxOutboundConnections.display}`;
    return { limit: sum, text };
  }
}

function wholeServer(configuration: Configuration): Cap {
  const server = configuration.resolve(serverMaxOutboundConnections);
  const reserve = server.value === 0 ? 0 : configuration.value(serverReserveOutboundConnections);
  const own = capOf(serverMaxOutboundConnections, server);
  const withReserve = {
    limit: Math.min(NO_LIMIT, server.value + reserve),
    text: `${own.text}${reserve > 0 ? `, with the ${reserve} of ${serverReserveOutboundConnections.display}` : ''}`,
  };
  const cluster = capOf(
    clusterServerMaxOutboundConnections,
    configuration.resolve(clusterServerMaxOutboundConnections),
  );
  return lowest([withReserve, cluster])!;
}

/** The sums that a stanza itself sets. */
function sumsOf(stanza: Stanza): Cap[] {
  return SUMS.flatMap((option) => {
    const setting = settingOf(stanza, option);
    return setting === null ? [] : [capOfSum({ stanza, setting })];
  });
}

function capOfSum({ stanza, setting }: FoundSetting): Cap {
  return { limit: setting.value as Limit, text: `${settingText(stanza, setting)} is lower` };
}

function capOf({ display }: Option<Limit>, { value, text, setBy }: Resolved<Limit>): Cap {
  const place =
    setBy === 'default' ? 'the default' : `${setBy.scope === '' ? '' : `${setBy.scope}, `}${formatPosition(setBy.at)}`;
  return { limit: value, text: `${display} = ${text} (${place}) is lower` };
}

function lowest(caps: readonly (Cap | null)[]): Cap | null {
  return caps.reduce((least, cap) => (cap !== null && (least === null || cap.limit < least.limit) ? cap : least), null);
}

/** The counters of a domain count what its sums count; those of a host only when it is named by its address. */
function isCountedAlike({ kind, key, pattern }: Stanza): boolean {
  return kind.name === 'domain' || (kind.name === 'host' && pattern === null && addressIn(key) !== null);
}

function nameIn({ path }: Stanza, scope: string): string | undefined {
  return path.find(({ kind }) => kind.name === scope)?.name ?? undefined;
}
