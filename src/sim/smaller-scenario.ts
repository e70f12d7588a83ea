// Ways to make a scenario smaller that touch more than one of its parts: without a domain, without a binding, with
// receivers and surroundings that behave.
import { domainOf } from '../core/mail/mailbox.ts';
import type { SessionPlan, TransactionPlan } from './client.ts';
import { type TextSetting, withoutStanza } from './configuration-text.ts';
import type { TimedAction } from './plan-actions.ts';
import { BEST_MANNERS } from './plan-network.ts';
import type { Scenario } from './scenario.ts';
import { formatScenario } from './scenario-text.ts';

/** Two scenarios with the same text are the same run. */
export const spoken = formatScenario;

/** How large a scenario is, for people. */
export function sizeOf({ sessions, network, configuration, actions }: Scenario): {
  messages: number;
  domains: number;
  bindings: number;
  actions: number;
} {
  const messages = sessions.reduce((sum, { transactions }) => sum + transactions.length, 0);
  const { bindings } = configuration;
  return { messages, domains: network.domains.length, bindings: bindings.length, actions: actions.length };
}

/** The domain, its mail, its receivers, and what is set for it are gone. */
export function withoutDomain(scenario: Scenario, name: string): Partial<Scenario> {
  const { network, configuration } = scenario;
  const domains = network.domains.filter((domain) => domain.name !== name);
  if (domains.length === 0) return {};
  const addresses = new Set(domains.flatMap(({ hosts }) => hosts.flatMap((host) => host.addresses)));
  const hosts = new Set(domains.flatMap((domain) => domain.hosts.map(({ host }) => host)));
  const isGone = ({ path }: Pick<TextSetting, 'path'>): boolean =>
    path.some(
      (scope) =>
        (scope.kind === 'domain' && scope.name === name) ||
        (scope.kind === 'host' && !scope.name.startsWith('/') && !hosts.has(scope.name) && !addresses.has(scope.name)),
    );
  return {
    network: {
      ...network,
      domains,
      zone: {
        exchanges: new Map([...network.zone.exchanges].filter(([domain]) => domain !== name)),
        addresses: new Map([...network.zone.addresses].filter(([host]) => hosts.has(host))),
      },
      exchangers: network.exchangers.filter(({ address }) => addresses.has(address)),
    },
    configuration: { ...configuration, settings: configuration.settings.filter((setting) => !isGone(setting)) },
    sessions: sessionsWithout(scenario.sessions, (transaction) => ({
      ...transaction,
      recipients: transaction.recipients.filter((mailbox) => domainOf(mailbox) !== name),
    })),
    actions: scenario.actions.filter(({ action }) => {
      if (action.kind === 'exchangerDown') return addresses.has(action.address);
      if (action.kind === 'failDomain' || action.kind === 'delay' || action.kind === 'rebind')
        return action.domain !== name;
      if (action.kind === 'reroute') return action.domain !== name && action.to !== name;
      if (action.kind === 'failMessage' || action.kind === 'retryMessage') return domainOf(action.mailbox) !== name;
      const setting = settingOf(action);
      return setting === null || !isGone(setting);
    }),
  };
}

/**
 * The binding and what is set for it are gone, and its mail has another; with the last of a group also the group and its
 * listener.
 */
export function withoutBinding(scenario: Scenario, name: string): Partial<Scenario> {
  if (name === 'default') return {};
  const { configuration } = scenario;
  const bindings = configuration.bindings.filter((binding) => binding.name !== name);
  const groups = new Set(bindings.map(({ group }) => group));
  const address = configuration.bindings.find((binding) => binding.name === name)!.address;
  let settings: readonly TextSetting[] = withoutStanza(configuration.settings, 'binding', name);
  let { listeners } = configuration;
  if (![...groups].some((group) => group !== null) && listeners > 1) {
    listeners = 1;
    settings = settings.filter(
      ({ path, option }) => option !== 'Binding_Group' && path.every(({ kind }) => kind !== 'binding_group'),
    );
  }
  const isGone = ({ path }: Pick<TextSetting, 'path'>): boolean =>
    path.some(
      (scope) =>
        (scope.kind === 'binding' && scope.name === name) ||
        (scope.kind === 'binding_group' && !groups.has(scope.name)),
    );
  return {
    configuration: { ...configuration, bindings, settings, listeners },
    sessions: scenario.sessions.map((session) => ({
      ...session,
      listener: Math.min(session.listener, listeners - 1),
      transactions: session.transactions.map((one) => ({ ...one, binding: one.binding === name ? null : one.binding })),
    })),
    actions: scenario.actions.filter(({ action }) => {
      if (action.kind === 'localAddress') return action.address !== address;
      if (action.kind === 'reload' && action.change.kind === 'binding') return action.change.name !== name;
      if (action.kind === 'flush' || action.kind === 'failDomain' || action.kind === 'delay')
        return action.binding !== name;
      if (action.kind === 'rebind') return action.binding !== name && action.to !== name;
      const setting = settingOf(action);
      return setting === null || !isGone(setting);
    }),
  };
}

/** Changes, each of which takes one thing away that may go wrong. */
export function calmed({ network }: Scenario): readonly ((scenario: Scenario) => Partial<Scenario>)[] {
  const changes: ((scenario: Scenario) => Partial<Scenario>)[] = [
    ({ nameConditions }) => ({ nameConditions: { ...nameConditions, delayMs: [0, 1], unavailable: 0 } }),
    ({ nameConditions: { outage: _, ...nameConditions } }) => ({ nameConditions }),
    () => ({ diskConditions: { commitMs: [0, 1], settleMs: 1, refusal: 0, damage: 0 } }),
    ({ networkConditions }) => ({
      networkConditions: { ...networkConditions, descriptorsExhausted: 0, splitting: 0, slowKernel: 0 },
    }),
  ];
  const exchangersWith =
    (address: string | null, names: readonly string[]) =>
    ({ network: { exchangers, ...rest } }: Scenario): Partial<Scenario> => ({
      network: {
        ...rest,
        exchangers: exchangers.map((one) => {
          if (address !== null && one.address !== address) return one;
          const better = Object.entries(BEST_MANNERS).filter(([manner]) => names.includes(manner));
          return { ...one, manners: { ...one.manners, ...Object.fromEntries(better) } };
        }),
      },
    });
  const all = Object.keys(BEST_MANNERS);
  changes.push(exchangersWith(null, all));
  for (const { address } of network.exchangers) changes.push(exchangersWith(address, all));
  for (const manner of all) changes.push(exchangersWith(null, [manner]));
  return changes;
}

function settingOf(action: TimedAction['action']): Pick<TextSetting, 'path'> | null {
  if (action.kind === 'set') return action.setting;
  if (action.kind === 'unset') return action.knob;
  return action.kind === 'reload' && action.change.kind === 'setting' ? action.change.setting : null;
}

function sessionsWithout(
  sessions: readonly SessionPlan[],
  change: (transaction: TransactionPlan) => TransactionPlan,
): readonly SessionPlan[] {
  return sessions
    .map((session) => ({
      ...session,
      transactions: session.transactions.map(change).filter(({ recipients }) => recipients.length > 0),
    }))
    .filter(({ transactions }) => transactions.length > 0);
}
