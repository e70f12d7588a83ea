// Two shards in threads of their own behave as one server (docs/running.md, "Shards"): limits are those of both together, every
// message arrives once, and what is asked or changed on the console is asked of both and changed in both.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ConnectionWatch, everythingAccepted, type Pair, pairsOf, SOURCES } from '../support/connection-watch.ts';
import { Headgate, runHeadgate, surroundings } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isFailure, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const DOMAINS = ['d1.example', 'd2.example'];
const SLOW = { delays: { final: { from: 60, to: 60 } } };
/** Without a limit of the row a binding has so many connections to a domain. */
const PLAIN = 8;

const BINDINGS = `
  Binding "a" { Bind_Address = "${SOURCES.a}" }
  Binding "b" { Bind_Address = "${SOURCES.b}" }`;

async function ask(headgate: Headgate, command: string): Promise<string> {
  const { text, failed } = await headgate.console(command);
  assert.ok(!failed, `${command}: ${text}`);
  return text;
}

/** How many messages each shard took: its number is the top of the counter in their ids. */
function receivedByShard(headgate: Headgate): readonly number[] {
  const byShard = [0, 0];
  for (const line of headgate.mainlog.lines()) {
    const [, id] = fieldsOf(line);
    if (isRecord('R')(line)) byShard[Number.parseInt(id![4]!, 16) >> 3]! += 1;
  }
  return byShard;
}

const ROWS: readonly {
  readonly title: string;
  readonly setting: string;
  readonly counted: readonly (readonly Pair[])[];
}[] = [
  { title: 'the node', setting: 'server_max_outbound_connections', counted: [pairsOf('ab', DOMAINS)] },
  { title: 'a binding', setting: 'binding a server_max_outbound_connections', counted: [pairsOf('a', DOMAINS)] },
  {
    title: 'each binding to each domain',
    setting: 'max_outbound_connections',
    counted: pairsOf('ab', DOMAINS).map((pair) => [pair]),
  },
  {
    title: 'each binding to a domain',
    setting: 'domain d1.example max_outbound_connections',
    counted: pairsOf('ab', ['d1.example']).map((pair) => [pair]),
  },
  {
    title: 'the sum of a domain',
    setting: 'domain d2.example scope_max_outbound_connections',
    counted: [pairsOf('ab', ['d2.example'])],
  },
  {
    title: 'each binding to a host',
    setting: 'host 127.0.1.1 max_outbound_connections',
    counted: pairsOf('ab', ['d1.example']).map((pair) => [pair]),
  },
  {
    title: 'the sum of a host',
    setting: 'host 127.0.1.2 scope_max_outbound_connections',
    counted: [pairsOf('ab', ['d2.example'])],
  },
];

test('limits of two shards together are reached and not passed, set, lowered and raised under load', {
  timeout: 110_000,
}, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS, { behaviour: SLOW });
  const { sink } = receivers;
  const headgate = await Headgate.start(
    t,
    `Shards = 2
     Max_Outbound_Connections = ${PLAIN}
     Server_Reserve_Outbound_Connections = 0
     Suspend_Delivery = true
     ${BINDINGS}
     ${receivers.routes}`,
  );
  await inject(
    headgate.port,
    pairsOf('ab', DOMAINS).map(([binding, domain]) => ({ binding, domain, messages: 3_000 })),
  );
  for (const messages of receivedByShard(headgate)) assert.ok(messages > 1000, 'both shards have mail');
  const watch = new ConnectionWatch(receivers);
  await ask(headgate, 'config set suspend_delivery false');
  for (const { title, setting, counted } of ROWS) {
    await t.test(`${title}: ${setting}`, { timeout: 20_000 }, async () => {
      await sink.when(() => watch.now(counted).every((count, at) => count === PLAIN * counted[at]!.length));
      for (const limit of [5, 2, 6]) {
        await ask(headgate, `config set ${setting} ${limit}`);
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
          `${limit}`,
        );
      }
      const [scopes, option] = /^(.*?)(\S+)$/.exec(setting)!.slice(1);
      await ask(headgate, `config unset ${scopes}${option}`);
      await ask(headgate, `config set max_outbound_connections ${PLAIN}`);
    });
  }
  assert.equal(sink.arrivals.repeated, 0);
  assert.equal(sink.snapshot().violations, 0);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'no transaction was cut');
});

test('every message arrives once, through reloads under load; fewer shards drain the spools of those that are no more', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS);
  const { sink } = receivers;
  const held = `Suspend_Delivery = true\n${receivers.routes}`;
  const headgate = await Headgate.start(t, `Shards = 3\n${held}`);
  const accepted = new Map(
    await inject(
      headgate.port,
      DOMAINS.map((domain) => ({ domain, messages: 300 })),
    ),
  );
  assert.match(await ask(headgate, 'summary'), /600/);
  assert.equal((await headgate.stop()).code, 0);

  headgate.configure(`Shards = 2\nMax_Outbound_Connections = 4\n${receivers.routes}`);
  await headgate.start();
  for (let round = 1; round <= 4; round++) {
    const more = inject(
      headgate.port,
      DOMAINS.map((domain) => ({ domain, messages: 150 })),
    );
    headgate.configure(`Shards = 2\nMax_Outbound_Connections = ${4 + round}\n${receivers.routes}`);
    await ask(headgate, 'config reload');
    for (const [id, recipients] of await more) accepted.set(id, recipients);
  }
  await receivers.whenArrived(accepted);
  assert.equal(sink.arrivals.repeated, 0);

  await ask(headgate, 'config set suspend_delivery true');
  const rest = await inject(
    headgate.port,
    DOMAINS.map((domain) => ({ domain, messages: 200 })),
  );
  for (const [id, recipients] of rest) accepted.set(id, recipients);
  await headgate.kill9();
  headgate.configure(receivers.routes);
  await headgate.start();
  await receivers.whenArrived(accepted);
  assert.equal(sink.arrivals.repeated, 0);
  assert.equal((await headgate.stop()).code, 0);
});

test('a number of shards that cannot be is refused', async (t) => {
  const headgate = await Headgate.start(t, '');
  for (const value of ['0', '29', 'many']) {
    headgate.configure(`Shards = ${value}`);
    const checked = await runHeadgate(['config', 'check', headgate.configurationFile]);
    assert.match(checked.stderr + checked.stdout, /expected a count from 1 to 28/);
  }
});

test('ports are shared between the shards of a server, not between servers', async (t) => {
  const headgate = await Headgate.start(t, 'Shards = 2');
  const directory = temporaryDirectory(t);
  const other = surroundings(directory).replace('127.0.0.1:0', `127.0.0.1:${headgate.port}`);
  const file = join(directory, 'headgate.conf');
  for (const shards of [1, 2]) {
    writeFileSync(file, `Shards = ${shards}\n${other}`);
    const started = await runHeadgate(['start', '-c', file]);
    assert.equal(started.code, 1);
    assert.match(started.stderr, /the port is in use by another process/);
  }
});

test('the console asks both shards, and orders of the operator are carried out in both', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS);
  const held = `Shards = 2\nSuspend_Delivery = true\n${receivers.routes}`;
  const headgate = await Headgate.start(t, held);
  const accepted = await inject(
    headgate.port,
    DOMAINS.map((domain) => ({ domain, messages: 200 })),
  );
  for (const messages of receivedByShard(headgate)) assert.ok(messages > 50, 'both shards have mail');
  const total = async () =>
    (JSON.parse(await ask(headgate, 'domain all --json')) as { total: { active: number; delayed: number } }).total;
  assert.equal((await total()).active, 400);
  const listed = JSON.parse(await ask(headgate, 'showqueue --json d1.example 400,0')) as { id: string }[];
  assert.equal(new Set(listed.map(({ id }) => id)).size, 200);
  for (const shard of [0, 1]) {
    const { id } = listed.find((message) => Number.parseInt(message.id[4]!, 16) >> 3 === shard)!;
    assert.match(await ask(headgate, `message details ${id}`), new RegExp(`^Message: ${id}\n`));
    assert.match(await ask(headgate, `why ${id}`), /suspend/i);
  }
  assert.match(await ask(headgate, 'why default d1.example'), /suspend_delivery/i);
  assert.equal(await ask(headgate, 'delay 3600 --domain d2.example'), 'Delayed 200 messages.\n');
  assert.deepEqual([(await total()).active, (await total()).delayed], [200, 200]);

  renameSync(headgate.mainlog.path, `${headgate.mainlog.path}.1`);
  await ask(headgate, 'reopen logs');
  await ask(headgate, 'config set suspend_delivery false');
  const first = new Map([...accepted].filter(([, recipients]) => recipients[0]!.endsWith('@d1.example')));
  await receivers.whenArrived(first);
  await headgate.mainlog.waitFor(isRecord('D'), 200);
  assert.equal(new LogFile(`${headgate.mainlog.path}.1`).lines().filter(isRecord('R')).length, 400);
  assert.equal(receivers.sink.counts.total.messages, 200);

  assert.match(await ask(headgate, 'fail domain quiet d2.example'), /200 messages/);
  assert.deepEqual([(await total()).active, (await total()).delayed], [0, 0]);
  const exit = await headgate.endedBy(() => headgate.console('shutdown'));
  assert.deepEqual([exit.code, exit.stderr], [0, '']);
});
