import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Moment, monoMs, wallMs } from '../core/base/moment.ts';
import { loadConfiguration } from '../core/config/load.ts';
import type { Content } from '../core/mail/message.ts';
import type { MimeParts } from '../core/mail/mime-parts.ts';
import { IncomingReports } from './incoming-reports.ts';
import { MailRecords } from './mail-records.ts';
import type { StoredContent } from './ports.ts';

const CONTENT: Content = { headerSection: '', body: [] };
const PARTS: MimeParts = { fields: [], text: '', parts: [] };

/** Reports with a spool and a reader that answer when told to. */
class Bench {
  readonly main: string[] = [];
  readonly settled: [sequence: number, kind: string][] = [];
  readonly queued: number[] = [];
  readonly reports: IncomingReports;
  reads: ((content: Content | null) => void)[] = [];
  readings: ((parts: MimeParts | null) => void)[] = [];
  #sequence = 0;

  constructor(text: string) {
    const loaded = loadConfiguration('t.conf', () => ({ text }));
    assert.equal(loaded.kind, 'loaded');
    const { configuration } = loaded as Extract<typeof loaded, { kind: 'loaded' }>;
    const now: Moment = { mono: monoMs(1000), wall: wallMs(1_800_000_000_000) };
    const main = (line: string): number => this.main.push(line);
    this.reports = new IncomingReports({
      turns: { begin: () => now, end() {}, clock: () => now, now },
      spool: {
        append() {},
        settle: ({ sequence }, _, { kind }) => this.settled.push([sequence, kind]),
        requeue() {},
        whenSettled() {},
        read: (_, done) => this.reads.push(done),
        release() {},
      },
      mime: { read: (_, done) => this.readings.push(done) },
      records: new MailRecords({ main, reject() {}, other() {}, panic() {} }),
      configuration: () => configuration,
      asciiDomain: (domain) => (domain === 'b\u00fc.example' ? 'xn--b-xga.example' : null),
      queue: ({ sequence }) => this.queued.push(sequence),
    });
  }

  /** @returns which of its recipients are not kept back */
  receive(...mailboxes: string[]): readonly number[] {
    const recipients = mailboxes.map((mailbox) => ({
      messageId: 'm',
      mailbox,
      routingDomain: mailbox.split('@')[1]!,
      binding: 'default',
    }));
    const rest = { receivedAt: wallMs(0), reversePath: null, eightBit: false, size: 9, protocol: 'esmtp' };
    const stored: StoredContent = { envelope: { batchId: 'b', recipients, ...rest }, sequence: ++this.#sequence };
    const others = this.reports.hold(stored, [...recipients.keys()]);
    this.reports.start();
    return others;
  }

  /** All that was asked until now is answered. */
  answer(content: Content | null = CONTENT, parts: MimeParts | null = PARTS): void {
    for (const done of this.reads.splice(0)) done(content);
    for (const done of this.readings.splice(0)) done(parts);
  }
}

const BLACKHOLE = 'Bounce_Domains = ( b.example ) Bounce_Behavior = "blackhole"';

test('only those recipients are kept back who get reports', () => {
  const bench = new Bench(BLACKHOLE);
  assert.deepEqual(bench.receive('x@a.example', 'x@b.example', 'y@a.example'), [0, 2]);
  assert.deepEqual(new Bench('').receive('x@b.example'), [0]);
  assert.deepEqual(bench.reads.length, 1);
});

test('a domain beyond ASCII is known by its name in DNS', () => {
  const bench = new Bench('Bounce_Domains = ( xn--b-xga.example )');
  assert.deepEqual(bench.receive('x@b\xc3\xbc.example', 'x@b\xc3\xa4.example'), [1]);
});

test('four are read at a time, and all in the end', () => {
  const bench = new Bench(BLACKHOLE);
  for (let count = 0; count < 10; count++) bench.receive(`x${count}@b.example`);
  for (const expected of [4, 4, 2, 0]) {
    assert.deepEqual([bench.reads.length, bench.reports.running], [expected, expected]);
    bench.answer();
  }
  assert.equal(bench.settled.length, 10);
  for (const line of bench.main) assert.match(line, /@P@b\.example@.*@554 5\.7\.0 \[internal\] Blackholed$/);
});

for (const [id, content, parts] of [
  ['is damaged', null, PARTS],
  ['cannot be taken apart', CONTENT, null],
] as const) {
  test(`mail that ${id} goes to its queue, whatever is done with bounces`, () => {
    const bench = new Bench(BLACKHOLE);
    bench.receive('x@b.example');
    bench.answer(content, parts);
    assert.deepEqual([bench.queued, bench.settled, bench.main], [[1], [[1, 'deferred']], []]);
  });
}

test('an orderly stop ends what is looked at, and leaves the rest to the next process', () => {
  const bench = new Bench(BLACKHOLE);
  for (let count = 0; count < 10; count++) bench.receive(`x${count}@b.example`);
  bench.reports.stop();
  bench.answer();
  assert.deepEqual([bench.reports.running, bench.reads.length, bench.settled.length], [0, 0, 4]);
  bench.receive('late@b.example');
  assert.deepEqual([bench.reports.running, bench.reads.length], [0, 0]);
});
