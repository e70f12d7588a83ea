// 8-bit content at receivers with and without 8BITMIME: out of memory, and read back from the spool.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { isRecord } from '../support/records.ts';
import { openScriptedReceiver } from '../support/scripted-receiver.ts';

const CONTENT = `Subject: x
MIME-Version: 1.0
Message-ID: <1@origin.example>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

caf\xc3\xa9 = \xe2\x82\xac
.dot
`;

async function submit(port: number, domain: string): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  const content = CONTENT.replaceAll(/^\./gm, '..').replaceAll('\n', '\r\n');
  for (const command of [
    'EHLO x',
    'MAIL FROM:<s@origin.example> BODY=8BITMIME',
    `RCPT TO:<r@${domain}>`,
    'DATA',
    `${content}.`,
    'QUIT',
  ]) {
    socket.write(`${command}\r\n`, 'latin1');
  }
  await once(socket, 'close');
  assert.match(heard, /^250 .*\r\n221 /m);
}

test('8-bit content becomes quoted-printable where 8BITMIME is not offered', { timeout: 60_000 }, async (t) => {
  const without = await openScriptedReceiver(t, '127.0.3.3', { ehlo: '250-x\r\n250-PIPELINING\r\n250 SIZE' }, () => {});
  const capable = await openScriptedReceiver(t, '127.0.3.4', {}, () => {});
  const to = (address: string, port: number) => `Routes = ( "smtp://${address}?port=${port}" )`;
  const headgate = await Headgate.start(
    t,
    `Domain "seven.example" { ${to('127.0.3.3', without.port)} Max_Outbound_Connections = 1 }
Domain "held.example" { ${to('127.0.3.3', without.port)} Suspend_Delivery = true }
Domain "as-is.example" { ${to('127.0.3.3', without.port)} Transform_8BitMime_Content = no }
Domain "eight.example" { ${to('127.0.3.4', capable.port)} }
`,
  );
  await submit(headgate.port, 'held.example');
  await headgate.kill9();
  await headgate.start();
  let delivered = 0;
  for (const domain of ['seven.example', 'as-is.example', 'eight.example']) {
    await submit(headgate.port, domain);
    delivered += 1;
    await headgate.mainlog.waitFor(isRecord('D'), delivered);
  }
  await headgate.console('config set domain held.example suspend_delivery false');
  await headgate.mainlog.waitFor(isRecord('D'), 4);

  // Without the field that says how it came here.
  const own = (message: string): string => message.slice(message.indexOf('Subject: '));
  const [seven, asIs, held] = without.messages.map(own);
  const recoded = CONTENT.replace('8bit', 'quoted-printable')
    .replace('caf\xc3\xa9 = \xe2\x82\xac', 'caf=C3=A9 =3D =E2=82=AC')
    .replace('\n.dot\n', '\n..dot')
    .replaceAll('\n', '\r\n');
  assert.equal(seven, recoded);
  assert.equal(held, recoded);
  const unchanged = CONTENT.replace('\n.dot\n', '\n..dot').replaceAll('\n', '\r\n');
  assert.equal(asIs, unchanged);
  assert.equal(own(capable.messages[0]!), unchanged);
  const mails = [...without.connections, ...capable.connections].flatMap(({ commands }) =>
    commands.filter((line) => line.startsWith('MAIL')).map((line) => line.replaceAll(/\d+/g, 'N')),
  );
  assert.deepEqual(mails, [
    'MAIL FROM:<s@origin.example>',
    'MAIL FROM:<s@origin.example> SIZE=N',
    'MAIL FROM:<s@origin.example>',
    'MAIL FROM:<s@origin.example> SIZE=N BODY=NBITMIME',
  ]);
});
