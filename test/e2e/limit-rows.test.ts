// Every limit on connections beside max_outbound_connections (docs/limits.md), in every scope that it may stand in, counted
// at receivers while there is more mail than any limit lets out: set, lowered and raised, it is reached and not passed.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  apart,
  ConnectionWatch,
  everythingAccepted,
  type Pair,
  pairsOf,
  SOURCES,
} from '../support/connection-watch.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure } from '../support/records.ts';

const DOMAINS = ['d1.example', 'd2.example', 'e1.example'] as const;
/** Without a limit of the row a binding has so many connections to a domain. */
const PLAIN = 6;

const together = (bindings: string, domains: readonly string[] = DOMAINS): readonly Pair[] =>
  pairsOf(bindings, domains);

const [D1, D2, E1] = DOMAINS.map((domain) => [domain]) as [[string], [string], [string]];
const D = [...D1, ...D2];
const SERVER = 'server_max_outbound_connections';
const SCOPE = 'scope_max_outbound_connections';
const CLUSTER = 'cluster_max_outbound_connections';
/** Receivers are found by address, so that this is the name of their host, too: 127.0.1.1 has d1.example. */
const FIRST_HOST = '127.0.1.1';
const FIRST_HOSTS = '/^127\\.0\\.1\\.[12]$/';

interface Row {
  /** Of the table in the manual's digest: what limits what. */
  readonly title: string;
  readonly scope: string;
  readonly option: string;
  /** Each of these is held to the limit by itself. */
  readonly counted: readonly (readonly Pair[])[];
  /** What else is to be set, and the numbers, where they are not the usual ones. */
  readonly besides?: readonly string[];
  readonly steps?: readonly { readonly value: number; readonly limit: number }[];
}

const row = (title: string, scope: string, option: string, ...counted: readonly (readonly Pair[])[]): Row => ({
  title,
  scope,
  option,
  counted,
});

const ROWS: readonly Row[] = [
  row('the node', '', SERVER, together('abc')),
  row('a binding', 'binding c', SERVER, together('c')),
  row('each binding of a group', 'binding_group g', SERVER, together('a'), together('b')),
  {
    ...row('the reserve', '', 'server_reserve_outbound_connections', together('abc')),
    besides: ['reserve_maintenance_interval 1', `${SERVER} 3`],
    steps: [
      { value: 2, limit: 5 },
      { value: 1, limit: 4 },
      { value: 4, limit: 7 },
    ],
  },
  row('sum of everything', '', SCOPE, together('abc')),
  row('sum of a domain', 'domain d1.example', SCOPE, together('abc', D1)),
  row('sum of a pattern of domains', 'domain "/^d/"', SCOPE, together('abc', D)),
  row('sum of a domain in a group', 'binding_group g domain d1.example', SCOPE, together('ab', D1)),
  row('sum of a pattern of domains in a group', 'binding_group g domain "/^d/"', SCOPE, together('ab', D)),
  row('sum of a domain in a binding', 'binding c domain d1.example', SCOPE, together('c', D1)),
  row('sum of a pattern in a binding', 'binding c domain "/^d/"', SCOPE, together('c', D)),
  row('sum of a domain, binding in a group', 'binding_group g binding a domain d1.example', SCOPE, together('a', D1)),
  row('sum of a host', `host ${FIRST_HOST}`, SCOPE, together('abc', D1)),
  row('sum of a pattern of hosts', `host "${FIRST_HOSTS}"`, SCOPE, together('abc', D)),
  row('sum of a host in a group', `binding_group g host ${FIRST_HOST}`, SCOPE, together('ab', D1)),
  row('sum of hosts in a binding', `binding c host "${FIRST_HOSTS}"`, SCOPE, together('c', D)),
  row('sum of a binding', 'binding c', SCOPE, together('c')),
  row('sum of a group', 'binding_group g', SCOPE, together('ab')),
  row('cluster, each binding and domain', '', CLUSTER, ...apart(together('abc'))),
  row('cluster, each domain of a binding', 'binding c', CLUSTER, ...apart(together('c'))),
  row('cluster, each binding to a domain', 'domain d1.example', CLUSTER, ...apart(together('abc', D1))),
  row(
    'cluster, a pattern of hosts: each of them',
    'host "/^127/"',
    CLUSTER,
    ...[D1, D2, E1].map((one) => together('abc', one)),
  ),
  row('cluster, the node', '', `cluster_${SERVER}`, together('abc')),
  row('cluster, each binding of a group', 'binding_group g', `cluster_${SERVER}`, together('a'), together('b')),
  row('cluster, sum of a domain', 'domain d1.example', `cluster_${SCOPE}`, together('abc', D1)),
];

const USUAL_STEPS = [
  { value: 4, limit: 4 },
  { value: 2, limit: 2 },
  { value: 5, limit: 5 },
];

test('every limit is reached and not passed, set, lowered and raised under load', { timeout: 110_000 }, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS, { behaviour: { delays: { final: { from: 60, to: 60 } } } });
  const { sink } = receivers;
  const headgate = await Headgate.start(
    t,
    `Max_Outbound_Connections = ${PLAIN}
     Server_Reserve_Outbound_Connections = 0
     Suspend_Delivery = true
     Binding_Group "g" {
       Binding "a" { Bind_Address = "${SOURCES.a}" }
       Binding "b" { Bind_Address = "${SOURCES.b}" }
     }
     Binding "c" { Bind_Address = "${SOURCES.c}" }
     ${receivers.routes}`,
  );
  await inject(
    headgate.port,
    together('abc').map(([binding, domain]) => ({ binding, domain, messages: 2_000 })),
  );
  const ask = async (command: string): Promise<void> => {
    const { text, failed } = await headgate.console(command);
    assert.ok(!failed, `${command}: ${text}`);
  };
  const watch = new ConnectionWatch(receivers);
  await ask('config set suspend_delivery false');
  for (const { title, scope, option, counted, besides = [], steps = USUAL_STEPS } of ROWS) {
    await t.test(`${title}: ${scope} ${option}`, { timeout: 20_000 }, async () => {
      await sink.when(() => watch.now(counted).every((count, at) => count === PLAIN * counted[at]!.length));
      for (const setting of besides) await ask(`config set ${setting}`);
      for (const { value, limit } of steps) {
        await ask(`config set ${scope} ${option} ${value}`);
        await everythingAccepted();
        await sink.when(() => watch.now(counted).every((count) => count <= limit));
        watch.start(counted);
        const received = sink.counts.total.messages;
        await sink.when(
          () => watch.peaks.every((peak) => peak >= limit) && sink.counts.total.messages >= received + 15 * limit,
        );
        assert.deepEqual(
          watch.peaks,
          counted.map(() => limit),
          `${value}`,
        );
      }
      await ask(`config unset ${scope} ${option}`);
      for (const setting of besides) await ask(`config unset ${setting.split(' ')[0]}`);
      if (option.startsWith('server_reserve')) await ask(`config set ${option} 0`);
    });
  }
  assert.equal(sink.arrivals.repeated, 0);
  assert.equal(sink.snapshot().violations, 0);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'no transaction was cut');
});

test('the examples of the manual: 5 for each domain of a pattern, 3 for all domains of another; by reload', {
  timeout: 60_000,
}, async (t) => {
  const domains = ['aol.com', 'yahoo.com', 'wanadoo.fr', 'orange.fr'];
  const receivers = await Receivers.open(t, domains, { behaviour: { delays: { final: { from: 60, to: 60 } } } });
  const { sink } = receivers;
  const without = `
    Server_Reserve_Outbound_Connections = 0
    Suspend_Delivery = true
    Binding "a" { Bind_Address = "${SOURCES.a}" }
    Binding "b" { Bind_Address = "${SOURCES.b}" }
    ${receivers.routes}`;
  const examples = `
    domain "/^(aol|yahoo).com$/" { Max_Outbound_Connections = 5 }
    domain "/^(wanadoo|orange)\\.fr$/" { Scope_Max_Outbound_Connections = 3 }`;
  const headgate = await Headgate.start(t, without + examples);
  const accepted = await inject(
    headgate.port,
    domains.flatMap((domain) => [
      { binding: 'a', domain, messages: 200 },
      { binding: 'b', domain, messages: 200 },
    ]),
  );
  const watch = new ConnectionWatch(receivers);
  const pairs = (names: readonly string[]): readonly Pair[] => names.flatMap((name) => together('ab', [name]));
  const groups = [...apart(pairs(['aol.com', 'yahoo.com'])), pairs(['wanadoo.fr', 'orange.fr'])];
  const limits = [5, 5, 5, 5, 3];
  watch.start(groups);
  await headgate.console('config set suspend_delivery false');
  await sink.whenReceived(300);
  assert.deepEqual(watch.peaks, limits);

  headgate.configure(without.replace('Suspend_Delivery = true', ''));
  assert.equal((await headgate.console('config reload')).failed, false);
  await sink.when(() => watch.now().every((count) => count > 9));

  headgate.configure(without.replace('Suspend_Delivery = true', '') + examples);
  assert.equal((await headgate.console('config reload')).failed, false);
  await everythingAccepted();
  await sink.when(() => watch.now().every((count, at) => count <= limits[at]!));
  watch.start(groups);
  await sink.whenReceived(sink.counts.total.messages + 200);
  assert.deepEqual(watch.peaks, limits);

  receivers.behave({});
  await receivers.whenArrived(accepted);
  assert.equal(sink.arrivals.repeated, 0);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'no transaction was cut');
});
