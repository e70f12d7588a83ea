// Draws a configuration: bindings in and out of groups with their own source addresses, and limits at every scope that
// can have one. Times are short enough that every message ends within a run.
import type { Random } from '../core/base/random.ts';
import type { ScopeName, TextSetting } from './configuration-text.ts';
import { DEFAULT_SOURCE } from './network.ts';
import type { DomainPlan } from './plan-network.ts';
import { happens, pick } from './world.ts';

export interface BindingPlan {
  readonly name: string;
  readonly group: string | null;
  /** Every binding has an address of its own, by which a receiver tells them apart. */
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

export const scope = (kind: string, name = ''): ScopeName => ({ kind, name });

/** Where the stanza of a binding stands. */
export function bindingPath({ name, group }: BindingPlan): ScopeName[] {
  return group === null ? [scope('binding', name)] : [scope('binding_group', group), scope('binding', name)];
}

export function planBindings(random: Random): BindingPlan[] {
  const bindings: BindingPlan[] = [{ name: 'default', group: null, address: DEFAULT_SOURCE }];
  const grouped = random.below(3);
  for (let at = 0; at < grouped; at++) bindings.push({ name: `in${at}`, group: GROUP, address: `10.0.1.${at + 1}` });
  const single = random.below(3);
  for (let at = 0; at < single; at++) bindings.push({ name: `out${at}`, group: null, address: `10.0.2.${at + 1}` });
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
    global('Max_Deliveries_Per_Connection', pick(random, [0, 0, 1, 5])),
    global('Max_Recipients_Per_Batch', recipientsPerBatch),
    global('SMTP_Pipelining', pick(random, ['no', 'envelope', 'overlap', 'overlap'])),
    global('Connection_Allocation_Aggressiveness', pick(random, ['normal', 'high'])),
    global('Generate_Bounces', happens(random, 0.9) ? 'true' : 'false'),
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
  const knobs = limitKnobs(bindings, domains);
  for (let count = 0; count < limits; count++) settings.push(turnKnob(random, pick(random, knobs)));
  const lastTransactionMs = 1000 * (8 + 2 * 8 + 8 + 8 * 5 + 8 + 10 + 5 + 6 + 2);
  return { settings, bindings, expirationSeconds, listeners, lastTransactionMs };
}

/** Every scope in which a limit on connections may stand. */
export function limitKnobs(
  bindings: readonly BindingPlan[],
  domains: readonly DomainPlan[],
): readonly Omit<TextSetting, 'value'>[] {
  const knobs: Omit<TextSetting, 'value'>[] = [];
  const add = (option: string, ...path: ScopeName[]): void => {
    knobs.push({ path, option });
  };
  add(MAX_OUTBOUND);
  add(SERVER_MAX);
  add(MAX_OUTBOUND, scope('domain', '/^d[0-9]/'));
  add(MAX_OUTBOUND, scope('host', '/^mx/'));
  const hosts = domains.flatMap((domain) => domain.hosts);
  for (const { name } of domains) add(MAX_OUTBOUND, scope('domain', name));
  for (const { host, addresses } of hosts) {
    add(MAX_OUTBOUND, scope('host', host));
    for (const address of addresses) add(MAX_OUTBOUND, scope('host', address));
  }
  for (const binding of bindings) {
    const path = bindingPath(binding);
    add(MAX_OUTBOUND, ...path);
    add(SERVER_MAX, ...path);
    for (const { name } of domains) add(MAX_OUTBOUND, ...path, scope('domain', name));
    for (const { host } of hosts) add(MAX_OUTBOUND, ...path, scope('host', host));
    if (binding.group === null) continue;
    const group = scope('binding_group', binding.group);
    add(MAX_OUTBOUND, group);
    add(SERVER_MAX, group);
    add(MAX_OUTBOUND, group, scope('domain', '/example$/'));
    for (const { host } of hosts) add(MAX_OUTBOUND, group, scope('host', host));
  }
  return knobs;
}

export function turnKnob(random: Random, knob: Omit<TextSetting, 'value'>): TextSetting {
  const value = pick(random, [-1, 0, 1, 1, 2, 2, 3, 5, 8]);
  return { ...knob, value: String(value) };
}
