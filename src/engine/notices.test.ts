import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS } from '../../test/support/scheduler-bench.ts';
import { type Moment, monoMs, wallMs } from '../core/base/moment.ts';
import { seededRandom } from '../core/base/random.ts';
import { Timers } from '../core/base/timers.ts';
import { IdMaker } from '../core/mail/ids.ts';
import type { ReversePath } from '../core/mail/mailbox.ts';
import type { Content, Envelope, Settlement } from '../core/mail/message.ts';
import { MailRecords } from './mail-records.ts';
import { Notices } from './notices.ts';
import type { AppendResult, StoredContent } from './ports.ts';

const CONTENT: Content = { headerSection: 'Subject: news\r\n', body: [Buffer.from('Hello.\r\n.\r\n')] };

/** Notices with a spool that answers when told to. */
class Bench {
  readonly settled: [sequence: number, settlement: Settlement['kind']][] = [];
  readonly queued: StoredContent[] = [];
  readonly troubles: string[] = [];
  readonly timers = new Timers();
  readonly notices: Notices;
  startsPerTurn = 100;
  reads: (() => void)[] = [];
  appends: ((result: AppendResult) => void)[] = [];
  readonly #envelopes: Envelope[] = [];
  #now: Moment = { mono: monoMs(1000), wall: wallMs(1_800_000_000_000) };
  #sequence = 0;

  constructor() {
    const bench = this;
    const log = { main() {}, reject() {}, other() {}, panic() {} };
    this.notices = new Notices({
      turns: {
        begin: () => bench.turn(0),
        end() {},
        clock: () => bench.#now,
        get now() {
          return bench.#now;
        },
      },
      timers: this.timers,
      spool: {
        append(envelope, _, done) {
          bench.#envelopes.push(envelope);
          bench.appends.push(done);
        },
        settle: ({ sequence }, _, { kind }) => bench.settled.push([sequence, kind]),
        requeue() {},
        whenSettled: (done) => done(true),
        read: (_, done) => bench.reads.push(() => done(CONTENT)),
        release() {},
      },
      records: new MailRecords(log),
      ids: new IdMaker(1),
      random: seededRandom(1),
      hostname: () => 'mta.example',
      utcOffsetMinutes: () => 0,
      groupOf: () => 'default',
      routingDomainOf: (_, domain) => domain,
      startsPerTurn: () => bench.startsPerTurn,
      accepted: (stored) => bench.queued.push(stored),
      troubled: (text) => bench.troubles.push(text),
    });
  }

  /** Another turn, so much later, with the timers that are due in it. */
  turn(ms: number): Moment {
    this.#now = { mono: monoMs(this.#now.mono + ms), wall: wallMs(this.#now.wall + ms) };
    this.timers.advance(this.#now.mono);
    return this.#now;
  }

  /** A message that failed. */
  fail(reversePath: ReversePath, mailbox: string, settings: Partial<typeof SETTINGS> = {}): number {
    const recipient = { messageId: 'm', mailbox, routingDomain: 'example.com', binding: 'default' };
    const receivedAt = wallMs(1_799_999_999_000);
    const envelope = { batchId: 'b', receivedAt, reversePath, recipients: [recipient], eightBit: false, size: 9 };
    const stored = { envelope: { ...envelope, protocol: 'esmtp' }, sequence: ++this.#sequence };
    const failure = { index: 0, reply: '550 5.1.1 no such user', remote: null, attemptedAt: null };
    this.notices.tell(stored, [failure], { ...SETTINGS, bouncesInlineOriginal: 'none', ...settings });
    return stored.sequence;
  }

  /** The spool answers all that it was asked until now, in a turn for each. */
  answer(result: 'durable' | 'refused' = 'durable'): void {
    for (const read of this.reads.splice(0)) read();
    for (const done of this.appends.splice(0)) {
      const envelope = this.#envelopes.shift()!;
      if (result === 'refused') done({ kind: 'refused', reason: 'no space' });
      else done({ kind: 'durable', stored: { envelope, sequence: ++this.#sequence } });
    }
  }
}

test('a failure is settled when its notice is durable, and not before', () => {
  const bench = new Bench();
  const sequence = bench.fail('a@sender.example', 'x@example.com');
  assert.deepEqual([bench.settled, bench.queued], [[], []]);
  bench.answer();
  assert.deepEqual(bench.settled, [[sequence, 'failed']]);
  assert.deepEqual(
    bench.queued.map(({ envelope }) => [envelope.reversePath, envelope.recipients[0]!.mailbox, envelope.protocol]),
    [[null, 'a@sender.example', 'internal']],
  );
});

for (const [id, reversePath, mailbox, notify, told] of [
  ['mail without a sender, and nobody named', null, 'x@example.com', null, null],
  ['mail without a sender, and somebody named', null, 'x@example.com', 'ops@our.example', 'ops@our.example'],
  ['somebody named without a domain', null, 'x@example.com', 'postmaster', 'postmaster@mta.example'],
  [
    'mail with a sender, and somebody named',
    'a@sender.example',
    'x@example.com',
    'ops@our.example',
    'a@sender.example',
  ],
  ['what did not reach him who is named', null, 'ops@our.example', 'ops@our.example', null],
  ['the same, spelt otherwise', null, 'OPS@Our.example', 'ops@our.example', null],
] as const) {
  test(`${id}: a notice for ${told ?? 'nobody'}`, () => {
    const bench = new Bench();
    const sequence = bench.fail(reversePath, mailbox, { mdnFailuresNotify: notify });
    if (told !== null) assert.deepEqual(bench.settled, []);
    bench.answer();
    assert.deepEqual(bench.settled, [[sequence, 'failed']]);
    assert.deepEqual(
      bench.queued.map(({ envelope }) => envelope.recipients[0]!.mailbox),
      told === null ? [] : [told],
    );
  });
}

test('generate_bounces off: nobody hears anything, the one who is named for mail without a sender neither', () => {
  const bench = new Bench();
  for (const reversePath of ['a@sender.example', null])
    bench.fail(reversePath, 'x@example.com', { generateBounces: false, mdnFailuresNotify: 'ops@our.example' });
  assert.deepEqual([bench.settled.length, bench.appends.length], [2, 0]);
});

test('a storm of failures: at most 64 notices are on their way, and all are made in the end', () => {
  const bench = new Bench();
  for (let count = 0; count < 5000; count++) bench.fail('a@sender.example', `x${count}@example.com`);
  let most = 0;
  for (let rounds = 0; bench.notices.pending > 0; rounds++) {
    assert.ok(rounds < 10_000, 'the notices go on');
    most = Math.max(most, bench.appends.length);
    bench.turn(1);
    bench.answer();
  }
  assert.equal(most, 64);
  assert.equal(bench.queued.length, 5000);
  assert.equal(new Set(bench.settled.map(([sequence]) => sequence)).size, 5000);
});

for (const [rate, begun] of [
  [1, 1],
  [10, 10],
  [63, 63],
  [64, 64],
  [65, 64],
] as const) {
  test(`soft_bounce_drain_rate ${rate}: ${begun} notices begin in one turn, more in the next`, () => {
    const bench = new Bench();
    bench.startsPerTurn = rate;
    for (let count = 0; count < 200; count++) bench.fail('a@sender.example', `x${count}@example.com`);
    assert.equal(bench.appends.length, begun);
    bench.turn(1);
    assert.equal(bench.appends.length, Math.min(64, 2 * begun));
    for (let turns = 0; bench.notices.pending > 0; turns++) {
      assert.ok(turns < 1000, 'the notices go on');
      bench.turn(1);
      bench.answer();
    }
    assert.equal(bench.settled.length, 200);
  });
}

test('a spool that takes nothing: no failure is settled, and every notice is made when it takes mail again', () => {
  const bench = new Bench();
  for (let count = 0; count < 100; count++) bench.fail('a@sender.example', `x${count}@example.com`);
  bench.answer('refused');
  assert.deepEqual(bench.settled, []);
  assert.match(bench.troubles[0]!, /no space; tried again/);
  for (let turns = 0; bench.notices.pending > 0; turns++) {
    assert.ok(turns < 1000, 'the notices go on');
    bench.turn(5000);
    bench.answer();
  }
  assert.equal(bench.settled.length, 100);
});

test('late mail that is delivered before its notice is made gives none, and nothing is settled by one', () => {
  const bench = new Bench();
  let isLate = true;
  const recipient = { messageId: 'm', mailbox: 'x@example.com', routingDomain: 'example.com', binding: 'default' };
  const envelope: Envelope = {
    batchId: 'b',
    receivedAt: wallMs(0),
    reversePath: 'a@sender.example',
    recipients: [recipient],
    eightBit: false,
    size: 9,
    protocol: 'esmtp',
  };
  const late = { index: 0, reply: null, remote: null, attemptedAt: null };
  const delay = { until: wallMs(1_900_000_000_000), isLate: () => isLate };
  const tell = () => bench.notices.tellOfDelay({ envelope, sequence: 1 }, [late], SETTINGS, delay);
  tell();
  isLate = false; // while the header of the message is read
  bench.answer();
  tell();
  assert.deepEqual([bench.appends.length, bench.reads.length, bench.notices.pending], [0, 0, 0]);
  isLate = true;
  tell();
  bench.answer();
  bench.answer();
  assert.deepEqual([bench.queued.length, bench.settled], [1, []]);
});
