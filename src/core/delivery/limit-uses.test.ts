// The counters that a setting governs, found from open connections.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import type { Option } from '../config/option.ts';
import {
  clusterMaxOutboundConnections,
  maxOutboundConnections,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
  suspendDelivery,
} from '../config/options/connection-options.ts';
import type { Subject } from '../config/resolution.ts';
import { usesOfLimit } from './limit-uses.ts';
import { deliverySettings } from './settings-of.ts';

const HOST = 'mx-127.0.0.1.example';

function running(text: string): { configuration: Configuration; bench: SchedulerBench } {
  const loaded = loadConfiguration('t', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  const { configuration } = loaded;
  const bench = new SchedulerBench({}, configuration.value(serverMaxOutboundConnections));
  bench.settingsOf = (binding, domain) => deliverySettings(configuration, binding, domain, 'headgate.test');
  for (const binding of ['one', 'two'])
    for (const domain of ['a.example', 'b.example', 'c.example']) bench.add(200, domain, binding);
  return { configuration, bench };
}

function usesOf(text: string, option: Option<unknown>, subject: Subject): string[] | null {
  const { configuration, bench } = running(text);
  const { setBy } = configuration.resolve(option, subject);
  const parts = {
    configuration,
    ledger: bench.ledger,
    connections: bench.connections,
    findQueue: (binding: string, domain: string) => bench.scheduler.queues.find(binding, domain),
  };
  const uses = usesOfLimit(parts, option.name, subject, setBy === 'default' ? null : setBy.at);
  if (uses === null) return null;
  const rows = uses.busiest.map(({ counts, open, peak, limit }) => `${counts}: ${open}/${limit}, ${peak}`);
  return [...rows, `${uses.inUse}`];
}

const BINDINGS = 'binding one { bind_address = 127.0.0.1 }\nbinding two { }\n';

for (const [id, text, option, subject, expected] of [
  ['no limit on connections', BINDINGS, suspendDelivery, {}, null],
  [
    'the default, of every pair that falls back to it, without those of others',
    `${BINDINGS}domain a.example { max_outbound_connections = 2 }`,
    maxOutboundConnections,
    {},
    [
      'binding "one" to b.example: 28/32, 28',
      'binding "one" to c.example: 28/32, 28',
      'binding "two" to b.example: 28/32, 28',
      'binding "two" to c.example: 28/32, 28',
      '4',
    ],
  ],
  [
    'one stanza',
    `${BINDINGS}domain a.example { max_outbound_connections = 2 }`,
    maxOutboundConnections,
    { domain: 'A.example.' },
    ['binding "one" to a.example: 2/2, 2', 'binding "two" to a.example: 2/2, 2', '2'],
  ],
  [
    'one pair',
    `${BINDINGS}domain a.example { max_outbound_connections = 2 }`,
    maxOutboundConnections,
    { binding: 'two', domain: 'a.example' },
    ['binding "two" to a.example: 2/2, 2', '1'],
  ],
  [
    'of two limits on one count the lower one governs',
    `${BINDINGS}max_outbound_connections = 9\ncluster_max_outbound_connections = 3`,
    clusterMaxOutboundConnections,
    { domain: 'a.example' },
    ['binding "one" to a.example: 3/3, 3', 'binding "two" to a.example: 3/3, 3', '2'],
  ],
  [
    'more than are named',
    `${BINDINGS}max_outbound_connections = 3`,
    maxOutboundConnections,
    {},
    [
      'binding "one" to a.example: 3/3, 3',
      'binding "one" to b.example: 3/3, 3',
      'binding "one" to c.example: 3/3, 3',
      'binding "two" to a.example: 3/3, 3',
      'binding "two" to b.example: 3/3, 3',
      '6',
    ],
  ],
  [
    'the server',
    `${BINDINGS}server_max_outbound_connections = 70\nserver_reserve_outbound_connections = 0`,
    serverMaxOutboundConnections,
    {},
    ['all connections: 70/70, 70', '1'],
  ],
  [
    'a binding',
    'binding one { server_max_outbound_connections = 7 }\nbinding two { }',
    serverMaxOutboundConnections,
    { binding: 'one' },
    ['all of binding "one": 7/7, 7', '1'],
  ],
  [
    'a sum',
    `${BINDINGS}domain a.example { scope_max_outbound_connections = 5 }`,
    scopeMaxOutboundConnections,
    { domain: 'a.example' },
    ['all of domain "a.example": 5/5, 5', '1'],
  ],
  [
    'a host: one counter for each binding and address',
    `${BINDINGS}host ${HOST} { max_outbound_connections = 4 }`,
    maxOutboundConnections,
    { host: HOST },
    ['binding "one" to 127.0.0.1: 4/4, 4', 'binding "two" to 127.0.0.1: 4/4, 4', '2'],
  ],
] as [string, string, Option<unknown>, Subject, string[] | null][]) {
  test(`uses of a limit: ${id}`, () => assert.deepEqual(usesOf(text, option, subject), expected));
}

test('a pair without connections still has its peak', () => {
  const { configuration, bench } = running(`${BINDINGS}domain a.example { max_outbound_connections = 2 }`);
  for (const connection of [...bench.connections])
    if (connection.queue.domain === 'a.example') bench.failConnect(connection);
  const { setBy } = configuration.resolve(maxOutboundConnections, { domain: 'a.example' });
  assert.ok(setBy !== 'default');
  const parts = {
    configuration,
    ledger: bench.ledger,
    connections: bench.connections.filter(({ queue }) => queue.domain !== 'a.example'),
    findQueue: (binding: string, domain: string) => bench.scheduler.queues.find(binding, domain),
  };
  const subject = { binding: 'one', domain: 'a.example' };
  const uses = usesOfLimit(parts, maxOutboundConnections.name, subject, setBy.at);
  assert.equal(uses?.busiest[0]?.peak, 2);
});
