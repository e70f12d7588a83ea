// Throttles that never have to wait: whatever takes a token of them has taken one of a slower throttle, too. Of one option
// only the most specific stanza counts, so that this can be between a throttle and that of the cluster, and between the
// throttle of a host and those of its mail.

import type { Configuration } from '../configuration.ts';
import type { Option } from '../option.ts';
import {
  clusterOutboundThrottleConnections,
  clusterOutboundThrottleMessages,
  outboundThrottleConnections,
  outboundThrottleMessages,
} from '../options/connection-options.ts';
import type { Stanza } from '../stanza.ts';
import type { Rate } from '../value-type.ts';
import { levelsOf } from './askers.ts';
import { type DeadEntry, type LookBudget, settingText, stanzasBelow } from './dead-entry.ts';
import { settingOf } from './explanation.ts';

type RateOption = Option<Rate | null>;

const PAIRS: readonly (readonly [own: RateOption, cluster: RateOption])[] = [
  [outboundThrottleConnections, clusterOutboundThrottleConnections],
  [outboundThrottleMessages, clusterOutboundThrottleMessages],
];

interface SetRate {
  readonly stanza: Stanza;
  readonly rate: Rate;
}

export function idleThrottles(configuration: Configuration, budget: LookBudget): DeadEntry[] {
  const found: DeadEntry[] = [];
  for (const [own, cluster] of PAIRS) {
    const ownRates = ratesOf(configuration, own);
    const others = [
      { option: cluster, all: ratesOf(configuration, cluster) },
      { option: own, all: ownRates.filter(({ stanza }) => stanza.kind.name !== 'host') },
    ];
    for (const { stanza, rate } of ownRates) {
      for (const { option, all } of others) {
        if (option === own && stanza.kind.name !== 'host') continue;
        const slower = slowerFor(configuration, stanza, rate, option, all, budget);
        if (slower === null) continue;
        const text = `"${rate.count}/${rate.seconds}" never has to wait: ${settingText(slower, settingOf(slower, option)!)} counts all that it counts, and allows less in any time; take this one out, or make it slower`;
        found.push({ kind: 'idleThrottle', stanza, option: own, text });
        break;
      }
    }
  }
  return found;
}

/** Everything that sets it to a rate; 0 is none, but hides what is wider. */
function ratesOf({ root }: Configuration, option: RateOption): readonly SetRate[] {
  const found: SetRate[] = [];
  for (const stanza of stanzasBelow(root)) {
    const rate = settingOf(stanza, option)?.value as Rate | null | undefined;
    if (rate) found.push({ stanza, rate });
  }
  return found;
}

/** The stanza of a slower throttle that everything counted by `stanza` counts on as well; null when none is certain. */
function slowerFor(
  configuration: Configuration,
  stanza: Stanza,
  rate: Rate,
  option: RateOption,
  all: readonly SetRate[],
  budget: LookBudget,
): Stanza | null {
  let first: SetRate | null = null;
  for (const one of all) {
    budget.spend();
    if (budget.isSpent) return null;
    if (speaksForAll(configuration, one.stanza, stanza)) {
      if (first === null || levelOf(option, one.stanza) < levelOf(option, first.stanza)) first = one;
    }
  }
  if (first === null || first.rate.count === 0 || !isSlower(first.rate, rate)) return null;
  const level = levelOf(option, first.stanza);
  for (const one of all) {
    budget.spend();
    if (budget.isSpent) return null;
    const isAsked =
      one !== first && levelOf(option, one.stanza) <= level && !areDisjoint(configuration, one.stanza, stanza);
    if (isAsked) return null;
  }
  return first.stanza;
}

const levelOf = (option: RateOption, stanza: Stanza): number => levelsOf(option, stanza).own;

/** At most `count` events in so many of its own times as the other's time begins. */
function isSlower(slow: Rate, fast: Rate): boolean {
  return slow.count * Math.ceil(fast.seconds / slow.seconds) < fast.count;
}

/** Whether everybody for whom `inner` may speak is one for whom `outer` speaks. */
function speaksForAll(configuration: Configuration, outer: Stanza, inner: Stanza): boolean {
  if (outer === inner) return inner.kind.name !== 'host';
  const binding = nameIn(outer, 'binding');
  const group = nameIn(outer, 'binding_group');
  switch (outer.kind.name) {
    case 'global':
      return true;
    case 'binding_group':
      return group === groupIn(configuration, inner);
    case 'binding':
      return binding === nameIn(inner, 'binding');
    default:
      return false;
  }
}

/** Whether nobody can be spoken for by both. */
function areDisjoint(configuration: Configuration, one: Stanza, other: Stanza): boolean {
  const differ = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && a !== b;
  const isLiteral = ({ kind, pattern }: Stanza): boolean => kind.name === 'domain' && pattern === null;
  return (
    differ(nameIn(one, 'binding'), nameIn(other, 'binding')) ||
    differ(groupIn(configuration, one), groupIn(configuration, other)) ||
    (isLiteral(one) && isLiteral(other) && one.key !== other.key)
  );
}

function groupIn(configuration: Configuration, stanza: Stanza): string | undefined {
  const binding = nameIn(stanza, 'binding');
  if (binding !== undefined) return configuration.groupOf(binding);
  return nameIn(stanza, 'binding_group');
}

function nameIn({ path }: Stanza, scope: string): string | undefined {
  return path.find(({ kind }) => kind.name === scope)?.name ?? undefined;
}
