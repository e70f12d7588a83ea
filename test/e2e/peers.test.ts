// Other people's programs, as they come: Postfix's smtp-source and swaks inject, its smtp-sink receives.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { freePort, whenGreeted } from '../support/free-port.ts';
import { Headgate } from '../support/headgate.ts';
import { findProgram, runProgram, skipWithout } from '../support/peer-program.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure, isRecord } from '../support/records.ts';

test('smtp-source injects over 20 sessions', { skip: skipWithout('smtp-source'), timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com']);
  const headgate = await Headgate.start(t, receivers.routes);
  const words = '-s 20 -m 500 -l 2048 -f sender@example.net -t someone@example.com';
  const ended = await runProgram('smtp-source', [...words.split(' '), `127.0.0.1:${headgate.port}`]);
  assert.deepEqual(ended, { code: 0, output: '' });
  await receivers.sink.whenReceived(500);
  const delivered = await headgate.mainlog.waitFor(isRecord('D'), 500);
  assert.equal(delivered.length, 500);
  assert.equal(receivers.sink.snapshot().violations, 0);
});

test('swaks injects', { skip: skipWithout('swaks'), timeout: 60_000 }, async (t) => {
  const messages: SinkMessage[] = [];
  const receivers = await Receivers.open(t, ['example.com'], { onMessage: (message) => messages.push(message) });
  const headgate = await Headgate.start(t, receivers.routes);
  const { code, output } = await runProgram('swaks', [
    ...['--server', '127.0.0.1', '--port', String(headgate.port), '--pipeline', '--ehlo', 'client.example'],
    ...['--from', 'sender@example.net', '--to', 'one@example.com,two@example.com'],
    ...['--header', 'Subject: from swaks', '--body', 'first line\n.second line starts with a dot\n'],
  ]);
  assert.equal(code, 0, output);
  await receivers.sink.whenReceived(1);
  const [message] = messages;
  assert.equal(message!.reversePath, 'sender@example.net');
  assert.deepEqual([...message!.recipients].sort(), ['one@example.com', 'two@example.com']);
  const content = message!.content.toString();
  assert.match(content, /^Received: from .* helo=client\.example\)/m);
  assert.match(content, /^Subject: from swaks\r$/m);
  assert.match(content, /\r\n\.second line starts with a dot\r\n/);
});

test('smtp-sink receives', { skip: skipWithout('smtp-source', 'smtp-sink'), timeout: 60_000 }, async (t) => {
  const port = await freePort();
  await startSmtpSink(t, port);
  const headgate = await Headgate.start(
    t,
    `Domain "example.com" { Routes = ( "smtp://127.0.0.1?port=${port}" ) Max_Outbound_Connections = 10 }\n`,
  );
  const words = '-s 10 -m 300 -l 2048 -f sender@example.net -t someone@example.com';
  const ended = await runProgram('smtp-source', [...words.split(' '), `127.0.0.1:${headgate.port}`]);
  assert.deepEqual(ended, { code: 0, output: '' });
  await headgate.mainlog.waitFor(isRecord('D'), 300);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), []);
});

async function startSmtpSink(t: TestContext, port: number): Promise<void> {
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []; // it refuses to run as root
  const child = spawn(findProgram('smtp-sink')!, [...user, `127.0.0.1:${port}`, '100'], { stdio: 'inherit' });
  t.after(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  assert.ok(await whenGreeted(port, () => child.exitCode !== null), 'smtp-sink ended');
}
