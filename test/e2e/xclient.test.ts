// What a receiver is told of the client that a message came from, after a restart too, and what of our own mail.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { isRecord } from '../support/records.ts';
import { openScriptedReceiver } from '../support/scripted-receiver.ts';

async function submit(port: number, helo: string, localAddress: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).setEncoding('latin1').resume();
  const lines = [
    `EHLO ${helo}`,
    'MAIL FROM:<s@back.example>',
    'RCPT TO:<r@there.example>',
    'DATA',
    'A: b\r\n\r\nx\r\n.',
    'QUIT',
  ];
  for (const line of lines) socket.write(`${line}\r\n`);
  await once(socket, 'close');
}

test('the client goes with its message', { timeout: 60_000 }, async (t) => {
  const ehlo = '250-x\r\n250 XCLIENT NAME ADDR HELO PROTO';
  const rcpt = ['250 ok', '550 5.1.1 nobody', '250 ok'];
  const receiver = await openScriptedReceiver(t, '127.0.3.2', { ehlo, rcpt }, () => {});
  const headgate = await Headgate.start(
    t,
    `Idle_Timeout = 60
XCLIENT = required
Max_Outbound_Connections = 1
Routes = ( "smtp://127.0.3.2?port=${receiver.port}" )
Domain "there.example" { Suspend_Delivery = true }
Domain "back.example" { Smtp_Pipelining = no }
`,
  );
  await submit(headgate.port, 'one.example', '127.0.0.9');
  await submit(headgate.port, 'two+.example', '127.0.0.10');
  await headgate.kill9();
  await headgate.start(); // what the client was is kept with the message
  await headgate.console('config set domain there.example suspend_delivery false');
  await headgate.mainlog.waitFor(isRecord('D'), 2); // one of the two, and the notice of the other
  const told = receiver.connections.flatMap(({ commands }) => commands.filter((line) => line.startsWith('XCLIENT')));
  assert.deepEqual(told.sort(), [
    'XCLIENT NAME=[UNAVAILABLE] ADDR=127.0.0.10 HELO=two+2B.example PROTO=ESMTP',
    'XCLIENT NAME=[UNAVAILABLE] ADDR=127.0.0.9 HELO=one.example PROTO=ESMTP',
    'XCLIENT NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE] PROTO=ESMTP',
  ]);
});
