import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InboundSite, message } from '../../test/support/inbound-site.ts';

test('a message is acknowledged when the spool has it, with a record per recipient, and queued', () => {
  const site = new InboundSite();
  const { connection, events } = site.connectToData(['b@example.net', 'c@example.com']);
  assert.deepEqual(connection.rules, { maxSize: 128 * 1024 * 1024, loneLineEnds: 'refuse' });
  events.data(message('X-Binding: p1\r\n'));
  assert.deepEqual([connection.take(), connection.isHeld, site.main, site.accepted], [[], true, [], []]);

  site.answer();
  const stored = site.accepted[0]!;
  const { batchId, recipients } = stored.envelope;
  assert.deepEqual(connection.take(), [`250 2.0.0 OK ${batchId}`]);
  assert.ok(!connection.isHeld);
  const [first, second] = recipients;
  const tail = '@a@example.org@192.0.2.1@21@esmtp@pool@p1';
  const connectionId = '00/00-00007-'; // the first id of the process
  assert.match(
    site.main[0]!,
    new RegExp(`^1767225600@${first!.messageId}@${batchId}@${connectionId}\\w{8}@R@b@example\\.net${tail}$`),
  );
  assert.match(
    site.main[1]!,
    new RegExp(`^1767225600@${second!.messageId}@${batchId}@${connectionId}\\w{8}@R@c@example\\.com${tail}$`),
  );
  assert.equal(site.main.length, 2);
  assert.deepEqual([site.inbound.received, site.inbound.rejected], [2, 0]);
  site.inbound.resetCounts();
  assert.equal(site.inbound.received, 0);

  events.line('MAIL FROM:<a@example.org>');
  assert.deepEqual(connection.take(), ['250 2.1.0 OK']);
});

test('what the spool refuses is not accepted, and the client may go on', () => {
  const site = new InboundSite();
  const { connection, events } = site.connectToData();
  events.data(message());
  site.answer('refused');
  assert.deepEqual(connection.take(), ['452 4.3.1 message could not be stored; try again later']);
  assert.deepEqual([site.main, site.accepted, site.inbound.received], [[], [], 0]);
  assert.match(site.rejects[0]!, / P="reading body" E=452 M=spool .* 4\.3\.1 message could not be stored/);
  events.line('MAIL FROM:<a@example.org>');
  assert.deepEqual(connection.take(), ['250 2.1.0 OK']);
});

test('a client that vanished before its 250 has its message accepted', () => {
  const site = new InboundSite();
  const { connection, events } = site.connectToData();
  events.data(message());
  events.closed();
  assert.deepEqual([site.inbound.sessions, site.descriptors, site.inbound.isDrained], [0, 0, false]);
  site.answer();
  assert.deepEqual(
    [site.accepted.length, site.main.length, connection.take(), site.inbound.isDrained],
    [1, 1, [], true],
  );
});

test('a client that vanished before a refusal of the spool', () => {
  const site = new InboundSite();
  const { events } = site.connectToData();
  events.data(message());
  events.closed();
  site.answer('refused');
  assert.deepEqual([site.accepted, site.inbound.isDrained], [[], true]);
});

test('a stop: idle sessions at once, the others behind their message, new ones not at all', () => {
  const site = new InboundSite();
  const idle = site.connect();
  idle.events.line('EHLO x');
  const busy = site.connectToData();
  idle.connection.take();
  site.within(() => site.inbound.stop());
  assert.deepEqual(idle.connection.take(), ['421 4.3.2 service is shutting down; try again later']);
  assert.deepEqual([idle.connection.isClosed, busy.connection.isClosed], [true, false]);
  const late = site.connect();
  assert.deepEqual(late.connection.take(), ['421 4.3.2 service is shutting down; try again later']);
  assert.ok(late.connection.isClosed);
  busy.events.data(message());
  site.answer();
  assert.match(
    busy.connection.take().join('|'),
    /^250 2\.0\.0 OK \S+\|421 4\.3\.2 service is shutting down; try again later$/,
  );
  assert.ok(!site.inbound.isDrained);
  for (const { events } of [idle, busy, late]) events.closed();
  assert.ok(site.inbound.isDrained);
});

test('a cut ends every session; what is on its way to the spool stays accepted', () => {
  const site = new InboundSite();
  const reading = site.connectToData();
  const storing = site.connectToData();
  storing.events.data(message());
  site.within(() => site.inbound.cut());
  for (const { connection } of [reading, storing]) {
    assert.deepEqual(connection.take(), ['421 4.3.2 service is shutting down; try again later']);
    assert.ok(connection.isClosed);
  }
  reading.events.data(message());
  assert.equal(site.appends.length, 1);
  site.answer();
  assert.equal(site.accepted.length, 1);
});

test('rows tell what each session does, and since when', () => {
  const site = new InboundSite();
  site.connect('2001:db8::1');
  const { events } = site.connectToData();
  site.hand.advance(site.timers, 3_000);
  events.data(message());
  site.hand.advance(site.timers, 1_500);
  assert.deepEqual(
    [...site.inbound.rows()],
    [
      { id: 1, family: 6, address: '2001:db8::1', port: 4711, state: 'awaiting ehlo/helo', stateMs: 4_500 },
      { id: 2, family: 4, address: '192.0.2.1', port: 4711, state: 'storing', stateMs: 1_500 },
    ],
  );
});

test('whatever clients and spool do, in any order: one answer for each message, what was acknowledged is queued once', () => {
  const step = fc.record({
    session: fc.nat(2),
    act: fc.constantFrom('line', 'line', 'line', 'line', 'durable', 'refused', 'close'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const site = new InboundSite();
      const sessions = [0, 1, 2].map(() => site.connect());
      const scripts = sessions.map(() => script());
      const gone = new Set<number>();
      let acknowledged = 0;
      for (const { session: index, act } of steps) {
        const { connection, events } = sessions[index]!;
        if (act === 'durable' || act === 'refused') {
          if (site.appends.length > 0) site.answer(act);
        } else if (gone.has(index)) continue;
        else if (act === 'close') {
          events.closed();
          gone.add(index);
        } else if (!connection.isHeld) events.line(scripts[index]!.next().value!);
        else if (connection.rules !== null) {
          connection.rules = null;
          events.data(message());
        }
        acknowledged += connection.take().filter((reply) => reply.startsWith('250 2.0.0 OK ')).length;
      }
      for (const { connection } of sessions)
        acknowledged += connection.take().filter((reply) => reply.startsWith('250 2.0.0 OK ')).length;
      assert.ok(acknowledged <= site.accepted.length, `${acknowledged} of ${site.accepted.length}`);
      assert.equal(new Set(site.accepted.map(({ envelope }) => envelope.batchId)).size, site.accepted.length);
      assert.deepEqual([site.main.length, site.inbound.received], [site.accepted.length, site.accepted.length]);
      assert.equal(site.descriptors, sessions.length - gone.size);
    }),
  );
});

function* script(): Generator<string, string> {
  yield 'EHLO client.example';
  for (;;) {
    yield 'MAIL FROM:<a@example.org>';
    yield 'RCPT TO:<b@example.net>';
    yield 'DATA';
  }
}
