// One row for each thing that mail may wait for: what is configured and what happens, and what `why` says about it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidate, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { wallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { explainQueue } from '../delivery/queue-explanation.ts';
import { deliverySettings, nodeLimits } from '../delivery/settings-of.ts';
import { UTC_ZONE } from '../queue/cron-time.ts';
import { CurfewSchedule, readSchedule } from '../queue/curfew-schedule.ts';
import { makeTask } from '../queue/task.ts';
import type { Subject } from './command.ts';
import { WHY_COMMANDS } from './why-command.ts';

/** The bench begins at 00:16:40 UTC. */
const QUIET = '# first\n* quiet.example on * 0 * * *\n* silent.example on * * * * *\n* month.example on * * * 1 *\n';

function configurationOf(text: string): Configuration {
  const loaded = loadConfiguration('mail.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join('\n') : '');
  return loaded.configuration;
}

interface WhyBench {
  readonly bench: SchedulerBench;
  readonly why: (domain?: string) => Promise<string>;
  readonly reload: (text: string) => void;
}

function benchOf(text: string): WhyBench {
  let configuration = configurationOf(text);
  const read = readSchedule(QUIET);
  assert.ok(read.kind === 'rules');
  const schedule = new CurfewSchedule('quiet-hours', read.rules, UTC_ZONE);
  const total = nodeLimits(configuration, 10_000).total;
  const bench = new SchedulerBench({}, total, 0, (binding, domain) => schedule.curfewOf(binding, 'default', domain));
  bench.settingsOf = (binding, domain) => deliverySettings(configuration, binding, domain, 'here.example');
  const why = async (domain = 'a.example'): Promise<string> => {
    const { ledger, scheduler, connections } = bench;
    const { nodeLimits: limits, hostStates } = scheduler;
    const node = { total: 0, descriptors: 1, ordinary: 2 };
    const parts = { configuration, ledger, node, nodeLimits: limits, hostStates, connections };
    const server = {
      async *bindings() {
        yield [{ binding: 'default' }];
      },
      why: async () => explainQueue(bench.queue(domain), parts, bench.at),
    };
    const subject = { server, process: { utcOffsetMinutes: () => 60 } } as unknown as Subject;
    const answer = await WHY_COMMANDS[0]!.run(['default', domain], subject, '', null as never);
    return answer.text;
  };
  const reload = (changed: string): void => {
    configuration = configurationOf(changed);
    bench.scheduler.reconfigure(nodeLimits(configuration, 10_000), bench.at);
    bench.scheduler.run(bench.at);
  };
  return { bench, why, reload };
}

const ROWS: readonly [
  id: string,
  configuration: string,
  happen: (bench: SchedulerBench) => void,
  expected: RegExp,
  domain?: string,
][] = [
  ['nothing: no mail', '', (bench) => bench.queue(), /^Waits for nothing: there is no mail\.$/m],
  [
    'nothing: the allocation target is reached',
    '',
    (bench) => bench.add(4),
    /4 active, 0 delayed, 2 of 2 wanted connections\nWaits for nothing: as many connections as the mail asks for .*\nAt which stage they are: domain /,
  ],
  [
    'max_outbound_connections = 0',
    'Domain "a.example" {\n  Max_Outbound_Connections = 0\n}\n',
    (bench) => bench.add(1),
    /0 of 1 wanted connections\nWaits for room below a limit, 0 of 0 in use:\n {2}Max_Outbound_Connections = 0 \(binding "default" to a\.example\): 0 open.*set by Domain "a\.example" at mail\.conf:2:3\nNext chance: none, as a limit of 0 opens nothing\.\nTo change: config set domain a\.example max_outbound_connections N\n/,
  ],
  [
    'max_outbound_connections of the queue itself, with all that it allows open',
    'Domain "a.example" {\n  Max_Outbound_Connections = 2\n}\n',
    (bench) => bench.add(1496),
    /1496 active, 0 delayed, 2 of 449 wanted connections\nWaits for room below a limit, 2 of 2 in use:\n {2}Max_Outbound_Connections = 2 .*: 2 open.*set by Domain "a\.example" at mail\.conf:2:3\n {2}held by binding "default" to a\.example: 2\nNext chance: its mail goes on over these connections.*\nTo change: config set domain a\.example max_outbound_connections N\n/,
  ],
  [
    'max_outbound_connections of the queue itself, that nobody set',
    '',
    (bench) => bench.add(1000),
    /32 of 300 wanted connections\nWaits for room below a limit, 32 of 32 in use:\n.*set by nobody \(default\)\n {2}held .*: 32\n.*\nTo change: config set domain a\.example max_outbound_connections N\n/,
  ],
  [
    'nothing: the limit is reached by the last connection that the mail asks for',
    'Max_Outbound_Connections = 3\n',
    (bench) => bench.add(3),
    /1 of 1 wanted connections\nWaits for nothing/,
  ],
  [
    'max_outbound_connections, while connections leave',
    'Max_Outbound_Connections = 1\n',
    (bench) => {
      bench.add(3);
      bench.establish();
      bench.scheduler.startLeaving(bench.connections[0]!);
      bench.scheduler.run(bench.at);
    },
    /Waits for room below a limit.*\n {2}Max_Outbound_Connections = 1 \(binding "default" to a\.example\): 1 open, 1 at most; set by the global scope at mail\.conf:1:1\n {2}held by binding "default" to a\.example: 1/,
  ],
  [
    'max_outbound_connections of a host',
    'Host "mx-127.0.0.1.example" { Max_Outbound_Connections = 1 }\n',
    (bench) => bench.add(16),
    /Waits for room.*\n {2}Max_Outbound_Connections = 1 \(binding "default" to mx-127\.0\.0\.1\.example \[127\.0\.0\.1\]\): 1 open.*set by Host "mx-127\.0\.0\.1\.example" at/,
  ],
  [
    'server_max_outbound_connections of the binding',
    'Binding "default" { Server_Max_Outbound_Connections = 1 }\n',
    (bench) => bench.add(16),
    /Waits for room.*\n {2}Server_Max_Outbound_Connections = 1 \(all of binding "default"\): 1 open.*set by Binding "default" at/,
  ],
  [
    'server_max_outbound_connections of the node',
    'Server_Max_Outbound_Connections = 1\n',
    (bench) => {
      bench.add(1, 'b.example');
      bench.add(1);
    },
    /Waits for room.*\n {2}Server_Max_Outbound_Connections = 1 \(all connections\): 1 open.*set by the global scope at mail\.conf:1:1\n {2}held by binding "default" to b\.example: 1/,
  ],
  [
    'cluster_max_outbound_connections',
    'Cluster_Max_Outbound_Connections = 0\n',
    (bench) => bench.add(1),
    /Waits for room.*\n {2}Cluster_Max_Outbound_Connections = 0 \(binding "default" to a\.example\)/,
  ],
  [
    'scope_max_outbound_connections',
    'Domain "/example$/" { Scope_Max_Outbound_Connections = 1 }\n',
    (bench) => {
      bench.add(1, 'b.example');
      bench.add(1);
    },
    /Waits for room.*\n {2}Scope_Max_Outbound_Connections = 1 \(all of domain "\/example\$\/"\): 1 open/,
  ],
  [
    'cluster_max_outbound_connections of an exchanger',
    'Host "mx-127.0.0.1.example" { Cluster_Max_Outbound_Connections = 1 }\n',
    (bench) => bench.add(16),
    /Waits for room.*\n {2}Cluster_Max_Outbound_Connections = 1 \(the host with all its addresses\): 1 open/,
  ],
  [
    'a throttle of connections',
    'Outbound_Throttle_Connections = "1/60"\n',
    (bench) => bench.add(16),
    /Waits for a token of a throttle.*\n {2}Outbound_Throttle_Connections = "1\/60"; set by the global scope at mail\.conf:1:1\nNext chance: in.*\nTo change: config set outbound_throttle_connections "N\/60"$/m,
  ],
  [
    'a throttle whose token went to another, who waited longer',
    'Outbound_Throttle_Connections = "1/5"',
    (bench) => {
      bench.later(10_000);
      for (const domain of ['b.example', 'c.example', 'a.example']) bench.add(1, domain);
      bench.later(5_000);
      bench.later(2_000);
    },
    /^Next chance: in 3\.0 s, unless others who share the throttle come first\.$/m,
  ],
  [
    'a throttle of messages of a host',
    'Host "mx-127.0.0.1.example" { Outbound_Throttle_Messages = "1/60" }\n',
    (bench) => bench.add(16),
    /Waits for a token of a throttle.*\n {2}Outbound_Throttle_Messages = "1\/60"; set by host "mx-127\.0\.0\.1\.example" at.*\n.*\nTo change: config set host mx-127\.0\.0\.1\.example outbound_throttle_messages "N\/60"$/m,
  ],
  [
    'a throttle, since it last let something through',
    'Outbound_Throttle_Messages = "1/5"\n',
    (bench) => {
      bench.later(10_000);
      bench.add(100);
      bench.establish();
      for (const _ of [1, 2, 3]) {
        bench.deliver(bench.connections[0]!);
        bench.later(5_000);
      }
      bench.deliver(bench.connections[0]!);
      bench.later(2_000);
    },
    /^Waits for a token of a throttle, for 2\.0 s now:\n(?:.*\n)*Next chance: in 3\.0 s/m,
  ],
  [
    'a throttle of connections, since it last let one through',
    'Outbound_Throttle_Connections = "1/5"\n',
    (bench) => {
      bench.later(10_000);
      bench.add(100);
      bench.later(5_000);
      assert.equal(bench.connections.length, 2);
      bench.later(1_500);
    },
    /^Waits for a token of a throttle, for 1\.5 s now:\n(?:.*\n)*Next chance: in 3\.5 s/m,
  ],
  [
    'a throttle whose token went to another, since it began to wait for one',
    'Outbound_Throttle_Connections = "1/5"',
    (bench) => {
      bench.later(10_000);
      for (const domain of ['b.example', 'c.example', 'a.example']) bench.add(1, domain);
      bench.later(5_000);
      bench.later(2_000);
    },
    /^Waits for a token of a throttle, for 7\.0 s now:$/m,
  ],
  [
    'a throttle, not the limit that it waited for before',
    'Server_Max_Outbound_Connections = 1\nDomain "a.example" { Outbound_Throttle_Connections = "1/9" }\n',
    (bench) => {
      bench.later(10_000);
      bench.add(2);
      bench.add(1, 'b.example');
      bench.close(bench.connections[0]!);
      assert.equal(bench.connections[0]!.queue.domain, 'b.example');
      bench.later(3_000);
      bench.close(bench.connections[0]!);
      bench.later(1_000);
    },
    /^Waits for a token of a throttle, for 1\.0 s now:\n(?:.*\n)*Next chance: in 5\.0 s/m,
  ],
  [
    'a limit, and the throttles that would bind next',
    'Outbound_Throttle_Messages = "20/6"\nOutbound_Throttle_Connections = "9/4"\nDomain "a.example" {\n  Max_Outbound_Connections = 2\n}\nHost "mx-127.0.0.1.example" { Outbound_Throttle_Messages = "2/8" }\n',
    (bench) => {
      bench.later(10_000);
      bench.add(100);
      bench.later(500);
    },
    /Waits for room below a limit, 2 of 2 in use.*(?:\n.*)*\nOther limits:\n(?: {2}.*\n)+Throttles, least room first:\n {2}Outbound_Throttle_Messages = "2\/8": none left, the next in 7\.5 s; set by host "mx-127\.0\.0\.1\.example" at mail\.conf:6:31\n {2}Outbound_Throttle_Connections = "9\/4": 7 of 9 left; set by the global scope at mail\.conf:2:1\n {2}Outbound_Throttle_Messages = "20\/6": 18 of 20 left; set by the global scope at mail\.conf:1:1\n$/,
  ],
  [
    'a throttle, and those beside it',
    'Outbound_Throttle_Messages = "20/6"\nOutbound_Throttle_Connections = "1/5"\n',
    (bench) => {
      bench.later(10_000);
      bench.add(100);
    },
    /^ {2}Outbound_Throttle_Connections = "1\/5"; set by (?:.*\n)*Throttles, least room first:\n {2}Outbound_Throttle_Messages = "20\/6": 19 of 20 left; .*\n$/m,
  ],
  [
    'the time of the next attempt',
    '',
    (bench) => {
      const { stored } = taskOf(bench);
      bench.scheduler.addDelayed(bench.queue(), makeTask(stored, [0], 1, wallMs(3_600_000)), bench.at);
    },
    /Waits for the next attempt at 1970-01-01 02:00:00 \+01:00\.\nTo change: flush domain a\.example$/m,
  ],
  [
    'a suspension',
    'Binding "default" {\n  Suspend_Delivery = yes\n}\n',
    (bench) => bench.add(1),
    /Waits for Suspend_Delivery = true to be lifted.*set by Binding "default" at mail\.conf:2:3\.\nTo change: config set binding default suspend_delivery false$/m,
  ],
  [
    'a suspension with an end',
    'Suspend_Delivery = 1970-01-01T12:00:00Z\n',
    (bench) => bench.add(1),
    /Waits for Suspend_Delivery until 1970-01-01 13:00:00 \+01:00 to be lifted.*set by the global scope at mail\.conf:1:1/,
  ],
  [
    'a suspension goes before quiet hours',
    'Suspend_Delivery = true\n',
    (bench) => bench.add(1, 'quiet.example'),
    /Waits for Suspend_Delivery = true/,
    'quiet.example',
  ],
  [
    'quiet hours',
    '',
    (bench) => bench.add(1, 'quiet.example'),
    /Waits for the end of quiet hours until 1970-01-01 02:00:00 \+01:00.*; set by curfew at quiet-hours:2\.\nTo change: edit the schedule/,
    'quiet.example',
  ],
  [
    'quiet hours without end',
    '',
    (bench) => bench.add(1, 'silent.example'),
    /Waits for the end of quiet hours, which never end by their schedule.*; set by curfew at quiet-hours:3\./,
    'silent.example',
  ],
  [
    'quiet hours of a month',
    '',
    (bench) => bench.add(1, 'month.example'),
    /Waits for the end of quiet hours, which do not end within a week.*; set by curfew at quiet-hours:4\./,
    'month.example',
  ],
  [
    'a host that failed',
    'Host_Failure_Retry = 60\n',
    (bench) => {
      bench.add(2);
      bench.failConnect(bench.connections[0]!);
    },
    /Waits for a host that can be reached.*next try is in 60\.0 s \(Host_Failure_Retry\)\.\n {2}mx-127\.0\.0\.1\.example \[127\.0\.0\.1\]: refused, 0\.0 s ago\nTo change: flush domain a\.example \(tries the hosts at once\)\.$/m,
  ],
  [
    'the name service',
    '',
    (bench) => {
      bench.route = null;
      bench.add(1);
    },
    /Waits for the name service/,
  ],
  [
    'an address that this machine does not have',
    'Binding "default" { Bind_Address = "192.0.2.9" }\n',
    (bench) => {
      bench.hasLocalAddress = () => false;
      bench.add(1);
    },
    /Waits for the address 192\.0\.2\.9, which this machine does not have.*Bind_Address is set by Binding "default" at.*\nTo change: give .* config set binding default bind_address ADDRESS$/m,
  ],
  [
    'an outage of the name service',
    '',
    (bench) => {
      bench.route = { kind: 'outage' };
      bench.add(1);
    },
    /Waits because no name server answers anything.*no attempt is counted.*\nTo change: see to the servers that Resolv_Conf names/,
  ],
  [
    'trouble of this machine',
    '',
    (bench) => {
      bench.scheduler.nodeTrouble(bench.at);
      bench.add(1);
    },
    /Waits because this machine could not open a connection lately.*see paniclog/,
  ],
  [
    'nothing, as its mail is blackholed',
    'Domain "a.example" { Blackhole = internal }\n',
    (bench) => bench.add(1),
    /Waits for nothing: its mail is disposed of \(Blackhole\); set by Domain "a\.example" at.*\nTo change: config set domain a\.example blackhole false$/m,
  ],
  [
    'as blackhole is of another domain, what it waits for otherwise',
    'Domain "b.example" { Blackhole = internal }\nSuspend_Delivery = true\n',
    (bench) => bench.add(1),
    /Waits for Suspend_Delivery/,
  ],
];

function taskOf(bench: SchedulerBench) {
  bench.add(1, 'other.example');
  return bench.queue('other.example').active.list().at(0)!;
}

for (const [id, text, happen, expected, domain] of ROWS) {
  test(`why: ${id}`, async () => {
    const { bench, why } = benchOf(text);
    bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1')], ttlMs: 60_000 };
    happen(bench);
    assert.match(await why(domain), expected);
  });
}

test('why: a binding that is gone', async () => {
  const { bench, why } = benchOf('');
  const { settingsOf } = bench;
  bench.settingsOf = (binding, domain) => ({ ...settingsOf(binding, domain), bindingExists: false });
  bench.add(1);
  assert.match(await why(), /Waits for its binding, which is not in the configuration any more/);
});

test('why: a wait for a token goes on through another look that finds none', async () => {
  const text = 'Outbound_Throttle_Connections = "1/8"\n';
  const { bench, why, reload } = benchOf(text);
  bench.later(10_000);
  bench.add(100);
  bench.later(2_000);
  reload(text);
  bench.later(1_000);
  assert.match(await why(), /^Waits for a token of a throttle, for 3\.0 s now:$/m);
});

test('why: a limit that was set to 0 while connections are open', async () => {
  const { bench, why, reload } = benchOf('Max_Outbound_Connections = 5\n');
  bench.add(100);
  bench.establish();
  reload('Max_Outbound_Connections = 0\n');
  const text = await why();
  assert.match(text, /100 active, 0 delayed, 5 of 30 wanted connections\nWaits for room below a limit, 5 of 0 in use:/);
  assert.match(
    text,
    /Next chance: none, as a limit of 0 opens nothing\.\nTo change: config set max_outbound_connections N$/m,
  );
});

test('why: what connections that are too many keep busy is said of the lower limit', async () => {
  const { bench, why, reload } = benchOf('Max_Outbound_Connections = 5\n');
  bench.add(100);
  bench.establish();
  reload('Binding "default" { Max_Outbound_Connections = 2 }\n');
  assert.match(
    await why(),
    /Waits for room below a limit, 5 of 2 in use:\n.* = 2 .*\n.*\n.*\nTo change: config set binding default max_outbound_/,
  );
});

test('why: one word: a binding, a domain, a message on a connection, none of them', async () => {
  const server = {
    async *bindings() {
      yield [{ binding: 'trans' }];
    },
    whyMessage: async (id: string) => (id === 'busy' ? { kind: 'delivering', id } : { kind: 'unknown' }),
    domain: async (name: string) => (name === 'a.example' ? {} : null),
  };
  const asked = (word: string) => WHY_COMMANDS[0]!.run([word], { server } as unknown as Subject, '', null as never);
  assert.deepEqual(await asked('trans'), {
    text: '"trans" is a binding, and its mail waits by domain: why trans DOMAIN\n',
    failed: true,
  });
  assert.deepEqual(await asked('A.example'), {
    text: '"A.example" is a domain, and its mail waits by binding: why BINDING A.example\n',
    failed: true,
  });
  assert.deepEqual(await asked('busy'), {
    text: 'message busy waits for nothing: it is being delivered.\n',
    failed: false,
  });
  assert.deepEqual(await asked('tran'), { text: 'no message tran waits\n', failed: true });
});
