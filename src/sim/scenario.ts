// Everything that a run is made of, drawn from its seed alone: what is configured, who is out there, what mail comes,
// and what happens in between.
import { type Random, seededRandom } from '../core/base/random.ts';
import type { Mailbox } from '../core/mail/mailbox.ts';
import type { SessionPlan } from './client.ts';
import type { TextSetting } from './configuration-text.ts';
import type { DiskConditions } from './disk.ts';
import type { NameConditions } from './names.ts';
import type { NetworkConditions } from './network.ts';
import { ActionPlanner, PLENTY_OF_DESCRIPTORS, type TimedAction } from './plan-actions.ts';
import {
  type BindingPlan,
  bindingPath,
  type ConfigurationPlan,
  planBindings,
  planConfiguration,
  scope,
  throttleKnobs,
  turnThrottle,
} from './plan-configuration.ts';
import { planMoves } from './plan-moves.ts';
import { type DomainPlan, type Malice, type NetworkPlan, planNetwork } from './plan-network.ts';
import { type Burst, TrafficPlanner } from './plan-traffic.ts';
import type { QuietRule } from './quiet-hours.ts';
import { between, happens, pick } from './world.ts';

export interface Scenario {
  readonly seed: number;
  /** One line for people. */
  readonly title: string;
  readonly configuration: ConfigurationPlan;
  readonly network: NetworkPlan;
  readonly networkConditions: NetworkConditions;
  readonly nameConditions: NameConditions;
  readonly diskConditions: DiskConditions;
  readonly sessions: readonly SessionPlan[];
  readonly actions: readonly TimedAction[];
  readonly quietHours: readonly QuietRule[];
  /** The burst whose limit is to be reached exactly, or null when the scenario is not built for that. */
  readonly burst: Burst | null;
  /** More wait for the node's limit than it lets go, for so long that the reserve must be used. */
  readonly needsReserve: boolean;
  /** Nothing goes wrong: every message is delivered, at its first attempt. */
  readonly isCalm: boolean;
  /** How long a message may take from the disk to its delivery; others are not measured. */
  readonly patienceMs: ReadonlyMap<Mailbox, number>;
  /** By then every message must have come to its end. */
  readonly endMs: number;
}

/** At most, with the slowest of well-mannered receivers: one recipient, and a message overlapped behind it. */
const TRANSACTION_MS = 2 * (1500 + 4 * (100 + 160));
/** QUIT, 221 and FIN; SYN, banner and EHLO. */
const CLOSE_AND_SET_UP_MS = 260 + 160 + 800 + 260;

/** How far operators and clients reach into a run. */
const ACTIVE_MS = 60_000;

export function drawScenario(seed: number): Scenario {
  const random = seededRandom(seed).stream('scenario');
  const kind = random.below(10);
  if (kind < 2) return drawBurst(seed);
  if (kind === 2) return drawHandOver(seed);
  if (kind === 3) return drawReserve(seed);
  return kind < 6 ? drawChurn(seed) : drawMixed(seed);
}

/** Now and then nobody answers any question for a while. */
function planOutage(random: Random, malice: Malice): Pick<NameConditions, 'outage'> {
  if (malice === 0 || !happens(random, 0.3)) return {};
  const fromMs = Math.round(between(random, 0, ACTIVE_MS));
  return { outage: { fromMs, untilMs: fromMs + Math.round(between(random, 2000, 120_000)) } };
}

/** All sorts of things at once. */
function drawMixed(seed: number): Scenario {
  const root = seededRandom(seed);
  const random = root.stream('mixed');
  const malice = pick<Malice>(random, [0, 1, 1, 2]);
  const network = planNetwork(root.stream('network plan'), 2 + random.below(4), malice, false);
  const bindings = planBindings(root.stream('bindings'), network.hasIpv6);
  let configuration = planConfiguration(root.stream('configuration'), bindings, network.domains, random.below(7));
  const throttling = root.stream('throttles');
  const throttles = pick(throttling, [0, 0, 1, 2, 4]);
  for (let count = 0; count < throttles; count++)
    configuration = withSettings(configuration, turnThrottle(throttling, throttleKnobs(bindings, network.domains)));
  const isHonest = malice === 0;
  const traffic = new TrafficPlanner(root.stream('traffic'), configuration.listeners);
  const messages = pick(random, [10, 30, 60, 100]);
  traffic.addSessions(messages, pick(random, [100, 5000, ACTIVE_MS]), bindings, network.domains, isHonest);
  const planner = new ActionPlanner(root.stream('actions'), configuration, network);
  const operations = pick(random, [0, 2, 5]);
  planner.addOperators(operations, ACTIVE_MS);
  const deaths = pick(random, [0, 0, 1, 3]);
  planner.addDeaths(deaths, ACTIVE_MS);
  const moves = drawMoves(root, [0, 0, 4, 15], bindings, network, traffic.sessions);
  return {
    seed,
    title: `${messages} messages, malice ${malice}, ${operations} operations, ${moves.length} moves, ${deaths} deaths, ${throttles} throttles`,
    configuration,
    network,
    networkConditions: {
      descriptorsExhausted: 0,
      splitting: pick(random, [0, 0.3]),
      slowKernel: pick(random, [0, 0.3]),
      descriptorLimit: PLENTY_OF_DESCRIPTORS,
    },
    nameConditions: {
      delayMs: pick(random, [[0, 1] as const, [1, 50] as const, [100, 3000] as const]),
      unavailable: malice > 0 && happens(random, 0.3) ? 0.1 : 0,
      ttlSeconds: pick(random, [0, 5, 3600]),
      ...planOutage(root.stream('outage'), malice),
    },
    diskConditions: {
      commitMs: pick(random, [[0, 1] as const, [2, 20] as const]),
      settleMs: pick(random, [1, 20]),
      refusal: malice > 0 && happens(random, 0.3) ? 0.05 : 0,
      damage: malice > 0 && happens(random, 0.2) ? 0.05 : 0,
    },
    sessions: traffic.sessions,
    actions: [...planner.actions, ...moves],
    quietHours: planQuietHours(root.stream('quiet hours'), bindings, network.domains),
    burst: null,
    needsReserve: false,
    isCalm: false,
    patienceMs: new Map(),
    endMs: ACTIVE_MS + 2 * (configuration.expirationSeconds * 1000 + 200_000) + 300_000,
  };
}

/** Limits go up and down all the time, by commands and reloads, while queues are busy and while connections idle. */
function drawChurn(seed: number): Scenario {
  const root = seededRandom(seed);
  const random = root.stream('churn');
  const malice = pick<Malice>(random, [0, 0, 0, 1]);
  // Half of the runs have several domains at one exchanger, whose connections go from one to the other.
  const isSharing = random.below(2) === 0;
  const isSlow = random.below(2) === 0;
  const domains = (isSharing ? 3 : 1) + random.below(3);
  const network = planNetwork(root.stream('network plan'), domains, malice, isSlow, isSharing ? 1 : 1 / 3);
  const bindings = planBindings(root.stream('bindings'), network.hasIpv6);
  const drawn = planConfiguration(root.stream('configuration'), bindings, network.domains, random.below(4));
  const global = (option: string, value: string | number): TextSetting => ({ path: [], option, value: String(value) });
  const throttles = pick(random, [0, 0, 1, 2]);
  const knobs = throttleKnobs(bindings, network.domains).filter(({ option }) => /messages/i.test(option));
  const configuration = {
    ...drawn,
    settings: [
      ...drawn.settings.filter(({ value }) => value !== '0'),
      ...Array.from({ length: throttles }, () => turnThrottle(random, knobs)),
      global('Max_Outbound_Connections', pick(random, [2, 4, 8, 16])),
      global('Connection_Allocation_Aggressiveness', 'high'),
      global('Idle_Timeout', pick(random, [5, 20, 60])),
      global('Max_Deliveries_Per_Connection', pick(random, [0, 0, 0, 5])),
    ],
  };
  const traffic = new TrafficPlanner(root.stream('traffic'), configuration.listeners);
  const bursts = 5 + random.below(6);
  const favourite = pick(random, bindings);
  for (let count = 0; count < bursts; count++) {
    const to = {
      binding: pick(random, [favourite, favourite, ...bindings]).name,
      domain: pick(random, network.domains).name,
    };
    traffic.addBurst({ ...to, transactions: pick(random, [5, 20, 40]) }, between(random, 0, ACTIVE_MS));
  }
  const planner = new ActionPlanner(root.stream('actions'), configuration, network);
  const turns = 20 + random.below(40);
  planner.addTurns(turns, ACTIVE_MS);
  const deaths = pick(random, [0, 0, 0, 1]);
  planner.addDeaths(deaths, ACTIVE_MS);
  const moves = drawMoves(root, [0, 0, 0, 10], bindings, network, traffic.sessions);
  return {
    seed,
    title: `${bursts} bursts while limits change ${turns} times, ${moves.length} moves, malice ${malice}, ${deaths} deaths, ${throttles} throttles`,
    configuration,
    network,
    networkConditions: {
      descriptorsExhausted: 0,
      splitting: 0,
      slowKernel: pick(random, [0, 0.3]),
      descriptorLimit: PLENTY_OF_DESCRIPTORS,
    },
    nameConditions: { delayMs: [1, 20], unavailable: 0, ttlSeconds: 3600 },
    diskConditions: { commitMs: [0, 2], settleMs: 20, refusal: 0, damage: 0 },
    sessions: traffic.sessions,
    actions: [...planner.actions, ...moves],
    quietHours: [],
    burst: null,
    needsReserve: false,
    isCalm: false,
    patienceMs: new Map(),
    endMs: ACTIVE_MS + 2 * (configuration.expirationSeconds * 1000 + 200_000) + 300_000,
  };
}

/** A stream of its own leaves the rest of a scenario as it is. */
function drawMoves(
  root: Random,
  counts: readonly number[],
  bindings: readonly BindingPlan[],
  { domains }: NetworkPlan,
  sessions: readonly SessionPlan[],
): readonly TimedAction[] {
  const random = root.stream('moves');
  return planMoves(random, pick(random, counts), ACTIVE_MS, { bindings, domains, sessions });
}

/** In one of eight runs. Windows are short enough that mail does not expire in them. */
function planQuietHours(
  random: Random,
  bindings: readonly BindingPlan[],
  domains: readonly DomainPlan[],
): readonly QuietRule[] {
  if (random.below(8) > 0) return [];
  return Array.from({ length: 1 + random.below(2) }, () => ({
    binding: pick(random, ['*', pick(random, bindings).name, pick(random, bindings).group ?? '*']),
    domain: pick(random, ['*', pick(random, domains).name]),
    minutes: pick(random, [[0], [1], [0, 2], [1, 2]]),
  }));
}

function withSettings(plan: ConfigurationPlan, ...settings: readonly TextSetting[]): ConfigurationPlan {
  return { ...plan, settings: [...plan.settings, ...settings] };
}

/** So much mail for one queue at once that the lowest of its limits must be reached, and is not passed. */
function drawBurst(seed: number): Scenario {
  const root = seededRandom(seed);
  const random = root.stream('burst');
  const network = planNetwork(root.stream('network plan'), 1 + random.below(3), 0, true);
  const bindings = planBindings(root.stream('bindings'), false);
  const drawn = planConfiguration(root.stream('configuration'), bindings, network.domains, random.below(7));
  const limit = pick(random, [1, 2, 3, 5, 7]);
  const binding = pick(random, bindings).name;
  const domain = pick(
    random,
    network.domains.filter(({ kind, isAlone }) => kind === 'served' && isAlone),
  ).name;
  // Enough time for all of it even over one connection.
  const settings = [
    ...drawn.settings.filter(({ value }) => value !== '0'),
    { path: [], option: 'Max_Outbound_Connections', value: String(limit) },
    { path: [], option: 'Message_Expiration', value: '3600' },
    { path: [scope('domain', domain)], option: 'Max_Retries', value: 'auto' },
  ];
  const configuration = { ...drawn, settings, expirationSeconds: 3600 };
  const burst = { binding, domain, transactions: 20 * 8 };
  const traffic = new TrafficPlanner(root.stream('traffic'), configuration.listeners);
  traffic.addBurst(burst, 10);
  return {
    seed,
    title: `a burst of ${burst.transactions} messages for ${domain} from ${binding}`,
    configuration,
    network,
    networkConditions: { descriptorsExhausted: 0, splitting: 0, slowKernel: 0, descriptorLimit: PLENTY_OF_DESCRIPTORS },
    nameConditions: { delayMs: [1, 20], unavailable: 0, ttlSeconds: 3600 },
    diskConditions: { commitMs: [0, 2], settleMs: 20, refusal: 0, damage: 0 },
    sessions: traffic.sessions,
    actions: [],
    quietHours: [],
    burst,
    needsReserve: false,
    isCalm: true,
    patienceMs: new Map(),
    endMs: 4_000_000,
  };
}

/**
 * A queue with much mail holds every slot, and others come with a message each. With k waiters on L slots none waits longer
 * than ceil(k/L) times a transaction, a close and a set-up, and a quantum where the busy queue's connections may be new: one
 * that has served its quantum is handed over after its message (docs/limits.md).
 */
function drawHandOver(seed: number): Scenario {
  const root = seededRandom(seed);
  const random = root.stream('hand-over');
  const network = planNetwork(root.stream('network plan'), 2 + random.below(4), 0, true);
  const bindings = planBindings(root.stream('bindings'), false);
  const drawn = planConfiguration(root.stream('configuration'), bindings, network.domains, 0);
  const slots = 1 + random.below(3);
  const messagesPerConnection = pick(random, [0, 0, 5]);
  const binding = pick(random, bindings);
  const path = pick(random, [[], bindingPath(binding)]);
  const settings = [
    ...drawn.settings,
    { path: [], option: 'Max_Outbound_Connections', value: '8' },
    { path: [], option: 'Message_Expiration', value: '3600' },
    { path, option: 'Server_Max_Outbound_Connections', value: String(slots) },
    { path: [], option: 'Max_Deliveries_Per_Connection', value: String(messagesPerConnection) },
  ];
  const configuration = { ...drawn, settings, expirationSeconds: 3600 };
  const traffic = new TrafficPlanner(root.stream('traffic'), configuration.listeners);
  const [busy, ...others] = network.domains;
  traffic.addBurst({ binding: binding.name, domain: busy!.name, transactions: 60 * slots }, 10);
  const patienceMs = new Map<Mailbox, number>();
  const quantumMs = messagesPerConnection === 0 ? 0 : 1000;
  const longestMs = quantumMs + TRANSACTION_MS + CLOSE_AND_SET_UP_MS;
  for (const domain of others) {
    const mailbox = traffic.addBurst({ binding: binding.name, domain: domain.name, transactions: 1 }, 5000);
    patienceMs.set(mailbox, Math.ceil(others.length / slots) * longestMs + CLOSE_AND_SET_UP_MS + TRANSACTION_MS);
  }
  return {
    seed,
    title: `${others.length} domains wait for ${slots} slots that ${busy!.name} holds`,
    configuration,
    network,
    networkConditions: { descriptorsExhausted: 0, splitting: 0, slowKernel: 0, descriptorLimit: PLENTY_OF_DESCRIPTORS },
    nameConditions: { delayMs: [1, 20], unavailable: 0, ttlSeconds: 3600 },
    diskConditions: { commitMs: [0, 2], settleMs: 20, refusal: 0, damage: 0 },
    sessions: traffic.sessions,
    actions: [],
    quietHours: [],
    burst: null,
    needsReserve: false,
    isCalm: true,
    patienceMs,
    endMs: 4_000_000,
  };
}

/** Few slots, slow receivers, and more queues than slots, so that sweeps of the reserve have somebody to serve. */
function drawReserve(seed: number): Scenario {
  const root = seededRandom(seed);
  const random = root.stream('reserve');
  const network = planNetwork(root.stream('network plan'), 4 + random.below(3), 0, true);
  const bindings = planBindings(root.stream('bindings'), false);
  const drawn = planConfiguration(root.stream('configuration'), bindings, network.domains, 0);
  const slots = 1 + random.below(2);
  const reserve = 1 + random.below(4);
  const global = (option: string, value: number) => ({ path: [], option, value: String(value) });
  const settings = [
    ...drawn.settings,
    global('Max_Outbound_Connections', pick(random, [1, 8])),
    global('Message_Expiration', 3600),
    global('Server_Max_Outbound_Connections', slots),
    global('Server_Reserve_Outbound_Connections', reserve),
    global('Reserve_Maintenance_Interval', 1),
  ];
  const configuration = { ...drawn, settings, expirationSeconds: 3600 };
  const traffic = new TrafficPlanner(root.stream('traffic'), configuration.listeners);
  for (const { name: domain } of network.domains) {
    for (const { name: binding } of bindings) {
      traffic.addBurst({ binding, domain, transactions: pick(random, [3, 5, 10]) }, between(random, 0, 50));
    }
  }
  return {
    seed,
    title: `${network.domains.length * bindings.length} queues on ${slots} slots and a reserve of ${reserve}`,
    configuration,
    network,
    networkConditions: { descriptorsExhausted: 0, splitting: 0, slowKernel: 0, descriptorLimit: PLENTY_OF_DESCRIPTORS },
    nameConditions: { delayMs: [1, 20], unavailable: 0, ttlSeconds: 3600 },
    diskConditions: { commitMs: [0, 2], settleMs: 20, refusal: 0, damage: 0 },
    sessions: traffic.sessions,
    actions: [],
    quietHours: [],
    burst: null,
    needsReserve: true,
    isCalm: true,
    patienceMs: new Map(),
    endMs: 4_000_000,
  };
}
