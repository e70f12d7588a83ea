// A running server in its operator's hands: files that do not load, the console, log rotation, an orderly stop.
import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('a file that does not load starts nothing: status 78, and every mistake with its place', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'bad.conf');
  writeFileSync(
    file,
    `Spoolbase = "${directory}/spool"\nMax_Outbound_Connection = 30\nDomain "example.com" {\n  Retry_Interval = soon\n}\n`,
  );
  const ended = await runHeadgate(['start', '-c', file]);
  assert.equal(ended.code, 78);
  assert.equal(ended.stdout, '');
  const [first, line, caret, second] = ended.stderr.split('\n');
  assert.match(first!, new RegExp(`^${file}:2:1: .*"max_outbound_connections"`, 'i'));
  assert.deepEqual([line, caret], ['    Max_Outbound_Connection = 30', '    ^']);
  assert.match(second!, new RegExp(`^${file}:4:\\d+: retry_interval: found soon; expected `, 'i'));
  assert.ok(!existsSync(join(directory, 'spool')), 'nothing was started');
});

test('the console session of the manual page, byte for byte', { timeout: 60_000 }, async (t) => {
  const headgate = await Headgate.start(t, 'Max_Outbound_Connections = 32\nhost "example.com" {}\n');
  for (const [words, printed] of [
    ['config eval max_outbound_connections', 'Max_Outbound_Connections = 32\n'],
    ['config eval host example.com max_outbound_connections', 'Max_Outbound_Connections = -1\n'],
  ] as const) {
    const asked = await runHeadgate(['console', headgate.consolePath, ...words.split(' ')]);
    assert.deepEqual(asked, { code: 0, signal: null, stdout: printed, stderr: '' });
    const offline = await runHeadgate([
      ...['config', 'eval', '-c', headgate.configurationFile],
      ...words.split(' ').slice(2),
    ]);
    assert.deepEqual(offline, { code: 0, signal: null, stdout: printed, stderr: '' });
  }
});

test('a bad reload prints the mistakes and changes nothing', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com']);
  const headgate = await Headgate.start(t, `Max_Outbound_Connections = 7\n${receivers.routes}`);
  headgate.configure('Max_Outbound_Connections = -2\nRetry_Intervall = 5\n');
  const reloaded = await headgate.console('config reload');
  assert.equal(reloaded.failed, true);
  const lines = reloaded.text.trimEnd().split('\n');
  assert.equal(lines.at(-1), 'Reconfigure failed');
  assert.match(
    lines[0]!,
    new RegExp(`^${headgate.configurationFile}:\\d+:\\d+: max_outbound_connections: found -2`, 'i'),
  );
  assert.match(lines[3]!, new RegExp(`^${headgate.configurationFile}:\\d+:1: .*"?retry_interval"?`, 'i'));
  assert.equal((await headgate.console('config eval max_outbound_connections')).text, 'Max_Outbound_Connections = 7\n');
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'example.com', messages: 5 }]));

  headgate.configure(`Max_Outbound_Connections = 9\n${receivers.routes}`);
  assert.equal((await headgate.console('config reload')).failed, false);
  assert.equal((await headgate.console('config eval max_outbound_connections')).text, 'Max_Outbound_Connections = 9\n');
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'example.com', messages: 5 }]));
});

test('SIGHUP reopens the logs under load, and no line is lost', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com']);
  const headgate = await Headgate.start(t, receivers.routes);
  const messages = 3_000;
  const injected = inject(headgate.port, [{ domain: 'example.com', messages }]);
  const files: LogFile[] = [];
  for (let rotation = 1; rotation <= 5; rotation++) {
    await headgate.mainlog.waitFor(isRecord('D'), 100);
    const rotated = `${headgate.mainlog.path}.${rotation}`;
    renameSync(headgate.mainlog.path, rotated);
    headgate.signal('SIGHUP');
    files.push(new LogFile(rotated));
  }
  await receivers.whenArrived(await injected);
  files.push(headgate.mainlog);
  const recordsOf = (type: 'R' | 'D'): string[] => files.flatMap((file) => file.lines()).filter(isRecord(type));
  await headgate.mainlog.waitUntil(() => recordsOf('D').length >= messages);
  for (const type of ['R', 'D'] as const) {
    const messageIds = recordsOf(type).map((line) => fieldsOf(line)[1]!);
    assert.equal(messageIds.length, messages, type);
    assert.equal(new Set(messageIds).size, messages, `${type}: each message once`);
  }
  for (const line of files.flatMap((file) => file.lines())) assert.match(line, /^\d{10}@/);
});

test('SIGTERM finishes transactions; the rest goes out after the next start, and nothing twice', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], {
    behaviour: { delays: { final: { from: 200, to: 400 } } },
  });
  const { sink } = receivers;
  const headgate = await Headgate.start(t, `Max_Outbound_Connections = 20\n${receivers.routes}`);
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 400 }]);
  await sink.whenReceived(40);
  const { code, signal, stderr } = await headgate.stop();
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  const whenStopped = sink.counts.total.messages;
  assert.ok(whenStopped < 400, 'it did not wait for the whole queue');
  assert.equal(sink.counts.total.now, 0);
  receivers.behave({});
  await headgate.start();
  await receivers.whenArrived(accepted);
  assert.equal(sink.arrivals.repeated, 0);
  assert.equal(sink.counts.total.messages, 400);
});

test('`shutdown` on the console is an orderly stop, too', { timeout: 60_000 }, async (t) => {
  const headgate = await Headgate.start(t, '');
  const { code } = await headgate.endedBy(async () => {
    assert.equal((await headgate.console('shutdown')).failed, false);
  });
  assert.equal(code, 0);
});
