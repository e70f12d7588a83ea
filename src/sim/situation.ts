// What all checkers look at: what is in force now, which life the process is in, and what the plan says about addresses.
// Changed by the simulation only.
import type { Limit } from '../core/base/limit.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { domainOf as domainOfMailbox, type Mailbox } from '../core/mail/mailbox.ts';
import type { TextSetting } from './configuration-text.ts';
import type { InForce } from './in-force.ts';
import { DEFAULT_IPV6_SOURCE } from './link.ts';
import type { DomainPlan } from './plan-network.ts';
import { isQuiet } from './quiet-hours.ts';
import type { Scenario } from './scenario.ts';
import type { Seen } from './scope-sums.ts';
import type { World } from './world.ts';

/** How late a wake-up may be: the clock's, and a turn. */
export const LATE_MS = 20;
/** What docs/running.md promises. */
const WALL_LOOK_MS = 60_000;

export type Life = 'down' | 'up' | 'stopping';

export class Situation {
  readonly world: World;
  readonly scenario: Scenario;
  force: InForce;
  /** Counts the starts of the process. */
  life = 0;
  state: Life = 'down';
  /** When the process started. */
  bornAtMs = 0;
  /** No connection is opened before that. */
  openingAtMs = 0;
  /** When the process died, in milliseconds of the run. Orderly stops are not deaths. */
  readonly deaths: number[] = [];
  /** Another text took force in the run, so a binding may have come or gone between two commands of a client. */
  hasReloaded = false;
  /** When a local address came back to the machine; nobody tells the engine, which looks now and then. */
  addressBackAtMs = Number.NEGATIVE_INFINITY;
  readonly domains: ReadonlyMap<string, DomainPlan>;
  readonly #bindingByAddress: ReadonlyMap<string, string>;
  readonly #domainsByAddress = new Map<string, string[]>();
  readonly #hostsByAddress = new Map<string, string[]>();

  constructor(world: World, scenario: Scenario, force: InForce) {
    this.world = world;
    this.scenario = scenario;
    this.force = force;
    this.domains = new Map(scenario.network.domains.map((domain) => [domain.name, domain]));
    const own = scenario.configuration.bindings.map(({ name, address }) => [address, name] as const);
    this.#bindingByAddress = new Map([...own, [DEFAULT_IPV6_SOURCE, 'default']]);
    for (const { name, hosts } of scenario.network.domains) {
      for (const { host, addresses } of hosts) {
        for (const address of addresses) {
          addTo(this.#domainsByAddress, address, name);
          addTo(this.#hostsByAddress, address, host);
        }
      }
    }
  }

  get configuration(): Configuration {
    return this.force.configuration;
  }

  bindingOf(source: string): string {
    const binding = this.#bindingByAddress.get(source);
    if (binding === undefined) throw new Error(`no binding has the address ${source}`);
    return binding;
  }

  /** What `Routes` of the domain says; empty when nothing does. */
  routesOf(domain: string, force: InForce = this.force): string {
    const isRoutes = ({ path, option }: TextSetting): boolean =>
      option === 'Routes' && path.length === 1 && path[0]!.name === domain;
    return force.settings.findLast(isRoutes)?.value ?? '';
  }

  /** Where mail for the domain goes: its hosts, or those of them that `Routes` names. */
  hostsOf({ name, hosts }: DomainPlan, force: InForce = this.force): DomainPlan['hosts'] {
    const items: readonly string[] = this.routesOf(name, force).match(/[^"(), ]+/g) ?? [];
    if (items.length === 0 || items.includes('__mx__')) return hosts;
    return hosts.filter(({ host }) => items.includes(host));
  }

  /** Hosts that mail for the domain goes to, with the addresses that can be reached from the address of the binding. */
  reachable(binding: string, plan: DomainPlan): DomainPlan['hosts'] {
    const hosts = this.hostsOf(plan);
    const { address } = this.scenario.configuration.bindings.find(({ name }) => name === binding)!;
    if (binding === 'default') return hosts;
    const isIpv6 = address.includes(':');
    return hosts.map((host) => ({
      ...host,
      addresses: host.addresses.filter((other) => other.includes(':') === isIpv6),
    }));
  }

  /** Whether connections to the address go from one domain to another there. */
  areSiblings(address: string, one: string, other: string): boolean {
    const domains = this.#domainsByAddress.get(address) ?? [];
    return this.force.migrates && domains.includes(one) && domains.includes(other);
  }

  /** The name that mail for the mailbox is queued under: its domain, or the gateway of that (docs/routing.md). */
  routingDomainOf(mailbox: Mailbox): string {
    const domain = domainOfMailbox(mailbox);
    const detour = this.domains.get(domain)?.detour;
    return detour?.option === 'Gateway' ? detour.value.replaceAll('"', '') : domain;
  }

  /** Whether the mail waits because of its quiet hours, at that time of the wall clock. */
  isQuiet(binding: string, domain: string, wall: number = this.world.moment.wall): boolean {
    const { quietHours } = this.scenario;
    return quietHours.length > 0 && isQuiet(quietHours, this.#namesOf(binding), domain, wall);
  }

  /** Nobody tells the engine that the wall clock was set; it looks once a minute, and with whatever it does. */
  get isWallClockNews(): boolean {
    return this.world.elapsedMs <= this.world.wallSetAtMs + WALL_LOOK_MS + LATE_MS;
  }

  #namesOf(binding: string): readonly string[] {
    return [binding, this.configuration.groupOf(binding)];
  }

  /** Whether anybody's mail goes to the address. */
  isAnybodys(address: string): boolean {
    const names = this.#domainsByAddress.get(address) ?? [];
    return names.some((name) =>
      this.hostsOf(this.domains.get(name)!).some(({ addresses }) => addresses.includes(address)),
    );
  }

  /** Those for which anybody connects to the address. */
  domainsAt(address: string): readonly string[] {
    return this.#domainsByAddress.get(address) ?? [];
  }

  /** The domain for which everybody connects to the address; null when there are several. */
  domainOf(address: string): string | null {
    const domains = this.#domainsByAddress.get(address) ?? [];
    return domains.length === 1 ? domains[0]! : null;
  }

  /** What is known of a connection at the receiving side. */
  seen(source: string, address: string, domain: string | null = this.domainOf(address)): Seen {
    const [host = null] = this.#hostsByAddress.get(address) ?? [];
    return { binding: this.bindingOf(source), domain, host, address };
  }

  // ---- limits in force

  /** Every host name reads the counter of the address against its own limit: what none of them allows is too much. */
  addressLimit(binding: string, address: string): Limit {
    const hosts = this.#hostsByAddress.get(address) ?? [];
    return Math.max(...hosts.map((host) => this.force.hostLimit(binding, host, address)));
  }

  /** Whether the process died between then and now, as far as `slackMs` before `fromMs` counts as then. */
  diedSince(fromMs: number, untilMs: number): boolean {
    return this.deaths.some((at) => at >= fromMs && at <= untilMs);
  }
}

function addTo(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else if (!values.includes(value)) values.push(value);
}
