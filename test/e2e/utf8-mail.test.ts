// Addresses and headers beyond ASCII (RFC 6531): at receivers with and without SMTPUTF8, over a restart, in the log, and back
// to a sender whose address is one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { NOTICE_READERS } from '../support/notice-readers.ts';
import { isRecord } from '../support/records.ts';
import { openScriptedReceiver } from '../support/scripted-receiver.ts';

async function submit(port: number, content: string, ...commands: string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let heard = '';
  socket.on('data', (text: string) => {
    heard += text;
  });
  for (const command of ['EHLO x', ...commands, 'DATA', `${content}\r\n.`, 'QUIT'])
    socket.write(`${command}\r\n`, 'utf8');
  await once(socket, 'close');
  assert.match(heard, /^250-SMTPUTF8\r/m);
  assert.match(heard, /^250 .*\r\n221 /m);
  assert.doesNotMatch(heard, /^5/m);
}

const PLAIN = 'Subject: x\r\n\r\nx';
const WIDE = 'Subject: Grüße\r\n\r\nx';
/** The domain as DNS has it: of "bücher.example" and of "zurück.example". */
const [BOOKS, BACK] = ['xn--bcher-kva.example', 'xn--zurck-mva.example'];

test('mail beyond ASCII goes where it is understood, and fails elsewhere', { timeout: 60_000 }, async (t) => {
  const offer = '250-x\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8';
  const capable = await openScriptedReceiver(t, '127.0.3.10', { ehlo: offer }, () => {});
  const without = await openScriptedReceiver(t, '127.0.3.11', { ehlo: '250-x\r\n250 8BITMIME' }, () => {});
  const told = Promise.withResolvers<void>();
  const back = await openScriptedReceiver(t, '127.0.3.12', { ehlo: offer }, () => {
    if (back.messages.length === 2) told.resolve();
  });
  const at = (address: string, { port }: { port: number }) => `Routes = ( "smtp://${address}?port=${port}" )`;
  const headgate = await Headgate.start(
    t,
    `Domain "${BOOKS}" { ${at('127.0.3.10', capable)} Suspend_Delivery = true }
Domain "old.example" { ${at('127.0.3.11', without)} }
Domain "${BACK}" { ${at('127.0.3.12', back)} }
`,
  );
  const from = 'MAIL FROM:<größe@zurück.example> BODY=8BITMIME SMTPUTF8';
  await submit(headgate.port, WIDE, from, 'RCPT TO:<info@Bücher.example>', 'RCPT TO:<leser@bücher.example>');
  await headgate.kill9();
  await headgate.start();
  await submit(headgate.port, WIDE, from, 'RCPT TO:<a@old.example>');
  // Of one transaction, the address that needs it fails, the other does not.
  const ascii = 'MAIL FROM:<a@zurück.example> SMTPUTF8';
  await submit(headgate.port, PLAIN, ascii, 'RCPT TO:<ü@old.example>');
  const plain = 'MAIL FROM:<a@elsewhere.example> SMTPUTF8';
  await submit(headgate.port, PLAIN, plain, 'RCPT TO:<b@old.example>', 'RCPT TO:<c@old.example>');
  await headgate.console(`config set domain ${BOOKS} suspend_delivery false`);
  await told.promise;
  await headgate.mainlog.waitFor(isRecord('D'), 6);

  const said = ({ connections }: typeof back) =>
    connections
      .flatMap(({ commands }) => commands.filter((line) => /^(MAIL|RCPT)/.test(line)))
      .map((line) =>
        Buffer.from(line, 'latin1')
          .toString()
          .replace(/ SIZE=\d+/, ''),
      );
  assert.deepEqual(said(capable), [
    'MAIL FROM:<größe@zurück.example> BODY=8BITMIME SMTPUTF8',
    'RCPT TO:<info@Bücher.example>',
    'RCPT TO:<leser@bücher.example>',
  ]);
  assert.match(
    Buffer.from(capable.messages[0]!, 'latin1').toString(),
    /envelope-from <größe@zurück\.example>.*with UTF8SMTP id .*^Subject: Grüße\r$/ms,
  );
  assert.deepEqual(said(without), [
    'MAIL FROM:<a@elsewhere.example>',
    'RCPT TO:<b@old.example>',
    'RCPT TO:<c@old.example>',
  ]);
  assert.deepEqual(
    said(back)
      .filter((line) => line.startsWith('MAIL'))
      .map((line) => line.includes('<> ') && line.endsWith('SMTPUTF8')),
    [true, true],
  );
  for (const read of Object.values(NOTICE_READERS)) {
    const notices = await Promise.all(back.messages.map((message) => read(Buffer.from(message, 'latin1'))));
    const failed = notices.flatMap(({ recipients }) =>
      recipients.map(({ finalRecipient, status }) => [finalRecipient, status]),
    );
    assert.deepEqual(failed.sort(), [
      ['rfc822; a@old.example', '5.6.7'],
      ['utf-8; \\x{FC}@old.example', '5.6.7'],
    ]);
  }
  const log = headgate.mainlog.lines();
  for (const text of ['@R@a@old.example@größe@zurück.example@', '[internal] message needs SMTPUTF8'])
    assert.ok(
      log.some((line) => line.includes(text)),
      text,
    );
});
