import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS } from '../../test/support/scheduler-bench.ts';
import { type Moment, monoMs, wallMs } from '../core/base/moment.ts';
import { seededRandom } from '../core/base/random.ts';
import { Timers } from '../core/base/timers.ts';
import { IdMaker } from '../core/mail/ids.ts';
import type { ReversePath } from '../core/mail/mailbox.ts';
import type { Content, Envelope, Settlement } from '../core/mail/message.ts';
import {
  type MessageRequest,
  parseNotify,
  type RecipientRequest,
  recipientRequest,
} from '../core/mail/notification-request.ts';
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
  readonly contents: Content[] = [];
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
        append(envelope, content, done) {
          bench.contents.push(content);
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

/** What a sender asked for, and a message to three recipients whose mail has come to an end. */
const asked = (notify: string | null, originalRecipient: string | null = null) =>
  recipientRequest(notify === null ? null : parseNotify(notify), originalRecipient);

function askedMail(
  requests: readonly (RecipientRequest | null)[],
  request: MessageRequest | null = null,
  reversePath: ReversePath = 'a@sender.example',
): StoredContent {
  const recipients = requests.map((one, index) => ({
    messageId: `m${index}`,
    mailbox: `r${index}@example.com`,
    routingDomain: 'example.com',
    binding: 'default',
    ...(one === null ? {} : { request: one }),
  }));
  const rest = { batchId: 'b', receivedAt: wallMs(0), eightBit: false, size: 9, protocol: 'esmtp' };
  return { envelope: { ...rest, reversePath, recipients, ...(request === null ? {} : { request }) }, sequence: 7 };
}

const failureOf = (index: number) => ({ index, reply: '550 5.1.1 no such user', remote: null, attemptedAt: null });
const textOf = ({ body }: Content): string => Buffer.concat(body).toString('latin1');
const told = (text: string): string[] => [...text.matchAll(/Final-Recipient: rfc822; (\S+)\r/g)].map(([, who]) => who!);

for (const [id, generateBounces, notifies, expected] of [
  [
    'NOTIFY says who hears of a failure, the configuration where there is none',
    true,
    ['NEVER', 'FAILURE', null],
    [1, 2],
  ],
  ['also where the configuration has no notices', false, ['NEVER', 'FAILURE', null], [1]],
  ['other wishes are no wish for that', true, ['SUCCESS', 'DELAY', 'SUCCESS,DELAY'], []],
  ['all of them', false, ['SUCCESS,FAILURE', 'FAILURE,DELAY', 'SUCCESS,FAILURE,DELAY'], [0, 1, 2]],
] as const) {
  test(`failures: ${id}`, () => {
    const bench = new Bench();
    const stored = askedMail(notifies.map((notify) => asked(notify)));
    bench.notices.tell(stored, [0, 1, 2].map(failureOf), { ...SETTINGS, generateBounces });
    assert.equal(bench.settled.length, 3 - expected.length, 'who is not told is settled at once');
    bench.answer();
    bench.answer();
    assert.equal(bench.settled.length, 3);
    assert.deepEqual(
      bench.contents.map(textOf).flatMap(told),
      expected.map((index) => `r${index}@example.com`),
    );
  });
}

test('NOTIFY does not make notices to the null sender, nor keep those that the operator wants of such mail', () => {
  const bench = new Bench();
  const stored = askedMail([asked('FAILURE')], null, null);
  bench.notices.tell(stored, [failureOf(0)], SETTINGS);
  assert.deepEqual([bench.settled.length, bench.contents.length, bench.reads.length], [1, 0, 0]);
  bench.notices.tell(askedMail([asked('NEVER')], null, null), [failureOf(0)], {
    ...SETTINGS,
    mdnFailuresNotify: 'ops',
  });
  bench.answer();
  bench.answer();
  assert.equal(bench.queued[0]!.envelope.recipients[0]!.mailbox, 'ops@mta.example');
});

test('a quiet order of the operator is quiet whatever was asked', () => {
  const bench = new Bench();
  bench.notices.tell(askedMail([asked('FAILURE')]), [failureOf(0)], null);
  assert.deepEqual([bench.settled.length, bench.notices.pending], [1, 0]);
});

for (const [returns, configured, expected] of [
  [null, 'none', null],
  [null, 'headers', 'text/rfc822-headers'],
  [null, 'all', 'message/rfc822'],
  ['full', 'none', 'message/rfc822'],
  ['full', 'headers', 'message/rfc822'],
  ['headers', 'none', 'text/rfc822-headers'],
  ['headers', 'all', 'text/rfc822-headers'],
] as const) {
  test(`RET ${returns ?? 'left out'}, bounces_inline_original ${configured}: ${expected ?? 'nothing'} is quoted`, () => {
    const bench = new Bench();
    const request = returns === null ? null : { returns, envelopeId: null };
    bench.notices.tell(askedMail([null], request), [failureOf(0)], { ...SETTINGS, bouncesInlineOriginal: configured });
    bench.answer();
    bench.answer();
    const types = [...textOf(bench.contents[0]!).matchAll(/Content-Type: (\S+\/rfc822\S*)\r/g)].map(([, type]) => type);
    assert.deepEqual(types, expected === null ? [] : [expected]);
  });
}

for (const action of ['relayed', 'delivered'] as const) {
  test(`success (${action}): told with the headers at most, and settled as delivered when that is durable`, () => {
    const bench = new Bench();
    const stored = askedMail([asked('SUCCESS', 'rfc822;old+2B1@example.net')], {
      returns: 'full',
      envelopeId: 'e+20f',
    });
    const taken = { index: 0, reply: '250 2.6.0 taken', remote: null, attemptedAt: wallMs(5) };
    bench.notices.tellOfSuccess(stored, [taken], { ...SETTINGS, generateBounces: false }, action);
    for (const read of bench.reads.splice(0)) read();
    assert.deepEqual([bench.appends.length, bench.settled], [1, []]);
    bench.answer();
    assert.deepEqual(bench.settled, [[7, 'delivered']]);
    const text = textOf(bench.contents[0]!);
    assert.match(text, /\r\n\r\nOriginal-Envelope-Id: e f\r\nReporting-MTA: /);
    assert.match(
      text,
      new RegExp(
        `\r\nOriginal-Recipient: rfc822; old\\+1@example\\.net\r\nFinal-Recipient: rfc822; r0@example\\.com\r\nAction: ${action}\r\nStatus: 2\\.6\\.0\r\n`,
      ),
    );
    assert.match(text, /Content-Type: text\/rfc822-headers/);
    assert.deepEqual([bench.queued[0]!.envelope.reversePath, bench.queued[0]!.envelope.request], [null, undefined]);
  });
}
