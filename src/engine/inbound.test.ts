import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addMono, addWall, type Moment, type MonoMs, monoMs, wallMs } from '../core/base/moment.ts';
import { Timers } from '../core/base/timers.ts';
import type { Configuration } from '../core/config/configuration.ts';
import { loadConfiguration } from '../core/config/load.ts';
import { formatProblem } from '../core/config/problem.ts';
import { IdMaker } from '../core/mail/ids.ts';
import type { Content, Envelope } from '../core/mail/message.ts';
import { Inbound } from './inbound.ts';
import type { AppendResult, DataOutcome, DataRules, InboundConnection, InboundEvents, StoredContent } from './ports.ts';
import type { Turns } from './turn.ts';

const CONFIGURATION = `
  Hostname = "mx.example.com"
  Relay_Hosts = ( 192.0.2.1 )
  Binding_Group "pool" { Binding "p1" { } }
  ESMTP_Listener {
    Binding_Header = "X-Binding"
    Idle_Time = 10
    Listen "127.0.0.1:25" { }
  }
`;

function load(text: string, version: number): Configuration {
  const result = loadConfiguration('test.conf', () => ({ text }), { version });
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

/** Time that stands still until it is moved; a turn within a turn is a bug. */
class Hand implements Turns {
  now: Moment = { wall: wallMs(Date.UTC(2026, 0, 1)), mono: monoMs(5000) };
  isOpen = false;

  clock(): Moment {
    return this.now;
  }
  begin(): Moment {
    assert.ok(!this.isOpen, 'one turn at a time');
    this.isOpen = true;
    return this.now;
  }
  end(at: Moment): void {
    assert.ok(this.isOpen && at === this.now, 'the turn that was begun ends');
    this.isOpen = false;
  }
  advance(timers: Timers, ms: number): void {
    this.now = { wall: addWall(this.now.wall, ms), mono: addMono(this.now.mono, ms) };
    this.begin();
    timers.advance(this.now.mono);
    this.end(this.now);
  }
}

class FakeConnection implements InboundConnection {
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort = 4711;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 25;
  lastActivityAt: MonoMs;
  isClosed = false;
  isHeld = false;
  rules: DataRules | null = null;
  #replies = '';

  constructor(id: number, remoteAddress: string, at: MonoMs) {
    this.id = id;
    this.remoteAddress = remoteAddress;
    this.lastActivityAt = at;
  }
  reply(text: string): void {
    assert.ok(!this.isClosed, 'nothing is said behind close');
    this.#replies += text;
  }
  readData(rules: DataRules): void {
    this.rules = rules;
    this.isHeld = true;
  }
  proceed(): void {
    assert.ok(this.isHeld, 'proceed follows data');
    this.isHeld = false;
  }
  close(): void {
    assert.ok(!this.isClosed, 'closed once');
    this.isClosed = true;
  }
  /** The lines since the last call. */
  take(): string[] {
    const lines = this.#replies.split('\r\n').slice(0, -1);
    this.#replies = '';
    return lines;
  }
}

interface Append {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly done: (result: AppendResult) => void;
}

/** An Inbound with everything around it in sight. */
class Site {
  readonly hand = new Hand();
  readonly timers = new Timers();
  readonly appends: Append[] = [];
  readonly main: string[] = [];
  readonly rejects: string[] = [];
  readonly accepted: StoredContent[] = [];
  configuration = load(CONFIGURATION, 1);
  descriptors = 0;
  readonly inbound: Inbound;
  #lastId = 0;

  constructor() {
    this.inbound = new Inbound({
      turns: this.hand,
      timers: this.timers,
      spool: {
        append: (envelope, content, done) => void this.appends.push({ envelope, content, done }),
        settle: () => assert.fail('nothing is settled by reception'),
        read: () => assert.fail('nothing is read by reception'),
        release: () => assert.fail('nothing is released by reception'),
      },
      records: {
        main: (line) => void this.main.push(line),
        reject: (line) => void this.rejects.push(line),
        panic: (_, text) => assert.fail(text),
      },
      ids: new IdMaker(7),
      configuration: () => this.configuration,
      systemHostname: 'system.example',
      version: '0.1.0',
      utcOffsetMinutes: () => 0,
      routingDomainOf: (_, domain) => domain,
      accepted: (stored) => {
        assert.ok(this.hand.isOpen, 'mail is queued within a turn');
        this.accepted.push(stored);
      },
      opened: () => void this.descriptors++,
      closed: () => void this.descriptors--,
    });
  }

  connect(address = '192.0.2.1'): { connection: FakeConnection; events: InboundEvents } {
    const connection = new FakeConnection(++this.#lastId, address, this.hand.now.mono);
    const events = this.inbound.accept(this.configuration.esmtpListeners()[0]!, connection);
    return { connection, events };
  }

  /** A session that has given its envelope and is asked for the content. */
  connectToData(recipients: readonly string[] = ['b@example.net']): ReturnType<Site['connect']> {
    const session = this.connect();
    session.events.line('EHLO client.example');
    session.events.line('MAIL FROM:<a@example.org>');
    for (const recipient of recipients) session.events.line(`RCPT TO:<${recipient}>`);
    session.events.line('DATA');
    session.connection.take();
    return session;
  }

  within(act: () => void): void {
    const at = this.hand.begin();
    act();
    this.hand.end(at);
  }

  /** The spool's answer to the oldest transaction it was given. */
  answer(kind: AppendResult['kind'] = 'durable'): void {
    const { envelope, done } = this.appends.shift()!;
    if (kind === 'durable') done({ kind, stored: { envelope, sequence: 1 } });
    else done({ kind, reason: 'no space left on device' });
  }
}

const message = (headerSection = 'Subject: x\r\n'): DataOutcome => ({
  kind: 'content',
  content: { headerSection, body: [Buffer.from('Hi\r\n.\r\n')] },
  size: headerSection.length + 6,
});

test('a message is acknowledged when the spool has it, with a record per recipient, and queued', () => {
  const site = new Site();
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
  const site = new Site();
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
  const site = new Site();
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
  const site = new Site();
  const { events } = site.connectToData();
  events.data(message());
  events.closed();
  site.answer('refused');
  assert.deepEqual([site.accepted, site.inbound.isDrained], [[], true]);
});

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
    const site = new Site();
    const { connection, events } = site.connectToData();
    events.data(outcome);
    assert.deepEqual([connection.take(), connection.isHeld, site.appends], [[reply], false, []]);
    assert.deepEqual([site.rejects.length, site.inbound.rejected], [1, 1]);
    events.line('MAIL FROM:<a@example.org>');
    assert.deepEqual(connection.take(), ['250 2.1.0 OK']);
  });
}

test('a refused recipient stands in rejectlog with its conversation', () => {
  const site = new Site();
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
  const site = new Site();
  const { events } = site.connect();
  events.line('WHAT');
  events.lineTooLong();
  assert.deepEqual([site.rejects.length, site.inbound.rejected], [2, 0]);
});

test('settings are read anew with each transaction, and hold to its end', () => {
  const site = new Site();
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
  const site = new Site();
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
  const site = new Site();
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

test('a stop: idle sessions at once, the others behind their message, new ones not at all', () => {
  const site = new Site();
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
  const site = new Site();
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
  const site = new Site();
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

test('what a client is told does not depend on what others say in between, nor on when the spool answers', () => {
  const lines = fc.array(
    fc.constantFrom('EHLO x', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.net>', 'DATA', 'RSET', 'X'),
    {
      maxLength: 18, // fewer errors than end a session
    },
  );
  /** Lets session 0 say its lines, with `others` between them by another one. */
  const told = (mine: readonly string[], others: readonly string[], isPrompt: boolean): string[] => {
    const site = new Site();
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

test('whatever clients and spool do, in any order: one answer for each message, what was acknowledged is queued once', () => {
  const step = fc.record({
    session: fc.nat(2),
    act: fc.constantFrom('line', 'line', 'line', 'line', 'durable', 'refused', 'close'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const site = new Site();
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
