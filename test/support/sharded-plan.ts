// What a run of several schedulers is made of, drawn from its seed: names, limits at each scope and when others come into force,
// mail, ends of shards. A plan is plain data: what fails is printed with it.
import { NO_LIMIT } from '../../src/core/base/limit.ts';
import { type Random, seededRandom } from '../../src/core/base/random.ts';
import { AGGRESSIVENESS } from '../../src/core/delivery/allocation.ts';
import type { DeliverySettings } from '../../src/core/delivery/settings.ts';
import { candidate, SETTINGS } from './scheduler-bench.ts';

/** One configuration: the limits in force in a shard that has it. */
export interface ShardedLimits {
  readonly node: number;
  readonly reserve: number;
  readonly binding: number;
  /** By domain. */
  readonly pair: readonly number[];
  readonly host: number;
  /** Of the first two domains together. */
  readonly scope: number;
}

/** So many messages come in at that time, in milliseconds of the run. */
export interface ShardedArrival {
  readonly at: number;
  readonly shard: number;
  readonly binding: string;
  readonly domain: string;
  readonly count: number;
}

export interface ShardedPlan {
  readonly seed: number;
  readonly shards: number;
  /** By preference: addresses of their hosts. */
  readonly domains: readonly { readonly name: string; readonly hosts: readonly (readonly [string, number])[] }[];
  readonly versions: readonly ShardedLimits[];
  readonly connectionsPerMessage: number;
  readonly idleTimeoutMs: number;
  readonly maxDeliveries: number;
  readonly sharesConnections: boolean;
  readonly arrivals: readonly ShardedArrival[];
  /** When which version is put in force; each shard has it within some milliseconds. */
  readonly reloads: readonly { readonly at: number; readonly version: number }[];
  /** The shard ends before its operation on shared memory of that number from then on. */
  readonly ends: readonly { readonly at: number; readonly shard: number; readonly operations: number }[];
  /** The system refuses a shard connections. */
  readonly troubles: readonly { readonly at: number; readonly shard: number }[];
  /** Connections that a receiver refuses, in a thousand. */
  readonly refusals: number;
  /** A message takes so long, but for some (in a thousand), which take 1.5 seconds. */
  readonly replyMsMax: number;
  readonly slowReplies: number;
  /** It takes so long until a shard that was rung for looks. */
  readonly bellMsMax: number;
  /** Others go on after so many operations of a shard at most, or a multiple of it that each turn draws. */
  readonly pace: number;
  /** One shard stands still while others go on for so long at most. */
  readonly stallMs: number;
  /** How often everybody looks around while receivers do nothing: after so many of a thousand events. */
  readonly rests: number;
  /** Nobody without a connection waits for longer; null where more than one counter binds. */
  readonly waitMsMax: number | null;
}

const QUANTUM_MS = 1000;
export const SLOW_REPLY_MS = 1500;
export const CLOSE_MS_MAX = 20;
export const CONNECT_MS_MAX = 10;

const draw = (random: Random, least: number, most: number): number => least + random.below(most - least + 1);
const oneOf = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)]!;
const times = (count: number, make: () => number): number[] => Array.from({ length: count }, make);

/** Every fourth is a flood, and every eighth one of unequal parts. */
export function planOf(seed: number): ShardedPlan {
  const random = seededRandom(seed).stream('plan');
  if (seed % 4 === 0) return planFlood(seed, random);
  if (seed % 8 === 3) return planUnequalParts(seed, random);
  return seed % 4 === 1 ? planContention(seed, random) : planMixture(seed, random);
}

/** Everybody wants the few slots of the same counters at the same time, and gives them back at once. */
function planContention(seed: number, random: Random): ShardedPlan {
  const plan = planMixture(seed, random);
  const arrivals = plan.arrivals.flatMap(({ domain, binding, count }, place) => {
    const at = 20 * (place >> 2);
    return Array.from({ length: plan.shards }, (_, shard) => ({ at, shard, domain, binding, count: 1 + (count % 3) }));
  });
  const versions = plan.versions.map((limits) => ({
    ...limits,
    host: draw(random, 1, 2),
    pair: limits.pair.map(() => draw(random, 1, 3)),
  }));
  return {
    ...plan,
    arrivals,
    versions,
    rests: 100,
    pace: 2,
    stallMs: 30,
    replyMsMax: 4,
    slowReplies: 0,
    idleTimeoutMs: oneOf(random, [0, 5]),
  };
}

function planMixture(seed: number, random: Random): ShardedPlan {
  const shards = draw(random, 2, 4);
  const bindings = ['b0', 'b1'].slice(0, draw(random, 1, 2));
  const addresses = Array.from({ length: draw(random, 2, 3) }, (_, at) => `192.0.2.${at + 1}`);
  const domains = Array.from({ length: draw(random, 2, 4) }, (_, at) => {
    const chosen = [...new Set([oneOf(random, addresses), oneOf(random, addresses)])];
    const isEqual = random.below(2) === 0;
    return { name: `d${at}.example`, hosts: chosen.map((one, place) => [one, isEqual ? 10 : 10 + place] as const) };
  });
  const spanMs = oneOf(random, [50, 2000, 10_000]);
  const versions = Array.from({ length: oneOf(random, [1, 1, 3]) }, () => drawLimits(random, domains.length));
  return {
    seed,
    shards,
    domains,
    versions,
    connectionsPerMessage: oneOf(random, [AGGRESSIVENESS.high, AGGRESSIVENESS.normal]),
    idleTimeoutMs: oneOf(random, [0, 300, 5000, 60_000]),
    maxDeliveries: oneOf(random, [0, 0, 1, 5]),
    sharesConnections: random.below(2) === 0,
    arrivals: Array.from({ length: draw(random, 5, 40) }, () => ({
      at: random.below(spanMs),
      shard: random.below(shards),
      binding: oneOf(random, bindings),
      domain: oneOf(random, domains).name,
      count: oneOf(random, [1, 1, 2, 5, 20]),
    })),
    reloads: versions.length === 1 ? [] : times(3, () => random.below(spanMs)).map((at, version) => ({ at, version })),
    ends: times(oneOf(random, [0, 0, 2, 8]), () => random.below(spanMs)).map((at) => {
      return { at, shard: random.below(shards), operations: draw(random, 1, 60) };
    }),
    troubles: times(oneOf(random, [0, 0, 2]), () => random.below(spanMs)).map((at) => {
      return { at, shard: random.below(shards) };
    }),
    refusals: oneOf(random, [0, 0, 30]),
    replyMsMax: 60,
    slowReplies: 50,
    bellMsMax: oneOf(random, [1, 5, 40]),
    pace: oneOf(random, [2, 5]),
    stallMs: oneOf(random, [1, 30]),
    rests: 20,
    waitMsMax: null,
  };
}

/** Few of them bind, so that each does in some runs. */
function drawLimits(random: Random, domains: number): ShardedLimits {
  const limit = (most: number, often: number) => (random.below(often) === 0 ? draw(random, 1, most) : NO_LIMIT);
  const node = limit(8, 3);
  return {
    node,
    reserve: node === NO_LIMIT || random.below(2) === 0 ? 0 : draw(random, 1, 3),
    binding: limit(6, 3),
    pair: times(domains, () => limit(8, 2)),
    host: limit(4, 3),
    scope: limit(6, 4),
  };
}

/** Much mail in all shards for the first domain, a message now and then for others, and one counter that all need. */
function planFlood(seed: number, random: Random): ShardedPlan {
  const shards = draw(random, 2, 4);
  const [limit, newcomers] = [draw(random, 1, 8), draw(random, 1, 3)];
  const names = Array.from({ length: 1 + newcomers }, (_, at) => `d${at}.example`);
  const scope = oneOf(random, ['node', 'binding', 'host', 'scope'] as const);
  const open = { node: NO_LIMIT, reserve: 0, binding: NO_LIMIT, pair: names.map(() => NO_LIMIT), host: NO_LIMIT };
  const arrival = { binding: 'b0', domain: names[0]! };
  const flood = times(shards, () => draw(random, 200, 300)).map((count, shard) => ({
    ...arrival,
    at: 0,
    shard,
    count,
  }));
  const replyMsMax = oneOf(random, [10, 60, 200]);
  const turns = Math.ceil(((1 + newcomers) * shards) / limit);
  const [bellMsMax, stallMs] = [2, 1];
  return {
    seed,
    shards,
    // A sum is of the first two: the rest would have another counter.
    domains: names.slice(0, scope === 'scope' ? 2 : names.length).map((name) => ({ name, hosts: [['192.0.2.1', 10]] })),
    versions: [{ ...open, scope: NO_LIMIT, [scope]: limit }],
    connectionsPerMessage: 1, // one for each message, so that nothing binds but that limit
    idleTimeoutMs: oneOf(random, [0, 5000]),
    maxDeliveries: 0,
    sharesConnections: random.below(2) === 0,
    arrivals: [
      ...flood,
      ...times(6, () => random.below(5000)).map((at) => ({
        ...arrival,
        at,
        shard: random.below(shards),
        domain: names[scope === 'scope' ? 1 : draw(random, 1, newcomers)]!,
        count: 1,
      })),
    ],
    reloads: [],
    ends: [],
    troubles: [],
    refusals: 0,
    replyMsMax,
    slowReplies: 0,
    bellMsMax,
    pace: 5,
    stallMs,
    rests: 5,
    waitMsMax: turns * (QUANTUM_MS + replyMsMax + CLOSE_MS_MAX + CONNECT_MS_MAX + 4 * (bellMsMax + stallMs)),
  };
}

/** Nothing binds but what the mail of a queue asks for: much of it is in one shard, and a little now and then in others. */
function planUnequalParts(seed: number, random: Random): ShardedPlan {
  const plan = planFlood(seed, random);
  const domains = plan.domains.slice(0, 1);
  const domain = domains[0]!.name;
  const limits = { node: NO_LIMIT, reserve: 0, binding: NO_LIMIT, host: NO_LIMIT, scope: NO_LIMIT };
  const arrival = { binding: 'b0', domain };
  // So few connections for so much mail that the part which came first has some for as long as others come.
  const isLong = random.below(2) === 0;
  const messages = isLong ? 500 : oneOf(random, [5, 60, 300]);
  const ends = times(oneOf(random, [0, 4]), () => random.below(1500)).map((at) => {
    return { at, shard: random.below(plan.shards), operations: draw(random, 1, 60) };
  });
  const [bellMsMax, stallMs] = [2, 1];
  const turnMs = QUANTUM_MS + plan.replyMsMax + CLOSE_MS_MAX + CONNECT_MS_MAX + 4 * (bellMsMax + stallMs);
  return {
    ...plan,
    domains,
    versions: [{ ...limits, pair: [oneOf(random, [NO_LIMIT, 8, 40])] }],
    connectionsPerMessage: isLong ? 0.02 : AGGRESSIVENESS.normal,
    arrivals: [
      { ...arrival, at: 0, shard: 0, count: messages },
      ...times(20, () => random.below(1500)).map((at) => ({
        ...arrival,
        at,
        shard: random.below(plan.shards),
        count: oneOf(random, [1, 1, 3, 30]),
      })),
    ],
    maxDeliveries: oneOf(random, [0, 0, 3]),
    ends,
    rests: 50,
    // A connection goes for each part without one, and all parts but one may be without: then each takes its turn, if these
    // are more than there are connections.
    waitMsMax: ends.length > 0 ? null : (isLong ? 1 : plan.shards) * turnMs,
  };
}

/** What applies to a domain in a shard that has this version. */
export function settingsFor(plan: ShardedPlan, version: number, domain: string): DeliverySettings {
  const limits = plan.versions[version]!;
  const at = plan.domains.findIndex(({ name }) => name === domain);
  return {
    ...SETTINGS,
    maxOutboundConnections: limits.pair[at]!,
    bindingConnections: limits.binding,
    scopeLimits: at < 2 && limits.scope !== NO_LIMIT ? [{ key: SCOPE_KEY, limit: limits.scope }] : [],
    hostLimit: () => limits.host,
    connectionsPerMessage: plan.connectionsPerMessage,
    idleTimeoutMs: plan.idleTimeoutMs,
    maxDeliveriesPerConnection: plan.maxDeliveries,
    sharesConnections: plan.sharesConnections,
    hostFailureRetryMs: 500,
    messageExpirationMs: 1e9,
    connectTimeoutToDelayMs: 1e9,
    mxFailuresToDelay: 0,
  };
}

export const SCOPE_KEY = 'scope of two';

export function candidatesOf(plan: ShardedPlan, domain: string) {
  const { hosts } = plan.domains.find(({ name }) => name === domain)!;
  return hosts.map(([address, preference]) => candidate(address, preference));
}
