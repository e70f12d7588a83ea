import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { wallMs } from '../base/moment.ts';
import { loadConfiguration } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { formatPlace, limitOrigin } from './limit-origin.ts';

const TEXT = `\
Server_Max_Outbound_Connections = 500
Cluster_Server_Max_Outbound_Connections = 400
Max_Outbound_Connections = 20
Scope_Max_Outbound_Connections = 300
Binding_Group "g" {
  Server_Max_Outbound_Connections = 90
  Binding "a" {
    Domain "example.com" {
      Max_Outbound_Connections = 5
    }
  }
}
Binding "b" {
  Domain "example.com" {
    Cluster_Max_Outbound_Connections = 4
  }
  Host "mx-192.0.2.1.example" {
    Max_Outbound_Connections = 2
    Cluster_Scope_Max_Outbound_Connections = 8
  }
}
Host "mx-192.0.2.1.example" {
  Cluster_Max_Outbound_Connections = 9
}
`;

for (const [key, limit, binding, line, option] of [
  ['node', 400, 'a', 2, 'cluster_server_max_outbound_connections'],
  ['node', 500, 'a', 1, 'server_max_outbound_connections'],
  ['node', 600, 'a', 1, 'server_max_outbound_connections'], // out of the reserve
  ['ordinary', 400, 'a', 2, 'cluster_server_max_outbound_connections'],
  ['pair a example.com', 5, 'a', 9, 'max_outbound_connections'],
  ['pair b example.com', 4, 'b', 15, 'cluster_max_outbound_connections'],
  ['pair b example.com', 20, 'b', 3, 'max_outbound_connections'],
  ['pair default example.com', 20, 'default', 3, 'max_outbound_connections'],
  ['binding a', 90, 'a', 6, 'server_max_outbound_connections'],
  ['binding b', NO_LIMIT, 'b', null, 'server_max_outbound_connections'],
  ['address b 192.0.2.1', 2, 'b', 18, 'max_outbound_connections'],
  ['address a 192.0.2.1', NO_LIMIT, 'a', null, 'max_outbound_connections'],
  ['descriptors', 900, 'a', null, undefined],
  ['exchanger mx-192.0.2.1.example', 9, 'a', 23, 'cluster_max_outbound_connections'],
  ['scope_max_outbound_connections global', 300, 'a', 4, 'scope_max_outbound_connections'],
  [
    'cluster_scope_max_outbound_connections binding "b" host "mx-192.0.2.1.example"',
    8,
    'b',
    19,
    'cluster_scope_max_outbound_connections',
  ],
] as const) {
  const origin = line === null ? 'default' : `mail.conf:${line}`;
  test(`limit ${limit === NO_LIMIT ? -1 : limit} of ${key}: ${origin}`, () => {
    const loaded = loadConfiguration('mail.conf', () => ({ text: TEXT }));
    assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join() : '');
    const { host, address } = candidate('192.0.2.1');
    const found = limitOrigin(loaded.configuration, key, limit, { binding, domain: 'example.com', host, address });
    assert.equal(formatPlace(found.setBy), origin);
    assert.equal(found.option?.name, option);
  });
}

test('a place on the console is who set it, and when', () => {
  const console = { by: '/tmp/2025 (session 3)', at: wallMs(1_785_000_000_000) };
  const setBy = { scope: '', at: { file: 'console', line: 1, column: 12, console } };
  assert.equal(formatPlace(setBy), 'console, by /tmp/2025 (session 3) at 2026-07-25T17:20:00Z');
});
