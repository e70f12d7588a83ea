// Draws a configuration: bindings in and out of groups with their own source addresses, and limits at every scope that
// can have one. Times are short enough that every message ends within a run.
import type { Random } from '../core/base/random.ts';
import type { ScopeName, TextSetting } from './configuration-text.ts';
import { DEFAULT_SOURCE } from './link.ts';
import type { DomainPlan } from './plan-network.ts';
import { happens, pick } from './world.ts';

export interface BindingPlan {
  readonly name: string;
  readonly group: string | null;
  /** Every binding has an address of its own, by which a receiver tells them apart; `default` has one of each family. */
  readonly address: string;
}

export interface ConfigurationPlan {
  readonly settings: readonly TextSetting[];
  readonly bindings: readonly BindingPlan[];
  readonly expirationSeconds: number;
  /** How many esmtp listeners there are. */
  readonly listeners: number;
  /** No connection lasts longer than this once it may take no more mail. */
  readonly lastTransactionMs: number;
}

const GROUP = 'g1';
const MAX_OUTBOUND = 'Max_Outbound_Connections';
const SERVER_MAX = 'Server_Max_Outbound_Connections';
const SERVER_RESERVE = 'Server_Reserve_Outbound_Connections';
const CLUSTER_MAX = 'Cluster_Max_Outbound_Connections';
const CLUSTER_SERVER_MAX = 'Cluster_Server_Max_Outbound_Connections';
const SUMS = ['Scope_Max_Outbound_Connections', 'Cluster_Scope_Max_Outbound_Connections'];
const THROTTLES = ['Outbound_Throttle_Connections', 'Outbound_Throttle_Messages'];
const CLUSTER_THROTTLES = THROTTLES.map((option) => `Cluster_${option}`);
const RATES = ['"1"', '"2"', '"5"', '"10"', '"1/2"', '"3/4"', '"1/9"', '"2/12"', '"5/15"', '"10/30"', '"20/10"', '"0"'];
const RESERVES = [0, 0, 1, 2, 200];

export type Knob = Omit<TextSetting, 'value'>;

export const scope = (kind: string, name = ''): ScopeName => ({ kind, name });

/** Where the stanza of a binding stands. */
export function bindingPath({ name, group }: BindingPlan): ScopeName[] {
  return group === null ? [scope('binding', name)] : [scope('binding_group', group), scope('binding', name)];
}

export function planBindings(random: Random, hasIpv6: boolean): BindingPlan[] {
  const bindings: BindingPlan[] = [{ name: 'default', group: null, address: DEFAULT_SOURCE }];
  const grouped = random.below(3);
  for (let at = 0; at < grouped; at++) bindings.push({ name: `in${at}`, group: GROUP, address: `10.0.1.${at + 1}` });
  const single = random.below(3);
  for (let at = 0; at < single; at++) {
    const address = hasIpv6 && random.below(3) === 0 ? `2001:db8:2::${at + 1}` : `10.0.2.${at + 1}`;
    bindings.push({ name: `out${at}`, group: null, address });
  }
  return bindings;
}

/** @param limits how many limits are set beside the global one, anywhere */
export function planConfiguration(
  random: Random,
  bindings: readonly BindingPlan[],
  domains: readonly DomainPlan[],
  limits: number,
): ConfigurationPlan {
  const expirationSeconds = pick(random, [150, 300, 600]);
  const global = (option: string, value: string | number): TextSetting => ({ path: [], option, value: String(value) });
  const recipientsPerBatch = pick(random, [1, 2, 100]);
  const settings: TextSetting[] = [
    global('Hostname', '"mta.example"'),
    global(MAX_OUTBOUND, pick(random, [1, 2, 4, 8, 32])),
    global(SERVER_RESERVE, pick(random, RESERVES)),
    global('Reserve_Maintenance_Interval', pick(random, [1, 3, 15])),
    global('Message_Expiration', expirationSeconds),
    global('Retry_Interval', pick(random, [3, 10, 40])),
    global('Max_Retry_Interval', pick(random, [40, 120])),
    global('Max_Retries', pick(random, ['auto', 'none', '0', '3'])),
    global('Host_Failure_Retry', pick(random, [1, 5, 30])),
    global('Connect_Timeout_To_Delay', pick(random, [10, 60, 900])),
    global('Delayed_Queue_Scan_Interval', pick(random, [5, 15])),
    global('Connect_Timeout', pick(random, [3, 8])),
    global('EHLO_Timeout', 8),
    global('MailFrom_Timeout', 8),
    global('RcptTo_Timeout', 8),
    global('Body_Timeout', 10),
    global('RSET_Timeout', 5),
    global('Idle_Timeout', pick(random, [0, 1, 5])),
    global('Migrate_Connections_Between_Sibling_Domains', random.below(5) === 0 ? 'false' : 'true'),
    global('Max_Deliveries_Per_Connection', pick(random, [0, 0, 1, 5])),
    global('Max_Recipients_Per_Batch', recipientsPerBatch),
    global('SMTP_Pipelining', pick(random, ['no', 'envelope', 'overlap', 'overlap'])),
    global('Connection_Allocation_Aggressiveness', pick(random, ['normal', 'high'])),
    global('Generate_Bounces', happens(random, 0.9) ? 'true' : 'false'),
    global('Never_Retry', random.below(10) === 0 ? 'true' : 'false'),
    global('Never_Attempt_Expired_Messages', random.below(5) === 0 ? 'true' : 'false'),
    global('Bounces_Inline_Original', pick(random, ['headers', 'none', 'all'])),
    {
      path: [scope('esmtp_listener')],
      option: 'Relay_Hosts',
      value: '( 127.0.0.0/8 )',
    },
    { path: [scope('esmtp_listener')], option: 'Binding_Header', value: '"X-Binding"' },
    { path: [scope('esmtp_listener'), scope('listen', '127.0.0.1:25')], option: '', value: '' },
  ];
  let listeners = 1;
  if (bindings.some(({ group }) => group === GROUP)) {
    settings.push({
      path: [scope('esmtp_listener'), scope('listen', '127.0.0.1:2525')],
      option: 'Binding_Group',
      value: `"${GROUP}"`,
    });
    listeners++;
  }
  for (const binding of bindings) {
    if (binding.name === 'default') continue;
    settings.push({ path: bindingPath(binding), option: 'Bind_Address', value: `"${binding.address}"` });
  }
  if (domains.some(({ hosts }) => hosts.some((host) => host.addresses.some((address) => address.includes(':')))))
    settings.push(global('Use_IPv6', 'true'));
  for (const { name, detour } of domains)
    if (detour !== null) settings.push({ path: [scope('domain', name)], ...detour });
  const knobs = limitKnobs(bindings, domains);
  for (let count = 0; count < limits; count++) settings.push(turnKnob(random, knobs));
  const lastTransactionMs = 1000 * (8 + 2 * 8 + 8 + 8 * 5 + 8 + 10 + 5 + 6 + 2);
  return { settings, bindings, expirationSeconds, listeners, lastTransactionMs };
}

/** Every scope in which a limit on connections may stand. */
export function limitKnobs(bindings: readonly BindingPlan[], domains: readonly DomainPlan[]): readonly Knob[] {
  const knobs: Knob[] = [];
  const add = (options: readonly string[], ...path: ScopeName[]): void => {
    for (const option of options) knobs.push({ path, option });
  };
  const hosts = domains.flatMap((domain) => domain.hosts);
  add([MAX_OUTBOUND, ...SUMS, CLUSTER_MAX, SERVER_MAX, CLUSTER_SERVER_MAX, SERVER_RESERVE]);
  for (const name of ['/^d[0-9]/', ...domains.map((domain) => domain.name)])
    add([MAX_OUTBOUND, ...SUMS, CLUSTER_MAX], scope('domain', name));
  for (const name of ['/^mx/', ...hosts.map(({ host }) => host)])
    add([MAX_OUTBOUND, ...SUMS, CLUSTER_MAX], scope('host', name));
  for (const address of hosts.flatMap(({ addresses }) => addresses))
    add([MAX_OUTBOUND, ...SUMS], scope('host', address));
  for (const binding of bindings) {
    const path = bindingPath(binding);
    // The manual has no cluster_max_outbound_connections in groups.
    const cluster = binding.group === null ? [CLUSTER_MAX] : [];
    add([MAX_OUTBOUND, ...SUMS, ...cluster, SERVER_MAX, CLUSTER_SERVER_MAX], ...path);
    for (const { name } of domains) add([MAX_OUTBOUND, ...SUMS, ...cluster], ...path, scope('domain', name));
    for (const { host } of hosts) add([MAX_OUTBOUND, ...SUMS, ...cluster], ...path, scope('host', host));
    if (binding.group === null) continue;
    const group = scope('binding_group', binding.group);
    add([MAX_OUTBOUND, ...SUMS, SERVER_MAX, CLUSTER_SERVER_MAX], group);
    add([MAX_OUTBOUND, ...SUMS], group, scope('domain', '/example$/'));
    for (const { host } of hosts) add([MAX_OUTBOUND, ...SUMS], group, scope('host', host));
  }
  return knobs;
}

/** One of the options first, so that those with many scopes do not crowd out the others, then one of its scopes. */
export function turnKnob(random: Random, knobs: readonly Knob[]): TextSetting {
  const option = pick(random, [
    MAX_OUTBOUND,
    MAX_OUTBOUND,
    SERVER_MAX,
    SERVER_RESERVE,
    ...SUMS,
    CLUSTER_MAX,
    CLUSTER_SERVER_MAX,
  ]);
  const knob = pick(
    random,
    knobs.filter((one) => one.option === option),
  );
  const values = option === SERVER_RESERVE ? RESERVES : [-1, 0, 1, 1, 2, 2, 3, 5, 8];
  return { ...knob, value: String(pick(random, values)) };
}

/** Every scope in which a throttle may stand. */
export function throttleKnobs(bindings: readonly BindingPlan[], domains: readonly DomainPlan[]): readonly Knob[] {
  const knobs: Knob[] = [];
  const add = (options: readonly string[], ...path: ScopeName[]): void => {
    for (const option of options) knobs.push({ path, option });
  };
  const hosts = domains.flatMap((domain) => domain.hosts);
  const all = [...THROTTLES, ...CLUSTER_THROTTLES];
  add(all);
  for (const name of ['/^d[0-9]/', ...domains.map((domain) => domain.name)]) add(all, scope('domain', name));
  const hostNames = hosts.flatMap(({ host, addresses }) => [host, ...addresses]);
  for (const name of ['/^mx/', ...hostNames]) add(THROTTLES, scope('host', name));
  for (const binding of bindings) {
    const path = bindingPath(binding);
    add(THROTTLES, ...path);
    for (const { name } of domains) add(THROTTLES, ...path, scope('domain', name));
    for (const { host } of hosts) add(THROTTLES, ...path, scope('host', host));
    if (binding.group === null) continue;
    const group = scope('binding_group', binding.group);
    add(all, group);
    add(all, group, scope('domain', '/example$/'));
    for (const { host } of hosts) add(THROTTLES, group, scope('host', host));
  }
  return knobs;
}

/** A wide scope as often as a narrow one, since those with many names would crowd out the others. */
export function turnThrottle(random: Random, knobs: readonly Knob[]): TextSetting {
  const kind = pick(random, ['', 'binding_group', 'binding', 'domain', 'host']);
  const ofKind = knobs.filter(({ path }) => (path.at(-1)?.kind ?? '') === kind);
  return { ...pick(random, ofKind.length === 0 ? knobs : ofKind), value: pick(random, RATES) };
}
