// `why`: for each kind of wait, the reason that the console names, the place that set it, and what would change it.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const DOMAINS = ['pair.example', 'host.example', 'retry.example', 'down.example', 'stopped.example', 'address.example'];

test('why names the reason of each kind of wait', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, DOMAINS, {
    behaviour: { delays: { final: { from: 60_000, to: 60_000 } } },
  });
  const { sink } = receivers;
  sink.setBehaviour(receivers.endpoint('retry.example'), { refusals: [{ stage: 'mail', code: 451, rate: 1 }] });
  sink.shut(receivers.endpoint('down.example'));
  const hostAddress = receivers.endpoint('host.example').split(':')[0];
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  const silence = createSocket('udp4').bind(0, '127.0.0.1'); // a name server that says nothing
  await once(silence, 'listening');
  t.after(() => silence.close());
  writeFileSync(resolvConf, `nameserver 127.0.0.1:${silence.address().port}\noptions timeout:30 attempts:1\n`);
  const headgate = await Headgate.start(
    t,
    `${receivers.routes}
Resolv_Conf = "${resolvConf}"
Host_Failure_Retry = 600
Domain "pair.example" {
  Max_Outbound_Connections = 2
}
Host "${hostAddress}" {
  Max_Outbound_Connections = 1
}
Binding_Group "held" {
  Binding "stopped" {
    Suspend_Delivery = true
  }
}
Binding "elsewhere" {
  Bind_Address = "192.0.2.9"
}
Binding "leaving" {
}
Binding "capped" {
  Server_Max_Outbound_Connections = 1
}
`,
  );
  await inject(headgate.port, [
    { domain: 'pair.example', messages: 64 },
    { domain: 'host.example', messages: 40 },
    { domain: 'retry.example', messages: 1 },
    { domain: 'down.example', messages: 3 },
    { domain: 'stopped.example', messages: 5, binding: 'stopped' },
    { domain: 'address.example', messages: 2, binding: 'elsewhere' },
    { domain: 'asked.example', messages: 1 },
    { domain: 'pair.example', messages: 40, binding: 'capped' },
  ]);
  await sink.whenConnections(3, { destination: receivers.endpoint('pair.example') });
  await sink.whenConnections(1, { destination: receivers.endpoint('host.example') });
  await headgate.mainlog.waitFor(isRecord('T', 'retry.example'), 1);
  await headgate.mainlog.waitFor(isRecord('T', 'down.example'), 1);

  const lineOf = (text: string): number =>
    readFileSync(headgate.configurationFile, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1;
  const place = (line: number): string => `${headgate.configurationFile}:${line}:3`;
  const ask = async (words: string): Promise<string> => (await headgate.console(`why ${words}`)).text;

  const pairLine = lineOf('Max_Outbound_Connections = 2');
  assert.match(
    await ask('default pair.example'),
    /^binding "default" to pair\.example: 64 active, 0 delayed, 2 of 20 wanted/,
  );
  const pair = await ask('default pair.example');
  assert.match(pair, /Waits for room below a limit, 2 of 2 in use:/);
  assert.match(pair, /Max_Outbound_Connections = 2 \(binding "default" to pair\.example\): 2 open, 2 at most/);
  assert.ok(pair.includes(`Domain "pair.example" at ${place(pairLine)}`), pair);

  const [, command] = /^To change: (config set domain pair\.example max_outbound_connections) N$/m.exec(pair)!;
  assert.equal((await headgate.console(`${command} 3`)).failed, false);
  await sink.whenConnections(4, { destination: receivers.endpoint('pair.example') }); // one is of another binding

  const host = await ask('default host.example');
  assert.match(
    host,
    /Waits for room below a limit, 1 of 1 in use, for [\d.]+ s now:\n {2}Max_Outbound_Connections = 1 \(binding "default" to/,
  );
  assert.match(host, /held by binding "default" to host\.example: 1\n/);
  assert.ok(host.includes(place(lineOf('Max_Outbound_Connections = 1'))), host);

  const capped = await ask('capped pair.example');
  assert.match(capped, /Server_Max_Outbound_Connections = 1 \(all of binding "capped"\): 1 open/);
  assert.ok(capped.includes(place(lineOf('Server_Max_Outbound_Connections = 1'))), capped);

  assert.match(
    await ask('default retry.example'),
    /Waits for the next attempt at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+\./,
  );
  const down = await ask('default down.example');
  assert.match(down, /Waits for a host that can be reached.*next try is in (59\d\.\d|600\.0) s/);
  assert.match(down, /\[127\.0\.1\.4\]: ECONNREFUSED, [\d.]+ s ago/);

  const stopped = await ask('stopped stopped.example');
  assert.match(
    stopped,
    /Waits for Suspend_Delivery = true to be lifted, for [\d.]+ s now; set by Binding_Group "held" Binding "stopped" at/,
  );
  const address = await ask('elsewhere address.example');
  assert.match(address, /Waits for the address 192\.0\.2\.9, which this machine does not have/);
  assert.ok(address.includes('Binding "elsewhere" at'), address);
  assert.match(await ask('default asked.example'), /Waits for the name service/);

  const retried = headgate.mainlog.lines().find((line) => isRecord('T', 'retry.example')(line))!;
  const id = fieldsOf(retried)[1]!;
  assert.match(await ask(id), new RegExp(`^message ${id}: is tried again at .*; 1 retries so far; expires at`));
  const json = JSON.parse(await ask(`--json ${id}`)) as { queue: { reason: { kind: string } } };
  assert.equal(json.queue.reason.kind, 'retryTime');
  assert.deepEqual(await headgate.console('why default nowhere.example'), {
    text: 'no mail of binding "default" to "nowhere.example" has been seen since the server started\n',
    failed: true,
  });

  const text = readFileSync(headgate.configurationFile, 'utf8').replace(
    'Binding "elsewhere" {\n  Bind_Address = "192.0.2.9"\n}\n',
    '',
  );
  writeFileSync(headgate.configurationFile, text);
  await headgate.console('config reload');
  assert.match(
    await ask('elsewhere address.example'),
    /Waits for its binding, which is not in the configuration any more/,
  );
});
