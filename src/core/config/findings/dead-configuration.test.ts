import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../configuration.ts';
import { loadConfiguration } from '../load.ts';
import { formatProblem, formatWarning } from '../problem.ts';
import { deadConfigurationWarnings, findDeadConfiguration } from './dead-configuration.ts';

function load(text: string): Configuration {
  const result = loadConfiguration('t', () => ({ text }));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

// ---- one of each kind, and its neighbour that is alive

const LISTENER = 'esmtp_listener { listen "127.0.0.1:25" { } }';

for (const [id, text, expected] of [
  ['nothing set', '', []],
  [
    'a binding outside its group that says less than inside',
    'binding_group g { binding b { max_retries = 1 } }\nbinding b { max_retries = 2 }',
    [
      /^t:2:13: warning: max_retries: has no effect in Binding "b": everybody it speaks for finds a value before, in Binding_Group "g" Binding "b" \(t:1:31\)/,
    ],
  ],
  [
    'the same with another option',
    'binding_group g { binding b { max_retries = 1 } }\nbinding b { retry_interval = 2 }',
    [],
  ],
  [
    'a group whose bindings all say it',
    'binding_group g { max_retries = 1 binding b { max_retries = 2 } }\nbinding_group g { binding c { } }\nbinding c { max_retries = 3 }',
    [/^t:1:19: .*in Binding_Group "g": .*Binding "b" \(t:1:47\), Binding "c" \(t:3:13\)/],
  ],
  [
    'a group with one binding that does not',
    'binding_group g { max_retries = 1 binding b { max_retries = 2 } binding c { } }',
    [],
  ],
  [
    'group default, which has bindings without a name',
    'binding_group default { max_retries = 1 binding b { max_retries = 2 } }\nbinding default { max_retries = 1 }',
    [],
  ],
  [
    'a global domain behind a value of every group',
    'binding_group default { max_retries = 1 }\nbinding_group g { max_retries = 1 binding b { } }\ndomain d.test { max_retries = 2 }',
    [/^t:3:17: .*in Domain "d.test": .*Binding_Group "default" \(t:1:25\), Binding_Group "g" \(t:2:19\)/],
  ],
  [
    'a global domain that one group lets through',
    'binding_group default { max_retries = 1 }\nbinding_group g { binding b { } }\ndomain d.test { max_retries = 2 }',
    [],
  ],
  [
    'sums hold at every level',
    'binding_group g { binding b { scope_max_outbound_connections = 1 } }\nbinding b { scope_max_outbound_connections = 2 }',
    [/never reached/],
  ],
  [
    'a pattern whose names are all taken',
    'domain a.test { max_retries = 1 }\ndomain b.test { max_retries = 1 }\ndomain "/^(a|b)\\.test$/" { max_retries = 2 }',
    [
      /^t:3:28: .*in Domain "\/\^\(a\|b\)\\.test\$\/": every name it matches finds a value before, in Domain "a.test" \(t:1:17\), Domain "b.test" \(t:2:17\)/,
    ],
  ],
  [
    'a pattern with one name left',
    'domain a.test { max_retries = 1 }\ndomain "/^(a|b)\\.test$/" { max_retries = 2 }',
    [],
  ],
  [
    'a pattern with a name that says nothing',
    'domain a.test { retry_interval = 1 }\ndomain "/^a\\.test$/" { max_retries = 2 }',
    [],
  ],
  [
    'a whole stanza',
    'domain a.test { max_retries = 1 retry_interval = 5 }\ndomain "/^a\\.test$/" { max_retries = 2 retry_interval = 6 }',
    [/^t:2:1: warning: Domain "\/\^a\\.test\$\/": has no effect/],
  ],
  [
    'a pattern behind a wider one',
    'domain "/.*/" { max_retries = 1 }\ndomain "/test$/" { max_retries = 2 }',
    [/^t:2:20: /],
  ],
  [
    'a wider pattern behind a narrow one',
    'domain "/test$/" { max_retries = 1 }\ndomain "/.*/" { max_retries = 2 }',
    [],
  ],
  [
    'a pattern that no name matches',
    'domain "/^a\\.test\\.$/" { max_retries = 1 }',
    [/^t:1:1: warning: Domain .*no name that is asked for can match it/],
  ],
  [
    'a group without bindings',
    'binding_group g { max_retries = 1 domain d.test { max_retries = 2 } }',
    [/^t:1:1: warning: Binding_Group "g": has no effect: no binding is in it/],
  ],
  [
    'a host of a group whose bindings say it',
    'binding_group g { host mx.test { max_outbound_connections = 4 } binding b { } }\nbinding_group g { binding b { host mx.test { max_outbound_connections = 4 } } }',
    [/^t:1:34: /],
  ],
  [
    'a host named by its address',
    'host mx.test { max_outbound_connections = 4 }\nhost 192.0.2.1 { max_outbound_connections = 4 }',
    [],
  ],
  [
    'a listener whose listens say it',
    'esmtp_listener { idle_time = 5 listen ":25" { idle_time = 6 } listen ":26" { idle_time = 7 } }',
    [/^t:1:18: warning: idle_time: has no effect: every Listen stanza says it first/],
  ],
  [
    'a listener with a listen that does not',
    'esmtp_listener { idle_time = 5 listen ":25" { idle_time = 6 } listen ":26" { } }',
    [],
  ],
  [
    'a peer of the listener behind its listens',
    'esmtp_listener { peer 10.0.0.0/8 { idle_time = 5 } listen ":25" { peer 10.0.0.0/7 { idle_time = 6 } } listen ":26" { idle_time = 7 } }',
    [/^t:1:36: /],
  ],
  [
    'a narrower peer of a listen',
    'esmtp_listener { peer 10.0.0.0/8 { idle_time = 5 } listen ":25" { peer 10.0.0.0/9 { idle_time = 6 } } }',
    [],
  ],
  [
    'the binding of a listener behind the group of its listens',
    'esmtp_listener { binding = default listen ":25" { binding_group = default } }',
    [/^t:1:18: warning: binding: /],
  ],
  [
    'a binding that nobody gives',
    `${LISTENER}\nbinding b { }`,
    [/^t:2:1: warning: Binding "b": is never used: no listener gives it to mail/],
  ],
  [
    'a group that nobody gives',
    `${LISTENER}\nbinding_group g { binding b { } binding c { } }`,
    [/^t:2:1: warning: Binding_Group "g": none of its bindings is ever used \(b, c\)/],
  ],
  [
    'a binding that a peer gives',
    'esmtp_listener { listen ":25" { peer 10.0.0.0/8 { binding = b } } }\nbinding b { }',
    [],
  ],
  [
    'a binding of a group that a listen gives',
    'esmtp_listener { listen ":25" { binding_group = g } }\nbinding_group g { binding b { } binding c { } }',
    [],
  ],
  ['a binding that clients may name', `binding_header = "X-Binding"\n${LISTENER}\nbinding b { }`, []],
  ['a binding without any listener', 'binding b { }', []],
  [
    'a domain above the cap of its binding',
    'binding b { server_max_outbound_connections = 10 domain d.test { max_outbound_connections = 11 } }',
    [
      /^t:1:66: warning: max_outbound_connections: 11 is never reached: Server_Max_Outbound_Connections = 10 \(Binding "b", t:1:13\) is lower/,
    ],
  ],
  [
    'a domain at the cap of its binding',
    'binding b { server_max_outbound_connections = 10 domain d.test { max_outbound_connections = 10 } }',
    [],
  ],
  [
    'no limit at all',
    'binding b { server_max_outbound_connections = 10 domain d.test { max_outbound_connections = -1 } }',
    [],
  ],
  [
    'a binding above the server',
    'server_max_outbound_connections = 9\nserver_reserve_outbound_connections = 1\nbinding b { server_max_outbound_connections = 11 }',
    [/^t:3:13: .*11 is never reached.*with the 1 of Server_Reserve/, /^t:1:1|max_outbound/].slice(0, 1),
  ],
  [
    'a binding at the server with its reserve',
    'server_max_outbound_connections = 9\nserver_reserve_outbound_connections = 2\nbinding b { server_max_outbound_connections = 11 }',
    [],
  ],
  [
    'above the default of the server',
    'max_outbound_connections = 75201',
    [/75201 is never reached: Server_Max_Outbound_Connections = 75000 \(the default\) is lower, with the 200 of/],
  ],
  ['at the default of the server', 'max_outbound_connections = 75200', []],
  [
    'a group whose bindings are capped',
    'binding_group g { max_outbound_connections = 6 binding b { server_max_outbound_connections = 4 } binding c { server_max_outbound_connections = 5 } }',
    [/6 is never reached: Server_Max_Outbound_Connections = 5 \(Binding_Group "g" Binding "c"/],
  ],
  [
    'a group with one binding that has room',
    'binding_group g { max_outbound_connections = 6 binding b { server_max_outbound_connections = 4 } binding c { server_max_outbound_connections = 6 } }',
    [],
  ],
  [
    'a domain above the sum over it',
    'domain d.test { max_outbound_connections = 5 scope_max_outbound_connections = 4 }',
    [/^t:1:17: .*5 is never reached: Scope_Max_Outbound_Connections = 4 of Domain "d.test"/],
  ],
  [
    'a binding to a domain above the sum over the domain',
    'binding b { domain d.test { max_outbound_connections = 5 } }\ndomain d.test { scope_max_outbound_connections = 4 }',
    [/^t:1:29: /],
  ],
  [
    'a sum over what its pairs cannot reach',
    'domain d.test { max_outbound_connections = 5 scope_max_outbound_connections = 11 }\nbinding b { }',
    [/11 is never reached: the 2 bindings it speaks for have 10 together/],
  ],
  [
    'a sum that its pairs reach',
    'domain d.test { max_outbound_connections = 5 scope_max_outbound_connections = 10 }\nbinding b { }',
    [],
  ],
  [
    'a sum of a group is of several bindings',
    'binding_group g { scope_max_outbound_connections = 9 binding b { server_max_outbound_connections = 5 } binding c { server_max_outbound_connections = 5 } }',
    [],
  ],
  [
    'a host named by its name shares addresses with others',
    'host mx.test { max_outbound_connections = 5 scope_max_outbound_connections = 4 }',
    [],
  ],
  [
    'a host named by its address',
    'host 192.0.2.1 { max_outbound_connections = 5 scope_max_outbound_connections = 4 }',
    [/5 is never reached/],
  ],
  ['a limit of a cluster is shared with other nodes', 'cluster_max_outbound_connections = 100', []],
  [
    'a throttle behind that of the cluster',
    'outbound_throttle_messages = "61/60"\ncluster_outbound_throttle_messages = "10/10"',
    [
      /^t:1:1: warning: outbound_throttle_messages: "61\/60" never has to wait: Cluster_Outbound_Throttle_Messages = "10\/10" \(t:2:1\) counts all/,
    ],
  ],
  [
    'a throttle that is as slow',
    'outbound_throttle_messages = "60/60"\ncluster_outbound_throttle_messages = "10/10"',
    [],
  ],
  [
    'a throttle of more seconds that do not divide',
    'outbound_throttle_messages = "20/11"\ncluster_outbound_throttle_messages = "10/10"',
    [],
  ],
  [
    'a throttle of the cluster that somebody does not have',
    'outbound_throttle_messages = "61/60"\ncluster_outbound_throttle_messages = "10/10"\ndomain d.test { cluster_outbound_throttle_messages = "99/1" }',
    [],
  ],
  [
    'a throttle of the cluster that others do not have',
    'binding b { outbound_throttle_messages = "61/60" }\ncluster_outbound_throttle_messages = "10/10"\nbinding_group g { binding c { } cluster_outbound_throttle_messages = "99/1" }',
    [/^t:1:13: /],
  ],
  [
    'a throttle of a host behind that of all',
    'outbound_throttle_messages = "10/10"\nhost mx.test { outbound_throttle_messages = "11/10" }',
    [/^t:2:16: /],
  ],
  [
    'a throttle of a host behind that of some',
    'binding b { outbound_throttle_messages = "10/10" }\nhost mx.test { outbound_throttle_messages = "11/10" }',
    [],
  ],
  [
    'an option that has no effect at all is said once',
    'binding_group g { binding b { max_outbound_connections = 1 server_max_outbound_connections = 5 } }\nbinding b { max_outbound_connections = 9 }',
    [/has no effect/],
  ],
] as [string, string, RegExp[]][]) {
  test(`dead: ${id}`, () => {
    const warnings = deadConfigurationWarnings(load(text)).map(formatWarning);
    assert.equal(warnings.length, expected.length, warnings.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(warnings[index]!, pattern);
  });
}

test('100,000 domains cost three looks each, and the search ends where it must', () => {
  const domains = Array.from({ length: 100_000 }, (_, n) => `domain d${n}.test { max_outbound_connections = 5 }`);
  const large = load(`binding_group g { binding b { } binding c { } }\n${domains.join('\n')}`);
  const whole = findDeadConfiguration(large);
  assert.deepEqual([whole.isComplete, whole.entries.length], [true, 0]);
  assert.ok(whole.looks <= 300_010, String(whole.looks));
  const part = findDeadConfiguration(large, 1000);
  assert.equal(part.isComplete, false);
  assert.ok(part.looks < 1100, String(part.looks));
});
