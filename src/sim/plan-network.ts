// Draws the world outside: routing domains, what DNS says about them, and exchangers with their manners.
import type { Random } from '../core/base/random.ts';
import type { Manners } from './exchanger.ts';
import type { Zone } from './names.ts';
import { between, happens, pick } from './world.ts';

export interface DomainPlan {
  readonly name: string;
  /**
   * - served: it has at least one address that somebody listens on;
   * - missing: the name does not exist; null: RFC 7505; dead: nobody listens on its addresses;
   * - forwarded: its mail belongs to its gateway, which is a domain of its own here.
   */
  readonly kind: 'served' | 'missing' | 'null' | 'dead' | 'forwarded';
  /** Where the operator sends its mail in place of its exchangers, or null. */
  readonly detour: { readonly option: 'Gateway' | 'Routes'; readonly value: string } | null;
  /** In order of preference; empty unless DNS, or the detour, names any. */
  readonly hosts: readonly { readonly host: string; readonly preference: number; readonly addresses: string[] }[];
  /** No other domain uses its addresses, so that who connects there comes for this domain. */
  readonly isAlone: boolean;
}

export interface ExchangerPlan {
  readonly address: string;
  readonly manners: Manners;
}

export interface NetworkPlan {
  readonly domains: readonly DomainPlan[];
  readonly zone: Zone;
  readonly exchangers: readonly ExchangerPlan[];
  /** Some hosts have IPv6 addresses, and they are looked up. */
  readonly hasIpv6: boolean;
}

/** 0: keeps the rules and is in good health; 1: has its moments; 2: tries everything. */
export type Malice = 0 | 1 | 2;

/** Those of a receiver that is quick, in good health, and keeps the rules. */
export const BEST_MANNERS: Manners = {
  latencyMs: [0.5, 1],
  bannerDelayMs: [0, 1],
  replyDelayMs: [0, 1],
  finalDelayMs: [0, 5],
  pipelining: true,
  eightBit: true,
  knowsOnlyHelo: false,
  refusesConnection: 0,
  ignoresConnection: 0,
  transient: 0,
  permanent: 0,
  goodbye: 0,
  hangUp: 0,
  reset: 0,
  silence: 0,
  nonsense: 0,
  losesFinalReply: 0,
  dataWithoutRecipients: false,
  messagesPerConnection: Number.POSITIVE_INFINITY,
  hangsUpAfterLastMessage: false,
  idleCloseMs: Number.POSITIVE_INFINITY,
  connectionLimit: Number.POSITIVE_INFINITY,
  quitWithoutReply: 0,
  quitWithoutFin: 0,
};

/** Addresses are handed out in order, so that a trace is easy to read. */
class Addresses {
  readonly #random: Random;
  readonly #ipv6: boolean;
  #last = 0;

  constructor(random: Random, ipv6: boolean) {
    this.#random = random;
    this.#ipv6 = ipv6;
  }

  next(): string {
    return `192.0.2.${++this.#last}`;
  }

  nextIpv6(): string {
    return `2001:db8::${(++this.#last).toString(16)}`;
  }

  /** Of one host: one or two, or one of each family. */
  some(most: number): string[] {
    const addresses = Array.from({ length: 1 + this.#random.below(most) }, () => this.next());
    return this.#ipv6 && this.#random.below(3) > 0 ? [...addresses, this.nextIpv6()] : addresses;
  }
}

/** @param sharing chance that a domain has its exchanger in common with others */
export function planNetwork(
  random: Random,
  count: number,
  malice: Malice,
  isSlow: boolean,
  sharing = 1 / 3,
): NetworkPlan {
  const hasIpv6 = random.below(4) === 0;
  const addresses = new Addresses(random.stream('addresses'), hasIpv6);
  const shared = [addresses.next(), addresses.next()];
  const domains: DomainPlan[] = [];
  for (let at = 0; at < count; at++) domains.push(...planDomain(random, at, addresses, shared, malice, sharing));
  // The domain of senders: notices go there.
  const home = addresses.next();
  domains.push({
    name: 'sender.example',
    kind: 'served',
    detour: null,
    hosts: [{ host: 'sender.example', preference: 0, addresses: [home] }],
    isAlone: true,
  });
  const dead = new Set(
    domains.filter(({ kind }) => kind === 'dead').flatMap(({ hosts }) => hosts.flatMap((host) => host.addresses)),
  );
  const used = new Set(domains.flatMap(({ hosts }) => hosts.flatMap((host) => host.addresses)));
  const exchangers = [...used]
    .filter((address) => !dead.has(address))
    .map((address) => ({ address, manners: planManners(random, malice, isSlow) }));
  return { domains, zone: zoneOf(domains, addresses, random), exchangers, hasIpv6 };
}

function planDomain(
  random: Random,
  at: number,
  addresses: Addresses,
  shared: readonly string[],
  malice: Malice,
  sharing: number,
): readonly DomainPlan[] {
  const name = `d${at}.example`;
  if (at > 0 && sharing < 1 && random.below(6) === 0) return planDetour(random, name, addresses);
  return [planNamed(random, name, at, addresses, shared, malice, sharing)];
}

/** A domain whose mail goes where DNS says. */
function planNamed(
  random: Random,
  name: string,
  at: number,
  addresses: Addresses,
  shared: readonly string[],
  malice: Malice,
  sharing: number,
): DomainPlan {
  const oddity = at === 0 || malice === 0 ? 1 : random.next();
  if (oddity < 0.06) return { name, kind: 'missing', detour: null, hosts: [], isAlone: true };
  if (oddity < 0.12) {
    return { name, kind: 'null', detour: null, hosts: [], isAlone: true };
  }
  if (oddity < 0.2) {
    const hosts = [{ host: `mx.${name}`, preference: 10, addresses: [addresses.next()] }];
    return { name, kind: 'dead', detour: null, hosts, isAlone: true };
  }
  if (at > 0 && happens(random, sharing)) {
    // Domains with the same provider: one host, one or both of its addresses.
    const hosts = [{ host: 'mx.shared.example', preference: 10, addresses: [...shared] }];
    if (random.below(2) === 0) hosts.push({ host: `backup.${name}`, preference: 20, addresses: [addresses.next()] });
    return { name, kind: 'served', detour: null, hosts, isAlone: false };
  }
  if (random.below(4) === 0) {
    return {
      name,
      kind: 'served',
      detour: null,
      hosts: [{ host: name, preference: 0, addresses: addresses.some(1) }],
      isAlone: true,
    };
  }
  const hosts = Array.from({ length: 1 + random.below(3) }, (_, index) => ({
    host: `mx${index}.${name}`,
    preference: pick(random, [10, 10, 20]),
    addresses: addresses.some(2),
  }));
  return {
    name,
    kind: 'served',
    detour: null,
    hosts: hosts.sort((a, b) => a.preference - b.preference),
    isAlone: true,
  };
}

/** Mail of the domain goes elsewhere than where DNS says (docs/routing.md). */
function planDetour(random: Random, name: string, addresses: Addresses): readonly DomainPlan[] {
  const hosts = Array.from({ length: 2 }, (_, at) => ({
    host: `relay${at}.${name}`,
    preference: at,
    addresses: addresses.some(2),
  }));
  if (random.below(2) === 0) {
    const items = hosts.map(({ host }) => `"${host}"`).join(', ');
    return [{ name, kind: 'served', detour: { option: 'Routes', value: `( ${items} )` }, hosts, isAlone: true }];
  }
  const gateway = hosts[0]!;
  const detour = { option: 'Gateway', value: `"${gateway.host}"` } as const;
  return [
    { name, kind: 'forwarded', detour, hosts: [], isAlone: true },
    { name: gateway.host, kind: 'served', detour: null, hosts: [gateway], isAlone: true },
  ];
}

function zoneOf(domains: readonly DomainPlan[], addressesLeft: Addresses, random: Random): Zone {
  const exchanges = new Map<string, { preference: number; exchange: string }[]>();
  const addresses = new Map<string, readonly string[]>();
  for (const { name, kind, detour, hosts } of domains) {
    if (detour !== null) {
      // Nobody has any business at the exchanger that DNS names.
      exchanges.set(name, [{ preference: 0, exchange: `passed-over.${name}` }]);
      addresses.set(`passed-over.${name}`, [addressesLeft.next()]);
      for (const { host, addresses: ofHost } of hosts) addresses.set(host, ofHost);
      continue;
    }
    if (kind === 'null') exchanges.set(name, [{ preference: 0, exchange: '.' }]);
    for (const { host, preference, addresses: ofHost } of hosts) {
      addresses.set(host, ofHost);
      if (host === name) continue; // no MX record: the domain is its own host
      const records = exchanges.get(name) ?? [];
      records.push({ preference, exchange: host });
      exchanges.set(name, records);
    }
    // A record of a host that does not exist is passed over.
    const records = exchanges.get(name);
    if (kind === 'served' && records !== undefined && happens(random, 0.2))
      records.push({ preference: pick(random, [5, 10, 30]), exchange: `gone.${name}` });
  }
  return { exchanges, addresses };
}

function planManners(random: Random, malice: Malice, isSlow: boolean): Manners {
  const chance = (most: number): number => (happens(random, 0.5) ? 0 : random.next() * most * malice);
  const latency = pick(random, [1, 5, 20, 80]);
  return {
    latencyMs: [latency / 2, latency],
    bannerDelayMs: pick(random, [[0, 1] as const, [1, 30] as const, [100, 800] as const]),
    replyDelayMs: pick(random, [[0, 1] as const, [1, 10] as const, [5, 100] as const]),
    finalDelayMs: isSlow ? [800, 1500] : pick(random, [[0, 5] as const, [5, 100] as const, [200, 900] as const]),
    pipelining: random.below(4) > 0,
    eightBit: random.below(2) === 0,
    knowsOnlyHelo: malice > 0 && random.below(8) === 0,
    refusesConnection: chance(0.1),
    ignoresConnection: chance(0.05),
    // Some put off nearly everything, so that mail is retried until it has no time left.
    transient: malice > 0 && random.below(8) === 0 ? 0.7 : chance(0.06),
    permanent: chance(0.04),
    goodbye: chance(0.04),
    hangUp: chance(0.04),
    reset: chance(0.03),
    silence: chance(0.01),
    nonsense: chance(0.02),
    losesFinalReply: chance(0.06),
    dataWithoutRecipients: random.below(2) === 0,
    messagesPerConnection: malice > 0 && random.below(4) === 0 ? 1 + random.below(6) : Number.POSITIVE_INFINITY,
    hangsUpAfterLastMessage: random.below(2) === 0,
    idleCloseMs: malice > 0 && random.below(3) === 0 ? between(random, 500, 5000) : Number.POSITIVE_INFINITY,
    connectionLimit: malice > 0 && random.below(6) === 0 ? 1 + random.below(4) : Number.POSITIVE_INFINITY,
    quitWithoutReply: chance(0.1),
    quitWithoutFin: chance(0.05),
  };
}
