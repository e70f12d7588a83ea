import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate } from '../../../test/support/scheduler-bench.ts';
import { NO_LIMIT } from '../base/limit.ts';
import { loadConfiguration } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { limitOrigin } from './limit-origin.ts';
import type { MailQueue } from './mail-queue.ts';

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

for (const [key, limit, binding, line] of [
  ['node', 400, 'a', 2],
  ['node', 500, 'a', 1],
  ['node', 600, 'a', 1], // out of the reserve
  ['ordinary', 400, 'a', 2],
  ['pair a example.com', 5, 'a', 9],
  ['pair b example.com', 4, 'b', 15],
  ['pair b example.com', 20, 'b', 3],
  ['pair default example.com', 20, 'default', 3],
  ['binding a', 90, 'a', 6],
  ['binding b', NO_LIMIT, 'b', null],
  ['address b 192.0.2.1', 2, 'b', 18],
  ['address a 192.0.2.1', NO_LIMIT, 'a', null],
  ['exchanger mx-192.0.2.1.example', 9, 'a', 23],
  ['scope_max_outbound_connections global', 300, 'a', 4],
  ['cluster_scope_max_outbound_connections binding "b" host "mx-192.0.2.1.example"', 8, 'b', 19],
] as const) {
  const origin = line === null ? 'default' : `mail.conf:${line}`;
  test(`limit ${limit === NO_LIMIT ? -1 : limit} of ${key}: ${origin}`, () => {
    const loaded = loadConfiguration('mail.conf', () => ({ text: TEXT }));
    assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join() : '');
    const queue = { binding, domain: 'example.com' } as MailQueue;
    assert.equal(limitOrigin(loaded.configuration, key, limit, { queue, candidate: candidate('192.0.2.1') }), origin);
  });
}
