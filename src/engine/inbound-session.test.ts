import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InboundSite, load, message } from '../../test/support/inbound-site.ts';
import type { DataOutcome } from './ports.ts';

const REFUSALS: readonly [outcome: DataOutcome, reply: string][] = [
  [{ kind: 'refused', rule: 'tooLarge' }, '552 5.3.4 message exceeds 134217728 octets'],
  [{ kind: 'refused', rule: 'headerTooLarge' }, '552 5.3.4 header section too large'],
  [{ kind: 'refused', rule: 'loneLineEnd' }, '550 5.6.11 bare CR or LF in message'],
  [{ kind: 'refused', rule: 'nul' }, '550 5.6.0 NUL octet in message'],
  [message('X-Binding: nobody\r\n'), '550 5.7.1 no such binding "nobody"'],
  [message('Received: x\r\n'.repeat(101)), '554 5.4.6 too many hops; the message has passed more than 100 hosts'],
];

for (const [outcome, reply] of REFUSALS) {
  test(`a message that is refused: ${reply}`, () => {
    const site = new InboundSite();
    const { connection, events } = site.connectToData();
    events.data(outcome);
    assert.deepEqual([connection.take(), connection.isHeld, site.appends], [[reply], false, []]);
    assert.deepEqual([site.rejects.length, site.inbound.rejected], [1, 1]);
    events.line('MAIL FROM:<a@example.org>');
    assert.deepEqual(connection.take(), ['250 2.1.0 OK']);
  });
}

test('a refused recipient stands in rejectlog with its conversation', () => {
  const site = new InboundSite();
  const { connection, events } = site.connect('203.0.113.9');
  for (const line of ['EHLO spammer', 'MAIL FROM:<>', 'RCPT TO:<b@example.net>']) events.line(line);
  assert.equal(connection.take().at(-1), '550 5.7.1 relaying denied');
  assert.match(
    site.rejects[0]!,
    /^1767225600: R="203\.0\.113\.9:4711" L="127\.0\.0\.1:25" C="00\/00-00007-\w{8}" PATH="default" PATH_GRP="default" P="awaiting rcptto" E=550 M=relay CTXCONN=\[pathway=default,ehlo_string="EHLO spammer",ehlo_domain=spammer\] CTXMESS=\[mailfrom_domain=,mailfrom_string="MAIL FROM:<>",mailfrom_localpart=,rcptto_domain=example\.net,rcptto_string="RCPT TO:<b@example\.net>",rcptto_localpart=b\] 5\.7\.1 relaying denied$/,
  );
  assert.equal(site.inbound.rejected, 1);
});

test('a command that is no use is logged, but no mail was rejected', () => {
  const site = new InboundSite();
  const { events } = site.connect();
  events.line('WHAT');
  events.lineTooLong();
  assert.deepEqual([site.rejects.length, site.inbound.rejected], [2, 0]);
});

test('settings are read anew with each transaction, and hold to its end', () => {
  const site = new InboundSite();
  const { connection, events } = site.connect();
  events.line('EHLO client.example');
  events.line('MAIL FROM:<a@example.org>');
  site.configuration = load('Hostname = "mx.example.com" ESMTP_Listener { Listen "127.0.0.1:25" { } }', 2);
  events.line('RCPT TO:<b@example.net>');
  events.line('RSET');
  events.line('MAIL FROM:<a@example.org>');
  events.line('RCPT TO:<b@example.net>');
  assert.deepEqual(connection.take().slice(-5), [
    '250 2.1.0 OK',
    '250 2.1.5 OK',
    '250 2.0.0 OK',
    '250 2.1.0 OK',
    '550 5.7.1 relaying denied',
  ]);
});

test('a silent client is let go after Idle_Time, counted from its last octet', () => {
  const site = new InboundSite();
  const { connection, events } = site.connect();
  assert.deepEqual(connection.take(), ['220 mx.example.com ESMTP Headgate']);
  site.hand.advance(site.timers, 9_000);
  connection.lastActivityAt = site.hand.now.mono;
  events.line('NOOP');
  site.hand.advance(site.timers, 9_999);
  assert.deepEqual(connection.take(), ['250 2.0.0 OK']);
  site.hand.advance(site.timers, 1);
  assert.deepEqual(connection.take(), ['421 4.4.2 idle for too long; closing connection']);
  assert.ok(connection.isClosed);
  assert.equal(site.timers.nextAt, null);
  assert.deepEqual([site.inbound.sessions, site.descriptors], [1, 1]);
  events.closed();
  assert.deepEqual([site.inbound.sessions, site.descriptors, site.rejects], [0, 0, []]);
});

test('time that the spool needs is not the silence of the client', () => {
  const site = new InboundSite();
  const { connection, events } = site.connectToData();
  events.data(message());
  site.hand.advance(site.timers, 60_000);
  assert.deepEqual([connection.take(), connection.isClosed], [[], false]);
  site.answer();
  site.hand.advance(site.timers, 9_999);
  assert.match(connection.take().join(), /^250 2\.0\.0 OK \S+$/);
  site.hand.advance(site.timers, 1);
  assert.ok(connection.isClosed);
});

test('what a client is told does not depend on what others say in between, nor on when the spool answers', () => {
  const lines = fc.array(
    fc.constantFrom('EHLO x', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA', 'RSET', 'X'),
    {
      maxLength: 18, // fewer errors than end a session
    },
  );
  /** Lets session 0 say its lines, with `others` between them by another one. */
  const told = (mine: readonly string[], others: readonly string[], isPrompt: boolean): string[] => {
    const site = new InboundSite();
    const sessions = [site.connect(), site.connect()] as const;
    const say = ({ connection, events }: (typeof sessions)[number], line: string): void => {
      if (connection.isHeld) return;
      events.line(line);
      if (!connection.isHeld) return;
      events.data(message());
      if (isPrompt) while (site.appends.length > 0) site.answer();
    };
    for (let index = 0; index < mine.length; index++) {
      const other = others[index];
      if (other !== undefined) say(sessions[1], other);
      while (site.appends.length > 0) site.answer();
      say(sessions[0], mine[index]!);
    }
    while (site.appends.length > 0) site.answer();
    return sessions[0].connection.take().map((reply) => reply.replace(/^(250 2\.0\.0 OK) \S+$/, '$1 id'));
  };
  fc.assert(
    fc.property(lines, lines, (mine, others) => assert.deepEqual(told(mine, others, false), told(mine, [], true))),
  );
});
