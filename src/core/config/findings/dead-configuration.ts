// Dead configuration: what is written and has no effect. Every finding is a proof, and taking it out changes no value in
// force (dead-configuration.test.ts). Asked by `headgate config check`, never on the way to a running server.
import type { Configuration } from '../configuration.ts';
import { type ConfigWarning, Findings } from '../problem.ts';
import { formatPath } from '../stanza.ts';
import { type DeadEntry, LookBudget } from './dead-entry.ts';
import { unreachedLimits } from './dead-limits.ts';
import { deadListenerSettings, unusedBindings } from './dead-listener-settings.ts';
import { deadSettings } from './dead-settings.ts';
import { idleThrottles } from './dead-throttles.ts';

/** Some seconds' worth. A setting takes three looks as a rule. */
const LOOKS_MAX = 2_000_000;

export interface DeadConfiguration {
  readonly entries: readonly DeadEntry[];
  /** What the search cost: names looked up in containers. */
  readonly looks: number;
  /** False when it ended early because the configuration is too large. */
  readonly isComplete: boolean;
}

export function findDeadConfiguration(configuration: Configuration, looksMax = LOOKS_MAX): DeadConfiguration {
  const budget = new LookBudget(looksMax);
  const shadowed = [...deadSettings(configuration, budget), ...deadListenerSettings(configuration)];
  const seen = new Set(shadowed.map(keyOf));
  const unused = unusedBindings(configuration);
  // What is never asked is not said to be never reached, too.
  const others = [...unreachedLimits(configuration, budget), ...idleThrottles(configuration, budget)].filter(
    (entry) => !seen.has(keyOf(entry)) && !seen.has(keyOf({ ...entry, option: null })),
  );
  return { entries: [...shadowed, ...unused, ...others], looks: budget.looks, isComplete: !budget.isSpent };
}

const keyOf = ({ stanza, option }: Pick<DeadEntry, 'stanza' | 'option'>): string =>
  `${option?.name ?? ''} ${formatPath(stanza.path)}`;

/** The same as warnings with their places, in the order of the text. */
export function deadConfigurationWarnings(configuration: Configuration): ConfigWarning[] {
  const { entries, looks, isComplete } = findDeadConfiguration(configuration);
  const findings = new Findings();
  for (const { stanza, option, text } of entries) {
    const setting = option === null ? undefined : stanza.settings.get(option.name);
    findings.warn(setting?.at ?? stanza.at, option?.name ?? formatPath(stanza.path), text);
  }
  if (!isComplete) {
    const text = `the search for settings without effect ended early, after ${looks} looks; the rest of the configuration was not searched`;
    findings.warn(configuration.root.at, 'configuration', text);
  }
  return findings.warnings;
}
