import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SessionPeer, TERMS } from '../../../test/support/session-peer.ts';
import { COMMANDS_MAX, ERRORS_MAX, RECIPIENTS_MAX } from './server-session.ts';

test('what a transaction holds: null for <>, the host name where there is no domain, the terms of MAIL', () => {
  const peer = new SessionPeer();
  const { session } = peer;
  session.line('EHLO x');
  session.line('MAIL FROM:<>');
  peer.terms = { ...TERMS, maxRecipients: 1, hostname: 'other.example.com' };
  for (const path of ['<postmaster>', '<B@Example.NET>', '<@relay.example:"a b"@[192.0.2.1]>'])
    session.line(`RCPT TO:${path}`);
  const { reversePath, mailboxes, eightBit, line } = session.transaction!;
  assert.deepEqual(
    { reversePath, mailboxes, eightBit, line },
    {
      reversePath: null,
      mailboxes: ['postmaster@mx.example.com', 'B@Example.NET', '"a b"@[192.0.2.1]'],
      eightBit: false,
      line: 'MAIL FROM:<>',
    },
  );
});

test('the error before the last one is answered, the last ends the session', () => {
  const peer = new SessionPeer();
  for (let count = 1; count < ERRORS_MAX; count++) peer.session.line('WHAT');
  assert.equal(peer.session.state, 'awaiting ehlo/helo');
  peer.take();
  peer.session.line('WHAT');
  assert.deepEqual(peer.take(), [
    '500 5.5.1 command not recognized',
    '421 4.7.0 too many errors; closing connection',
    '[close]',
  ]);
});

test('an accepted message forgives errors; bad recipients of a client that may relay are none', () => {
  const peer = new SessionPeer({ maxRecipients: RECIPIENTS_MAX });
  const { session } = peer;
  session.line('EHLO x');
  for (let round = 0; round < 3; round++) {
    for (let count = 1; count < ERRORS_MAX; count++) session.line('WHAT');
    session.line('MAIL FROM:<a@example.org>');
    for (let count = 0; count < 2 * ERRORS_MAX; count++) session.line('RCPT TO:<bad address@example.net>');
    session.line('RCPT TO:<b@example.net>');
    session.line('DATA');
    session.contentRead();
    session.contentStored('id');
  }
  assert.equal(session.state, 'awaiting mailfrom');
});

test('refused recipients of a client that may not relay are errors', () => {
  const peer = new SessionPeer({ mayRelay: false });
  peer.session.line('EHLO x');
  peer.session.line('MAIL FROM:<a@example.org>');
  for (let count = 0; count < ERRORS_MAX; count++) peer.session.line('RCPT TO:<b@example.net>');
  assert.equal(peer.session.state, 'closed');
});

test('commands without a message come to an end', () => {
  const peer = new SessionPeer();
  for (let count = 0; count < COMMANDS_MAX; count++) peer.session.line('NOOP');
  peer.take();
  peer.session.line('NOOP');
  assert.deepEqual(peer.take(), ['421 4.7.0 too many commands without a message; closing connection', '[close]']);
});

test('the cap on recipients', () => {
  const peer = new SessionPeer({ maxRecipients: RECIPIENTS_MAX });
  peer.session.line('EHLO x');
  peer.session.line('MAIL FROM:<a@example.org>');
  for (let count = 0; count <= RECIPIENTS_MAX; count++) peer.session.line(`RCPT TO:<b${count}@example.net>`);
  assert.equal(peer.session.transaction?.mailboxes.length, RECIPIENTS_MAX);
  assert.match(peer.take().at(-1)!, /^452 4\.5\.3 /);
});

test('refusals say what was refused', () => {
  const peer = new SessionPeer({ mayRelay: false });
  peer.session.line('EHLO x');
  peer.session.line('MAIL FROM:<a b>');
  peer.session.line('MAIL FROM:<a@example.org>');
  peer.session.line('RCPT TO:<b@example.net>');
  peer.session.line('DATA');
  peer.session.expire();
  assert.deepEqual(peer.refusals, [
    {
      reply: '553 5.1.7 bad local part in sender address',
      phase: 'awaiting mailfrom',
      isMail: true,
      module: 'smtp',
      mailLine: 'MAIL FROM:<a b>',
      rcptTo: null,
    },
    {
      reply: '550 5.7.1 relaying denied',
      phase: 'awaiting rcptto',
      isMail: true,
      module: 'relay',
      mailLine: null,
      rcptTo: { line: 'RCPT TO:<b@example.net>', mailbox: 'b@example.net' },
    },
    {
      reply: '554 5.5.1 no valid recipients',
      phase: 'awaiting rcptto',
      isMail: false,
      module: 'smtp',
      mailLine: null,
      rcptTo: null,
    },
  ]);
});

test('any octets as a line are answered once, and never with what was not offered', () => {
  const commands = ['EHLO x', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'RSET', 'NOOP', 'VRFY x'];
  const line = fc.oneof(
    fc.constantFrom(...commands),
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 80 }),
    fc
      .tuple(fc.constantFrom('MAIL FROM:', 'RCPT TO:', 'EHLO ', 'BDAT '), fc.string({ maxLength: 40 }))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
      const peer = new SessionPeer();
      peer.take();
      for (const text of lines) {
        if (peer.session.state === 'closed') break;
        peer.session.line(text);
        const replies = peer.take().filter((reply) => /^\d{3} /.test(reply));
        assert.ok(replies.length === 1 || (replies.length === 2 && replies[1]!.startsWith('421 ')), replies.join('|'));
        assert.doesNotMatch(replies[0]!, /^[23]3\d /);
        if (peer.session.state === 'reading body') peer.session.refuseContent('550 5.6.0 no', 'test');
      }
    }),
  );
});
