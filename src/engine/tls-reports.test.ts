// Reports on TLS in virtual time: the end of a day, the hours that reports take, those that cannot be sent, restarts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Moment, monoMs, wallMs } from '../core/base/moment.ts';
import { seededRandom } from '../core/base/random.ts';
import { Timers } from '../core/base/timers.ts';
import { loadConfiguration } from '../core/config/load.ts';
import { IdMaker } from '../core/mail/ids.ts';
import type { Content, Envelope } from '../core/mail/message.ts';
import { noPolicy } from '../core/records/tls-verdict.ts';
import { MailRecords } from './mail-records.ts';
import type { DnsAnswer, Spool } from './ports.ts';
import { KEEP_MS, SPREAD_MS, TlsReports } from './tls-reports.ts';
import type { Turns } from './turn.ts';

const MIDNIGHT = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const WANTED: DnsAnswer = { kind: 'texts', texts: ['v=TLSRPTv1; rua=mailto:tls@rua.example'], ttlSeconds: 60 };
const UNANSWERED: DnsAnswer = { kind: 'unavailable', reason: 'SERVFAIL' };

interface Sent {
  readonly at: number;
  readonly envelope: Envelope;
  readonly content: Content;
}

/** One process after the other, over one disk. */
class Bench {
  at: Moment;
  configuration = 'tls_reporting = true';
  answer: (name: string) => DnsAnswer = () => WANTED;
  isSpoolFull = false;
  isDiskFull = false;
  readonly sent: Sent[] = [];
  readonly queued: unknown[] = [];
  readonly told: string[] = [];
  readonly asked: string[] = [];
  disk: string[] = [];
  writes = 0;
  reports!: TlsReports;
  #timers = new Timers();
  /** What ports answer in a later turn. */
  #later: (() => void)[] = [];

  constructor(wall = MIDNIGHT + 10 * HOUR) {
    this.at = { wall: wallMs(wall), mono: monoMs(0) };
    this.boot();
  }

  boot(): void {
    this.#timers = new Timers();
    this.#later = [];
    const bench = this;
    const turns: Turns = {
      begin: () => bench.at,
      end() {},
      clock: () => bench.at,
      get now() {
        return bench.at;
      },
    };
    this.reports = new TlsReports({
      turns,
      timers: this.#timers,
      spool: {
        append: (envelope: Envelope, content: Content, done: Parameters<Spool['append']>[2]) =>
          this.#later.push(() => {
            if (this.isSpoolFull) done({ kind: 'refused', reason: 'full' });
            else {
              this.sent.push({ at: this.at.wall, envelope, content });
              done({ kind: 'durable', stored: { envelope, sequence: this.sent.length } });
            }
          }),
      } as unknown as Spool,
      records: new MailRecords({ main() {}, reject() {}, other() {}, panic() {} }),
      ids: new IdMaker(1),
      random: seededRandom(1),
      resolver: {
        query: (name, _, answered) => {
          this.asked.push(name);
          this.#later.push(() => answered(this.answer(name)));
        },
      },
      store: {
        saved: this.disk,
        keep: (lines, done) => {
          this.writes += 1;
          const all = [...lines];
          this.#later.push(() => {
            if (!this.isDiskFull) this.disk = all;
            done(!this.isDiskFull);
          });
        },
        compress: (text, done) => this.#later.push(() => done(Buffer.from(text).toString('base64'))),
      },
      configuration: () => {
        const loaded = loadConfiguration('test.conf', () => ({ text: this.configuration }));
        assert.ok(loaded.kind === 'loaded');
        return loaded.configuration;
      },
      hostname: () => 'mta.example',
      routingDomainOf: (_, domain) => domain,
      accepted: (stored) => this.queued.push(stored),
      told: (_, text) => this.told.push(text),
    });
    this.reports.start(this.at);
  }

  count(...domains: string[]): void {
    for (const domain of domains) this.reports.count(domain, noPolicy(domain), null);
  }

  settle(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
  }

  /** Lets time pass. @param wall until then */
  runUntil(wall: number): void {
    this.settle();
    for (;;) {
      const next = this.#timers.nextAt;
      const left = wall - this.at.wall;
      const step = Math.min(left, Math.max(0, next === null ? left : next - this.at.mono));
      this.at = { wall: wallMs(this.at.wall + step), mono: monoMs(this.at.mono + step) };
      if (next === null || next > this.at.mono) return;
      this.#timers.advance(this.at.mono);
      this.settle();
    }
  }

  /** The report in a mail, which is not compressed here. */
  static reportOf({ content }: Sent) {
    const body = Buffer.concat(content.body).toString('latin1');
    const [, base64 = ''] = /filename="[^"]+"\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(body) ?? [];
    return JSON.parse(Buffer.from(base64, 'base64').toString());
  }
}

const DAY = 24 * HOUR;
const domains = (count: number) => Array.from({ length: count }, (_, place) => `d${place}.example`);

test('when the day ends in UTC each domain gets a report, spread over some hours', () => {
  const bench = new Bench();
  bench.count(...domains(40), 'd0.example');
  bench.runUntil(MIDNIGHT + DAY - 1);
  assert.deepEqual([bench.sent.length, bench.asked.length], [0, 0]);
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS + 1000);
  assert.equal(bench.sent.length, 40);
  assert.equal(bench.queued.length, 40);
  assert.equal(new Set(bench.asked).size, 40);
  assert.ok(bench.asked.every((name) => name.startsWith('_smtp._tls.d')));
  const hours = new Set(bench.sent.map(({ at }) => Math.floor((at - MIDNIGHT - DAY) / HOUR)));
  assert.deepEqual([...hours].sort(), [0, 1, 2, 3]);
  const report = bench.sent.map(Bench.reportOf).find((one) => one['report-id'].includes('.d0.example@'));
  assert.deepEqual(report['date-range'], {
    'start-datetime': '2026-01-01T10:00:00Z', // when this server began to count
    'end-datetime': '2026-01-01T23:59:59Z',
  });
  assert.deepEqual(report.policies[0].summary, {
    'total-successful-session-count': 2,
    'total-failure-session-count': 0,
  });
  bench.count('d0.example');
  bench.runUntil(MIDNIGHT + 2 * DAY + SPREAD_MS + 1000);
  assert.equal(bench.sent.length, 41);
  assert.deepEqual(Bench.reportOf(bench.sent[40]!)['date-range'], {
    'start-datetime': '2026-01-02T00:00:00Z',
    'end-datetime': '2026-01-02T23:59:59Z',
  });
});

test('the mail is as RFC 8460 section 5.3 has it, and goes out by the binding that no failing policy holds up', () => {
  const bench = new Bench();
  bench.configuration =
    'tls_reporting = true tls_reporting_sender = "reports@s.example" tls_reporting_organization = "Sender" tls_reporting_contact = "postmaster@s.example"';
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS + 1000);
  const [{ envelope, content }] = bench.sent as [Sent];
  assert.deepEqual(
    [envelope.reversePath, envelope.recipients[0]!.mailbox, envelope.recipients[0]!.binding],
    [null, 'tls@rua.example', 'tls_reports'],
  );
  for (const line of [
    'From: <reports@s.example>',
    'To: <tls@rua.example>',
    'TLS-Report-Domain: a.example',
    'TLS-Report-Submitter: mta.example',
    'Content-Type: multipart/report; report-type="tlsrpt";',
    'Subject: Report Domain: a.example',
  ])
    assert.ok(content.headerSection.split('\r\n').includes(line), line);
  const body = Buffer.concat(content.body).toString('latin1');
  assert.match(body, /\r\nContent-Type: application\/tlsrpt\+gzip\r\n/);
  assert.match(body, /filename="mta\.example!a\.example!1767261600!1767311999!001\.json\.gz"/);
  assert.ok(
    body.endsWith('--\r\n.\r\n') &&
      body.split('\r\n').every((line) => line.length <= 78 && (line === '.' || !line.startsWith('.'))),
  );
  assert.equal(envelope.size, content.headerSection.length + 2 + body.length - 3);
  const report = Bench.reportOf(bench.sent[0]!);
  assert.deepEqual([report['organization-name'], report['contact-info']], ['Sender', 'postmaster@s.example']);
});

for (const [title, answer, sent, told] of [
  ['wants none', { kind: 'noName', ttlSeconds: 60 }, 0, []],
  ['wants none by that record', { kind: 'texts', texts: ['v=spf1 -all'], ttlSeconds: 60 }, 0, []],
  [
    'two mailboxes',
    { kind: 'texts', texts: ['v=TLSRPTv1; rua=mailto:a@a.example,mailto:b@b.example'], ttlSeconds: 60 },
    2,
    [],
  ],
  [
    'HTTPS only',
    { kind: 'texts', texts: ['v=TLSRPTv1; rua=https://a.example/x'], ttlSeconds: 60 },
    0,
    ['tls_reporting: 3 domains want reports by HTTPS only, which is not done'],
  ],
  ['nobody answers', UNANSWERED, 0, ['tls_reporting: 3 reports were given up after 5 tries each']],
] as [string, DnsAnswer, number, string[]][]) {
  test(`what becomes of reports: ${title}`, () => {
    const bench = new Bench();
    bench.answer = () => answer;
    bench.count(...domains(3));
    bench.runUntil(MIDNIGHT + DAY + 23 * HOUR);
    assert.deepEqual([bench.sent.length, bench.told, bench.reports.waiting], [3 * sent, told, 0]);
  });
}

test('a report that could not be looked up or stored is tried again, behind the others', () => {
  const bench = new Bench();
  bench.count(...domains(3));
  let failures = 2;
  bench.answer = () => (failures-- > 0 ? UNANSWERED : WANTED);
  bench.isSpoolFull = true;
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS);
  assert.equal(bench.sent.length, 0);
  bench.isSpoolFull = false;
  bench.runUntil(MIDNIGHT + DAY + 3 * SPREAD_MS);
  assert.equal(new Set(bench.sent.map((one) => Bench.reportOf(one)['report-id'])).size, 3);
  assert.equal(bench.sent.length, 3);
});

test('a process that is stopped loses nothing, one that is killed an hour at most', () => {
  const bench = new Bench();
  bench.count('a.example', 'b.example');
  let isStopped = false;
  bench.reports.stop();
  bench.reports.finish(() => {
    isStopped = true;
  });
  bench.settle();
  assert.ok(isStopped);
  bench.boot();
  bench.count('a.example');
  bench.runUntil(bench.at.wall + KEEP_MS);
  bench.count('a.example'); // lost
  bench.boot();
  assert.deepEqual(
    [...bench.reports.domains()].map(({ domain, policies }) => [domain, policies[0]!.successes]),
    [
      ['a.example', 2],
      ['b.example', 1],
    ],
  );
  assert.equal(bench.reports.since, MIDNIGHT + 10 * HOUR);
});

test('a day that ended while no process ran is reported by the next one', () => {
  const bench = new Bench();
  bench.count('a.example');
  bench.runUntil(bench.at.wall + KEEP_MS);
  bench.at = { wall: wallMs(MIDNIGHT + 3 * DAY + HOUR), mono: monoMs(bench.at.mono + 1) };
  bench.boot();
  assert.deepEqual([[...bench.reports.domains()], bench.reports.waiting], [[], 1]);
  bench.runUntil(bench.at.wall + SPREAD_MS);
  assert.equal(Bench.reportOf(bench.sent[0]!)['date-range']['end-datetime'], '2026-01-01T23:59:59Z');
  bench.runUntil(bench.at.wall + KEEP_MS);
  assert.deepEqual(bench.disk, []);
});

test('reports that wait survive a restart, and those that were sent are not sent again', () => {
  const bench = new Bench();
  bench.count(...domains(10));
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS / 2);
  const before = bench.sent.length;
  assert.ok(before > 0 && before < 10);
  bench.reports.stop();
  bench.reports.finish(() => {});
  bench.settle();
  bench.boot();
  bench.runUntil(bench.at.wall + SPREAD_MS + 1000);
  assert.equal(bench.sent.length, 10);
  assert.equal(new Set(bench.sent.map((one) => Bench.reportOf(one)['report-id'])).size, 10);
});

test('nothing is counted and nothing is sent unless that is wanted', () => {
  const bench = new Bench();
  bench.configuration = '';
  bench.count('a.example');
  assert.deepEqual([...bench.reports.domains()], []);
  bench.configuration = 'tls_reporting = true';
  bench.count('a.example');
  bench.configuration = '';
  bench.runUntil(MIDNIGHT + 2 * DAY);
  assert.deepEqual([bench.sent.length, bench.reports.waiting, bench.writes > 0], [0, 0, true]);
});

test('reports that wait are dropped when they are not wanted any more', () => {
  const bench = new Bench();
  bench.count(...domains(10));
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS / 2);
  const before = bench.sent.length;
  bench.configuration = '';
  bench.runUntil(MIDNIGHT + DAY + 2 * SPREAD_MS);
  assert.deepEqual([bench.sent.length, bench.reports.waiting, bench.disk], [before, 0, []]);
});

test('an operator has reports sent now, and hears what became of them', async () => {
  const bench = new Bench();
  const now = (withToday: boolean) => {
    const sent = bench.reports.send(withToday);
    bench.runUntil(bench.at.wall + 1);
    return sent;
  };
  bench.answer = (name) =>
    name.includes('d1.') ? UNANSWERED : name.includes('d2.') ? { kind: 'noName', ttlSeconds: 1 } : WANTED;
  bench.count(...domains(3));
  assert.deepEqual(await now(false), { sent: 0, unwanted: 0, httpsOnly: 0, unsent: 0 });
  assert.deepEqual(await now(true), { sent: 1, unwanted: 1, httpsOnly: 0, unsent: 1 });
  assert.deepEqual([bench.reports.waiting, [...bench.reports.domains()].length], [1, 0]);
  bench.answer = () => WANTED;
  assert.deepEqual(await now(false), { sent: 1, unwanted: 0, httpsOnly: 0, unsent: 0 });
});

test('a disk that takes nothing and lines that are damaged cost counts only', () => {
  const bench = new Bench();
  bench.isDiskFull = true;
  bench.count('a.example');
  bench.runUntil(bench.at.wall + 2 * KEEP_MS);
  assert.deepEqual([bench.disk, bench.writes], [[], 2]);
  bench.isDiskFull = false;
  bench.runUntil(bench.at.wall + KEEP_MS);
  bench.disk = ['nonsense', ...bench.disk];
  bench.boot();
  assert.deepEqual(bench.told, ['tls_reporting: 1 lines of counts could not be read; left out']);
  assert.equal([...bench.reports.domains()].length, 1);
});
