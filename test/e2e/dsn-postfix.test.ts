// Postfix as a receiver with DSN and SMTPUTF8, as it comes: what a sender asked for is told by Postfix itself, so RET, ENVID,
// NOTIFY and ORCPT got there, and addresses and headers beyond ASCII are taken as they are.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { NOTICE_READERS } from '../support/notice-readers.ts';
import { skipWithoutPostfix, startPostfix } from '../support/postfix.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { openScriptedReceiver } from '../support/scripted-receiver.ts';

const timeout = 90_000;
const skip = skipWithoutPostfix();

async function submit(port: number, content: string, ...commands: string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  for (const command of ['EHLO x', ...commands, 'DATA', `${content}\r\n.`, 'QUIT'])
    socket.write(`${command}\r\n`, 'utf8');
  await once(socket, 'close');
  assert.match(heard, /^250 .*\r\n221 /m);
  assert.doesNotMatch(heard, /^5/m);
}

test('Postfix tells the sender what he asked to be told', { skip, timeout }, async (t) => {
  const told = Promise.withResolvers<void>();
  const back = await openScriptedReceiver(t, '127.0.3.13', {}, () => {
    if (back.messages.length === 3) told.resolve();
  });
  // Postfix takes what it learns only behind itself that nobody wants.
  const refusing = await openScriptedReceiver(t, '127.0.3.14', { rcpt: '550 5.1.1 nobody' }, () => {});
  const postfix = await startPostfix(
    t,
    `transport_maps = inline:{ back.example=smtp:[127.0.3.13]:${back.port}, gone.example=smtp:[127.0.3.14]:${refusing.port} }\n`,
  );
  const headgate = await Headgate.start(
    t,
    `Domain "/example$/" { Routes = ( "smtp://127.0.0.1?port=${postfix.port}" ) }\n`,
  );
  const body = 'Subject: asked\r\n\r\nthe text of it';
  await submit(
    headgate.port,
    body,
    'MAIL FROM:<s@back.example> RET=FULL ENVID=one+20two',
    'RCPT TO:<good@here.example> NOTIFY=SUCCESS ORCPT=rfc822;Old+2B1@older.example',
    'RCPT TO:<silent@here.example> NOTIFY=FAILURE',
    'RCPT TO:<bad@gone.example> NOTIFY=FAILURE ORCPT=rfc822;bad@older.example',
    'RCPT TO:<never@gone.example> NOTIFY=NEVER',
  );
  await submit(
    headgate.port,
    body,
    'MAIL FROM:<s@back.example> RET=HDRS',
    'RCPT TO:<heads@gone.example> NOTIFY=SUCCESS,FAILURE',
  );
  await headgate.mainlog.waitFor(isRecord('D'), 5);
  await told.promise;
  const read = Object.values(NOTICE_READERS)[0]!;
  const notices = await Promise.all(back.messages.map((message) => read(Buffer.from(message, 'latin1'))));
  const facts = notices.flatMap(({ recipients }, place) =>
    recipients.map(({ finalRecipient, originalRecipient, action }) => {
      const message = back.messages[place]!;
      const envelopeId = /^Original-Envelope-Id: (.*)\r$/m.exec(message)?.[1] ?? null;
      return [finalRecipient, originalRecipient, action, envelopeId, message.includes('the text of it')];
    }),
  );
  facts.sort((a, b) => (String(a) < String(b) ? -1 : 1));
  // Whatever RET says, what went well is told with the header only (RFC 3461 section 6.2).
  assert.deepEqual(facts, [
    ['rfc822; bad@gone.example', 'rfc822;bad@older.example', 'failed', 'one two', true],
    ['rfc822; good@here.example', 'rfc822;Old+1@older.example', 'delivered', 'one two', false],
    ['rfc822; heads@gone.example', 'rfc822;heads@gone.example', 'failed', null, false],
  ]);
  // Everything that Postfix had to say has been said.
  const removed = (line: string): boolean => /qmgr\[\d+\]: \w+: removed/.test(line);
  await postfix.log.waitFor(removed, 5);
  assert.equal(back.messages.length, 3);
});

for (const [title, settings, outcome] of [
  ['offers SMTPUTF8', 'smtputf8_enable = yes', 'D'],
  ['does not', 'smtputf8_enable = no', 'P'],
] as const) {
  test(`addresses and a header beyond ASCII, where Postfix ${title}`, { skip, timeout }, async (t) => {
    const postfix = await startPostfix(t, `${settings}\n`);
    const headgate = await Headgate.start(
      t,
      `Generate_Bounces = false
       Domain "/example$/" { Routes = ( "smtp://127.0.0.1?port=${postfix.port}" ) }\n`,
    );
    await submit(
      headgate.port,
      'Subject: Grüße\r\n\r\nx',
      'MAIL FROM:<größe@zurück.example> BODY=8BITMIME SMTPUTF8',
      'RCPT TO:<leser@bücher.example>',
    );
    const [record] = await headgate.mainlog.waitFor(isRecord(outcome), 1);
    if (outcome === 'P') {
      assert.match(record!, /550 5\.6\.7 \[internal\] message needs SMTPUTF8/);
      return;
    }
    assert.equal(fieldsOf(record!)[5], 'xn--bcher-kva.example');
    const [sent] = await postfix.log.waitFor((line) => line.includes('status=sent'), 1);
    assert.match(sent!, /to=<leser@(bücher|xn--bcher-kva)\.example>/);
    await postfix.log.waitFor((line) => line.includes('from=<größe@'), 1);
  });
}
