import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyThrottleTable } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { monoMs, wallMs } from '../base/moment.ts';
import { Timers } from '../base/timers.ts';
import { loadConfiguration } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { Ledger } from '../limits/ledger.ts';
import { LedgerControl } from '../limits/ledger-control.ts';
import { LedgerMemory } from '../limits/ledger-memory.ts';
import { SharedCells } from '../limits/shared-cells.ts';
import type { Candidate } from '../mail/hosts.ts';
import { claimFor, referNodeCounters, UNIVERSAL_KEYS } from './claims.ts';
import { QueueTable } from './queue-table.ts';
import { deliverySettings, nodeLimits, outboundCeiling } from './settings-of.ts';

function configurationOf(text: string) {
  const loaded = loadConfiguration('t', () => ({ text }));
  assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join('\n') : '');
  return loaded.configuration;
}

const TEXT = `
max_outbound_connections = 20
server_max_outbound_connections = 100
server_reserve_outbound_connections = 7
scope_max_outbound_connections = 90
cluster_max_outbound_connections = 19
cluster_server_max_outbound_connections = 104
domain "d.test" { scope_max_outbound_connections = 80 cluster_scope_max_outbound_connections = 79 }
domain "/test$/" { scope_max_outbound_connections = 70 }
domain "free.test" { scope_max_outbound_connections = -1 }
binding_group "g" {
  scope_max_outbound_connections = 60
  server_max_outbound_connections = 50
  domain "/^d/" { scope_max_outbound_connections = 40 }
  host "/^mx/" { scope_max_outbound_connections = 9 }
  binding "in" {
    cluster_server_max_outbound_connections = 30
    domain "d.test" { scope_max_outbound_connections = 10 max_outbound_connections = 25 }
  }
}
binding "out" {
  scope_max_outbound_connections = 5
  cluster_max_outbound_connections = 18
  host "mx.test" { cluster_max_outbound_connections = 4 }
}
host "mx.test" { max_outbound_connections = 3 scope_max_outbound_connections = 8 cluster_max_outbound_connections = 6 }
host "192.0.2.1" { scope_max_outbound_connections = 2 }
`;

const candidate = (host: string, address: string): Candidate => ({ host, address, family: 4, port: 25, preference: 0 });

/** What a connection takes: key, limit, and the bound where it differs. */
function takenBy(
  text: string,
  binding: string,
  domain: string,
  to: Candidate,
  allocation: 'ordinary' | 'reserve' = 'ordinary',
): Record<string, readonly number[]> {
  const configuration = configurationOf(text);
  const ledger = new Ledger();
  const limits = nodeLimits(configuration, NO_LIMIT);
  const node = referNodeCounters(ledger, limits);
  const settingsOf = (b: string, d: string) => deliverySettings(configuration, b, d, 'here.test');
  const timers = new Timers();
  const throttles = emptyThrottleTable(timers, { mono: monoMs(0), wall: wallMs(0) }, () => {});
  const parts = { ledger, throttles, timers, settingsOf, curfewOf: () => null, wake: () => {} };
  const queue = new QueueTable(parts).queueFor(binding, domain);
  const claim = claimFor(ledger, queue, to, node, limits, allocation);
  const keys = Array.from(ledger.counters(), ({ key }) => key);
  assert.deepEqual(
    claim.counters,
    claim.counters.toSorted((a, b) => a - b),
  );
  return Object.fromEntries(
    claim.counters
      .map((counter, at) => {
        const [limit, bound] = [claim.limits[at]!, claim.bounds[at]!];
        return [keys[counter]!, limit === bound ? [limit] : [limit, bound]] as const;
      })
      .filter(([, [limit]]) => limit !== NO_LIMIT && limit! < NO_LIMIT - 1000),
  );
}

const NODE = { node: [100, 104], ordinary: [100] };

for (const [title, binding, domain, to, expected] of [
  [
    'every stanza around a binding in a group, the literal domain and the pattern',
    'in',
    'd.test',
    candidate('mx.test', '192.0.2.9'),
    {
      ...NODE,
      'binding in': [30],
      'pair in d.test': [19],
      'address in 192.0.2.9': [3],
      'scope_max_outbound_connections global': [90],
      'scope_max_outbound_connections domain "d.test"': [80],
      'scope_max_outbound_connections domain "/test$/"': [70],
      'scope_max_outbound_connections binding_group "g"': [60],
      'scope_max_outbound_connections binding_group "g" domain "/^d/"': [40],
      'scope_max_outbound_connections binding_group "g" binding "in" domain "d.test"': [10],
      'scope_max_outbound_connections binding_group "g" host "/^mx/"': [9],
      'scope_max_outbound_connections host "mx.test"': [8],
      'cluster_scope_max_outbound_connections domain "d.test"': [79],
      'exchanger mx.test': [6],
    },
  ],
  [
    '-1 is no counter, and lifts no other',
    'out',
    'free.test',
    candidate('elsewhere.test', '192.0.2.1'),
    {
      ...NODE,
      'pair out free.test': [18],
      'scope_max_outbound_connections global': [90],
      'scope_max_outbound_connections domain "/test$/"': [70],
      'scope_max_outbound_connections binding "out"': [5],
      'scope_max_outbound_connections host "192.0.2.1"': [2],
    },
  ],
  [
    "an exchanger's connections are compared with the binding's own value",
    'out',
    'other.example',
    candidate('MX.test.', '192.0.2.9'),
    {
      ...NODE,
      'pair out other.example': [18],
      'address out 192.0.2.9': [3],
      'scope_max_outbound_connections global': [90],
      'scope_max_outbound_connections binding "out"': [5],
      'scope_max_outbound_connections host "mx.test"': [8],
      'exchanger mx.test': [4],
    },
  ],
] as const) {
  test(title, () => assert.deepEqual(takenBy(TEXT, binding, domain, to), expected));
}

test('out of the reserve: up to the ceiling, and no ordinary connection', () => {
  const taken = takenBy(TEXT, 'out', 'other.example', candidate('x.test', '192.0.2.9'), 'reserve');
  assert.deepEqual([taken['node'], taken['ordinary']], [[104], undefined]);
});

for (const [text, total, ceiling] of [
  ['', 75_000, 75_200],
  ['server_max_outbound_connections = 5', 5, 205],
  ['server_max_outbound_connections = 5 server_reserve_outbound_connections = 0', 5, 5],
  ['server_max_outbound_connections = 0', 0, 0],
  ['server_max_outbound_connections = -1', NO_LIMIT, NO_LIMIT],
  ['server_max_outbound_connections = 5 cluster_server_max_outbound_connections = 6', 5, 6],
  ['server_max_outbound_connections = 5 cluster_server_max_outbound_connections = 4', 4, 4],
] as const) {
  test(`the node: ${text || 'nothing set'}`, () => {
    const configuration = configurationOf(text.replace(' server_', '\nserver_').replace(' cluster_', '\ncluster_'));
    assert.deepEqual([nodeLimits(configuration, NO_LIMIT).total, outboundCeiling(configuration)], [total, ceiling]);
  });
}

test('the counters of the node are those of all shards together', () => {
  const memory = LedgerMemory.make({ shards: 2, counters: 16 }, [1, 2, 3, 4]);
  const control = new LedgerControl(memory, UNIVERSAL_KEYS);
  const shards = [0, 1].map((shard) => {
    control.admit(shard);
    const ledger = new Ledger(new SharedCells(memory, shard));
    ledger.poll();
    return { ledger, node: referNodeCounters(ledger, { total: 9, descriptors: 9 }) };
  });
  const [one, other] = shards;
  assert.deepEqual(one!.node, other!.node);
  for (const { ledger, node } of shards) for (const counter of Object.values(node)) ledger.take(counter);
  for (const counter of Object.values(one!.node)) assert.equal(one!.ledger.open(counter), 2);
});
