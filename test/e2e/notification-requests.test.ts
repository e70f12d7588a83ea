// Notices that senders asked for (RFC 3461), at receivers with and without DSN, over a restart.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { NOTICE_READERS, PYTHON_NOTICE_READER } from '../support/notice-readers.ts';
import { isRecord } from '../support/records.ts';
import { openScriptedReceiver } from '../support/scripted-receiver.ts';

const SENDER = 's@back.example';

async function submit(port: number, ...commands: string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  for (const command of ['EHLO x', ...commands, 'DATA', 'Subject: asked\r\n\r\nx\r\n.', 'QUIT'])
    socket.write(`${command}\r\n`);
  await once(socket, 'close');
  assert.match(heard, /^250-DSN\r/m);
  assert.match(heard, /^250 .*\r\n221 /m);
  assert.doesNotMatch(heard, /^5/m);
}

test('a sender is told what he asked to be told, by us or by the receiver', { timeout: 60_000 }, async (t) => {
  const plain = await openScriptedReceiver(t, '127.0.3.5', { ehlo: '250-x\r\n250 PIPELINING' }, () => {});
  const refusing = await openScriptedReceiver(
    t,
    '127.0.3.6',
    { ehlo: '250-x\r\n250 PIPELINING', rcpt: '550 5.1.1 nobody' },
    () => {},
  );
  const capable = await openScriptedReceiver(t, '127.0.3.7', { ehlo: '250-x\r\n250-PIPELINING\r\n250 DSN' }, () => {});
  const mailbox = await openScriptedReceiver(t, '127.0.3.8', { ehlo: '250-x\r\n250 PIPELINING' }, () => {});
  // A notice may come twice, since the server is killed.
  const told = Promise.withResolvers<void>();
  const back = await openScriptedReceiver(t, '127.0.3.9', {}, () => {
    if (new Set(back.messages.map((message) => /^Final-Recipient: .*$/m.exec(message)?.[0])).size === 3) told.resolve();
  });
  const at = (address: string, { port }: { port: number }) => `Routes = ( "smtp://${address}?port=${port}" )`;
  const headgate = await Headgate.start(
    t,
    `Domain "plain.example" { ${at('127.0.3.5', plain)} Suspend_Delivery = true }
Domain "refusing.example" { ${at('127.0.3.6', refusing)} }
Domain "capable.example" { ${at('127.0.3.7', capable)} }
Domain "mailbox.example" { ${at('127.0.3.8', mailbox)} Delivery_Method = LMTP }
Domain "back.example" { ${at('127.0.3.9', back)} }
`,
  );
  await submit(
    headgate.port,
    `MAIL FROM:<${SENDER}> RET=HDRS ENVID=one+20two`,
    'RCPT TO:<a@plain.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Old+2B1@plain.example',
    'RCPT TO:<b@plain.example> NOTIFY=NEVER',
    'RCPT TO:<c@plain.example>',
    'RCPT TO:<d@refusing.example> NOTIFY=NEVER',
    'RCPT TO:<e@refusing.example> NOTIFY=FAILURE',
    'RCPT TO:<g@capable.example> NOTIFY=SUCCESS ORCPT=rfc822;g@older.example',
    'RCPT TO:<h@mailbox.example> NOTIFY=SUCCESS',
  );
  await headgate.mainlog.waitFor(isRecord('P'), 2);
  await headgate.kill9();
  await headgate.start(); // what was asked is kept with the message
  await headgate.console('config set domain plain.example suspend_delivery false');
  await told.promise;

  const readers = Object.values(NOTICE_READERS);
  if (PYTHON_NOTICE_READER !== null) readers.push(PYTHON_NOTICE_READER);
  for (const read of readers) {
    const notices = await Promise.all(back.messages.map((message) => read(Buffer.from(message, 'latin1'))));
    const facts = notices.flatMap(({ recipients }) =>
      recipients.map(({ finalRecipient, originalRecipient, action }) => [finalRecipient, originalRecipient, action]),
    );
    const seen = [...new Set(facts.map((one) => JSON.stringify(one)))].sort().map((one) => JSON.parse(one));
    assert.deepEqual(seen, [
      ['rfc822; a@plain.example', 'rfc822; Old+1@plain.example', 'relayed'],
      ['rfc822; e@refusing.example', null, 'failed'],
      ['rfc822; h@mailbox.example', null, 'delivered'],
    ]);
    for (const { types } of notices) assert.ok(types.includes('text/rfc822-headers'));
  }
  for (const message of back.messages) assert.match(message, /^Original-Envelope-Id: one two\r$/m);
  const said = (receiver: typeof plain) => [
    ...new Set(receiver.connections.flatMap(({ commands }) => commands.filter((line) => /^(MAIL|RCPT)/.test(line)))),
  ];
  assert.deepEqual(said(capable), [
    `MAIL FROM:<${SENDER}> RET=HDRS ENVID=one+20two`,
    'RCPT TO:<g@capable.example> NOTIFY=SUCCESS ORCPT=rfc822;g@older.example',
  ]);
  assert.ok([...said(plain), ...said(refusing), ...said(mailbox)].every((line) => line.endsWith('>')));
});
