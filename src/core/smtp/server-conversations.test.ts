// Conversations with the server session as they would be seen on the wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionPeer } from '../../../test/support/session-peer.ts';
import type { ServerTerms } from './server-session.ts';

/**
 * A conversation: lines with `C:` are sent, the lines below them are what must follow. `data ok`, `data refuse TEXT`,
 * `stop`, `cut` and `expire` are events that are no commands.
 */
function converse(script: string, terms: Partial<ServerTerms> = {}): SessionPeer {
  const peer = new SessionPeer(terms);
  assert.deepEqual(peer.take(), ['220 mx.example.com ESMTP Headgate']);
  let expected: string[] = [];
  let last = 'the banner';
  const check = (): void => assert.deepEqual(peer.take(), expected, `after ${last}`);
  for (const line of script
    .trim()
    .split('\n')
    .map((text) => text.trim())) {
    if (!line.startsWith('C: ') && !line.startsWith('* ')) {
      expected.push(line.replace(/^S: /, ''));
      continue;
    }
    check();
    expected = [];
    last = line;
    if (line.startsWith('C: '))
      peer.session.line(line.slice(3).replaceAll('\\n', '\n').replaceAll('\\r', '\r').replaceAll('_', ' '));
    else happen(peer, line.slice(2));
  }
  check();
  return peer;
}

function happen({ session }: SessionPeer, event: string): void {
  if (event === 'data ok') {
    session.contentRead();
    assert.equal(session.state, 'storing');
    session.contentStored('00/00-00001-00000000');
  } else if (event === 'storing') session.contentRead();
  else if (event === 'stored') session.contentStored('00/00-00001-00000000');
  else if (event.startsWith('data refuse ')) session.refuseContent(event.slice(12), 'reception');
  else if (event === 'stop') session.stop();
  else if (event === 'cut') session.cut();
  else if (event === 'expire') session.expire();
  else if (event === 'long line') session.lineTooLong();
  else assert.fail(event);
}

const CONVERSATIONS: readonly [id: string, script: string, terms?: Partial<ServerTerms>][] = [
  [
    'a message',
    `C: EHLO client.example.org
     S: 250-mx.example.com
     S: 250-PIPELINING
     S: 250-8BITMIME
     S: 250-SIZE 1000
     S: 250-DSN
     S: 250 ENHANCEDSTATUSCODES
     C: MAIL FROM:<a@example.org> SIZE=1000 BODY=8BITMIME
     S: 250 2.1.0 OK
     C: RCPT TO:<b@example.net>
     S: 250 2.1.5 OK
     C: DATA
     S: 354 end data with <CR><LF>.<CR><LF>
     S: [read data]
     * data ok
     S: 250 2.0.0 OK 00/00-00001-00000000
     S: [proceed]
     C: QUIT
     S: 221 2.0.0 closing connection
     S: [close]
     C: NOOP`,
  ],
  [
    'SIZE without a number when the configuration sets none',
    `C: EHLO x
     S: 250-mx.example.com
     S: 250-PIPELINING
     S: 250-8BITMIME
     S: 250-SIZE
     S: 250-DSN
     S: 250 ENHANCEDSTATUSCODES`,
    { announcedSize: 0 },
  ],
  [
    'HELO, small letters, blanks at the end and before <',
    `C: helo [192.0.2.1]
     S: 250 mx.example.com
     C: mail from: <>__
     S: 250 2.1.0 OK
     C: rcpt to: <b@example.net>_
     S: 250 2.1.5 OK
     C: data_
     S: 354 end data with <CR><LF>.<CR><LF>
     S: [read data]`,
  ],
  [
    'order',
    `C: MAIL FROM:<a@example.org>
     S: 503 5.5.1 EHLO or HELO first
     C: RCPT TO:<a@example.org>
     S: 503 5.5.1 MAIL first
     C: DATA
     S: 503 5.5.1 MAIL first
     C: RSET
     S: 250 2.0.0 OK
     C: MAIL FROM:<a@example.org>
     S: 503 5.5.1 EHLO or HELO first
     C: HELO x
     S: 250 mx.example.com
     C: RCPT TO:<a@example.org>
     S: 503 5.5.1 MAIL first
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: MAIL FROM:<b@example.org>
     S: 503 5.5.1 nested MAIL command
     C: DATA
     S: 554 5.5.1 no valid recipients
     C: RSET
     S: 250 2.0.0 OK
     C: RCPT TO:<a@example.org>
     S: 503 5.5.1 MAIL first
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: HELO y
     S: 250 mx.example.com
     C: RCPT TO:<a@example.org>
     S: 503 5.5.1 MAIL first`,
  ],
  [
    'commands beside mail',
    `C: NOOP
     S: 250 2.0.0 OK
     C: NOOP anything
     S: 250 2.0.0 OK
     C: HELP
     S: 214 2.0.0 commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT
     C: HELP MAIL
     S: 214 2.0.0 commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT
     C: VRFY postmaster
     S: 252 2.0.0 not verified here; send mail and it is tried
     C: VRFY
     S: 501 5.5.4 syntax: VRFY address
     C: EXPN list
     S: 502 5.5.1 command not implemented
     C: TURN
     S: 502 5.5.1 command not implemented
     C: ETRN example.com
     S: 502 5.5.1 command not implemented
     C: STARTTLS
     S: 502 5.5.1 STARTTLS is not offered
     C: AUTH PLAIN AGEAYg==
     S: 502 5.5.1 AUTH is not offered
     C: NOOPS
     S: 500 5.5.1 command not recognized
     C: XYZ
     S: 500 5.5.1 command not recognized
     C: QUIT now
     S: 501 5.5.4 no arguments expected
     C: RSET now
     S: 501 5.5.4 no arguments expected
     C: DATA now
     S: 501 5.5.4 no arguments expected
     C: EHLO
     S: 501 5.5.4 syntax: EHLO hostname
     C: HELO_
     S: 501 5.5.4 syntax: HELO hostname
     C: EHLO a b
     S: 501 5.5.4 syntax: EHLO hostname
     * long line
     S: 500 5.5.2 command line too long`,
  ],
  [
    'BDAT without octets is refused, with octets the session ends',
    `C: BDAT 0 LAST
     S: 503 5.5.1 CHUNKING is not offered
     C: BDAT 10 LAST
     S: 503 5.5.1 CHUNKING is not offered; closing connection, since data follows BDAT
     S: [close]
     C: MAIL FROM:<a@example.org>`,
  ],
  [
    'a web browser is sent away',
    `C: POST / HTTP/1.1
     S: 521 5.5.1 this is not an HTTP server; closing connection
     S: [close]
     C: EHLO x`,
  ],
  [
    'a bare LF ends the session before anything is done',
    `C: EHLO x\\nMAIL FROM:<a@example.org>
     S: 521 5.5.2 bare CR or LF in a command; closing connection
     S: [close]`,
  ],
  [
    'a bare CR too',
    `C: NOOP\\r
     S: 521 5.5.2 bare CR or LF in a command; closing connection
     S: [close]`,
  ],
  [
    'parameters of MAIL and RCPT',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org> SIZE=1001
     S: 552 5.3.4 message exceeds 1000 octets
     C: MAIL FROM:<a@example.org> SIZE=99999999999999999999
     S: 552 5.3.4 message exceeds 1000 octets
     C: MAIL FROM:<a@example.org> SIZE=
     S: 501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]
     C: MAIL FROM:<a@example.org> SIZE=1 SIZE=1
     S: 501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]
     C: MAIL FROM:<a@example.org>SIZE=1
     S: 501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]
     C: MAIL FROM:<a@example.org> BODY=BINARYMIME
     S: 555 5.5.4 parameter not supported
     C: MAIL FROM:<a@example.org> SMTPUTF8
     S: 555 5.5.4 parameter not supported
     C: MAIL FROM:<a@example.org> RET=NONE
     S: 501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]
     C: MAIL FROM:<a@example.org> body=7bit size=0
     S: 250 2.1.0 OK
     C: RCPT TO:<b@example.net> NOTIFY=NEVER,DELAY
     S: 501 5.5.4 syntax: RCPT TO:<address> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]
     C: RCPT TO:<b@example.net> NOTIFY=NEVER ORCPT=rfc822;x@example.net
     S: 250 2.1.5 OK
     C: RCPT TO:<b@example.net> BY=120;R
     S: 555 5.5.4 parameter not supported`,
  ],
  [
    'who may not relay is offered no notices',
    `C: EHLO x
     S: 250-mx.example.com
     S: 250-PIPELINING
     S: 250-8BITMIME
     S: 250-SIZE 1000
     S: 250 ENHANCEDSTATUSCODES
     C: MAIL FROM:<a@example.org> RET=HDRS
     S: 555 5.5.4 parameter not supported
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<b@ours.example> NOTIFY=SUCCESS
     S: 555 5.5.4 parameter not supported
     C: RCPT TO:<b@ours.example>
     S: 250 2.1.5 OK`,
    { mayRelay: false, isTaken: (mailbox) => mailbox.endsWith('@ours.example') },
  ],
  [
    'addresses beyond ASCII',
    `C: EHLO x
     S: 250-mx.example.com
     S: 250-PIPELINING
     S: 250-8BITMIME
     S: 250-SIZE 1000
     S: 250-DSN
     S: 250-SMTPUTF8
     S: 250 ENHANCEDSTATUSCODES
     C: MAIL FROM:<j\u00c3\u00bcrgen@example.org>
     S: 553 5.6.7 sender address is not ASCII; say SMTPUTF8 with MAIL
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<j\u00c3\u00bcrgen@example.net>
     S: 553 5.6.7 recipient address is not ASCII; say SMTPUTF8 with MAIL
     C: RSET
     S: 250 2.0.0 OK
     C: MAIL FROM:<j\u00fcrgen@example.org> SMTPUTF8
     S: 553 5.1.7 bad local part in sender address
     C: MAIL FROM:<j\u00c3\u00bcrgen@example.org> SMTPUTF8
     S: 250 2.1.0 OK
     C: RCPT TO:<a@nowhere-\u00c3\u00bc.example>
     S: 553 5.1.2 bad domain in recipient address
     C: RCPT TO:<a@b\u00c3\u00bccher.example>
     S: 250 2.1.5 OK
     C: RCPT TO:<"\u00c3\u00bc b"@example.net> NOTIFY=NEVER ORCPT=utf-8;\u00c3\u00bc@example.net
     S: 250 2.1.5 OK
     C: RCPT TO:<\u00c2\u0085@example.net>
     S: 553 5.1.3 bad local part in recipient address`,
    { asciiDomain: (domain) => (domain.startsWith('b\u00fc') ? 'xn--b.example' : null) },
  ],
  [
    'addresses that are none',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL a@example.org
     S: 501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]
     C: MAIL FROM:a@example.org
     S: 501 5.5.4 syntax: MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]
     C: MAIL FROM:<a b@example.org>
     S: 553 5.1.7 bad local part in sender address
     C: MAIL FROM:<a@exa mple.org>
     S: 553 5.1.8 bad domain in sender address
     C: MAIL FROM:<j\u00fcrgen@example.org>
     S: 553 5.6.7 sender address is not ASCII and SMTPUTF8 is not offered
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<>
     S: 501 5.5.4 syntax: RCPT TO:<address>
     C: RCPT b@example.net
     S: 501 5.5.4 syntax: RCPT TO:<address>
     C: RCPT TO:<@example.net>
     S: 501 5.5.4 syntax: RCPT TO:<address>
     C: RCPT TO:<"b@example.net>
     S: 553 5.1.3 bad local part in recipient address
     C: RCPT TO:<b@-example.net>
     S: 553 5.1.2 bad domain in recipient address
     C: RCPT TO:<b@m\u00fcnchen.example>
     S: 553 5.6.7 recipient address is not ASCII and SMTPUTF8 is not offered`,
  ],
  [
    'who may not relay has every recipient refused',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<b@example.net>
     S: 550 5.7.1 relaying denied
     C: RCPT TO:<postmaster>
     S: 550 5.7.1 relaying denied
     C: DATA
     S: 554 5.5.1 no valid recipients`,
    { mayRelay: false },
  ],
  [
    'one recipient more than are taken',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<b@example.net>
     S: 250 2.1.5 OK
     C: RCPT TO:<c@example.net>
     S: 250 2.1.5 OK
     C: RCPT TO:<d@example.net>
     S: 250 2.1.5 OK
     C: RCPT TO:<e@example.net>
     S: 452 4.5.3 too many recipients; send the rest in another transaction
     C: DATA
     S: 354 end data with <CR><LF>.<CR><LF>
     S: [read data]
     * data ok
     S: 250 2.0.0 OK 00/00-00001-00000000
     S: [proceed]
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<e@example.net>
     S: 250 2.1.5 OK`,
  ],
  [
    'a message that is refused, and the next',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<b@example.net>
     S: 250 2.1.5 OK
     C: DATA
     S: 354 end data with <CR><LF>.<CR><LF>
     S: [read data]
     * data refuse 552 5.3.4 message exceeds 1000 octets
     S: 552 5.3.4 message exceeds 1000 octets
     S: [proceed]
     C: DATA
     S: 503 5.5.1 MAIL first
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK`,
  ],
  ['a silent client', '* expire\nS: 421 4.4.2 idle for too long; closing connection\nS: [close]\n* expire'],
  [
    'a stop without a transaction',
    `C: HELO x
     S: 250 mx.example.com
     * stop
     S: 421 4.3.2 service is shutting down; try again later
     S: [close]`,
  ],
  ['a stop before the greeting', '* stop\nS: 421 4.3.2 service is shutting down; try again later\nS: [close]\n* cut'],
  [
    'a stop lets the transaction end',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     * stop
     C: RCPT TO:<b@example.net>
     S: 250 2.1.5 OK
     C: DATA
     S: 354 end data with <CR><LF>.<CR><LF>
     S: [read data]
     * storing
     * stop
     * expire
     * stored
     S: 250 2.0.0 OK 00/00-00001-00000000
     S: [proceed]
     S: 421 4.3.2 service is shutting down; try again later
     S: [close]
     C: MAIL FROM:<a@example.org>`,
  ],
  [
    'a stop ends with RSET',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     * stop
     C: RSET
     S: 250 2.0.0 OK
     S: 421 4.3.2 service is shutting down; try again later
     S: [close]`,
  ],
  [
    'a cut while the message is stored says nothing more',
    `C: HELO x
     S: 250 mx.example.com
     C: MAIL FROM:<a@example.org>
     S: 250 2.1.0 OK
     C: RCPT TO:<b@example.net>
     S: 250 2.1.5 OK
     C: DATA
     S: 354 end data with <CR><LF>.<CR><LF>
     S: [read data]
     * storing
     * cut
     S: 421 4.3.2 service is shutting down; try again later
     S: [close]
     * stored`,
  ],
];

for (const [id, script, terms] of CONVERSATIONS) test(`conversation: ${id}`, () => void converse(script, terms));
