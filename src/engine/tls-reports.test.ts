// Reports on TLS in virtual time: the end of a day, the hours that reports take, those that cannot be sent, restarts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DAY,
  domains,
  HOUR,
  MIDNIGHT,
  type SentReport,
  TlsReportBench,
  WANTED,
} from '../../test/support/tls-report-bench.ts';
import { monoMs, wallMs } from '../core/base/moment.ts';
import type { DnsAnswer } from './ports.ts';
import { KEEP_MS, SPREAD_MS } from './tls-reports.ts';

const UNANSWERED: DnsAnswer = { kind: 'unavailable', reason: 'SERVFAIL' };

test('when the day ends in UTC each domain gets a report, spread over some hours', () => {
  const bench = new TlsReportBench();
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
  const report = bench.sent.map(TlsReportBench.reportOf).find((one) => one['report-id'].includes('.d0.example@'));
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
  assert.deepEqual(TlsReportBench.reportOf(bench.sent[40]!)['date-range'], {
    'start-datetime': '2026-01-02T00:00:00Z',
    'end-datetime': '2026-01-02T23:59:59Z',
  });
});

test('the mail is as RFC 8460 section 5.3 has it, and goes out by the binding that no failing policy holds up', () => {
  const bench = new TlsReportBench();
  bench.configuration =
    'tls_reporting = true tls_reporting_sender = "reports@s.example" tls_reporting_organization = "Sender" tls_reporting_contact = "postmaster@s.example"';
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS + 1000);
  const [{ envelope, content }] = bench.sent as [SentReport];
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
  const report = TlsReportBench.reportOf(bench.sent[0]!);
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
  ['HTTPS only', { kind: 'texts', texts: ['v=TLSRPTv1; rua=https://a.example/x'], ttlSeconds: 60 }, 0, []],
  ['nobody answers', UNANSWERED, 0, ['tls_reporting: 3 reports were given up after 5 tries each']],
] as [string, DnsAnswer, number, string[]][]) {
  test(`what becomes of reports: ${title}`, () => {
    const bench = new TlsReportBench();
    bench.answer = () => answer;
    bench.count(...domains(3));
    bench.runUntil(MIDNIGHT + DAY + 23 * HOUR);
    assert.deepEqual([bench.sent.length, bench.told, bench.reports.waiting], [3 * sent, told, 0]);
  });
}

test('a report that could not be looked up or stored is tried again, behind the others', () => {
  const bench = new TlsReportBench();
  bench.count(...domains(3));
  let failures = 2;
  bench.answer = () => (failures-- > 0 ? UNANSWERED : WANTED);
  bench.isSpoolFull = true;
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS);
  assert.equal(bench.sent.length, 0);
  bench.isSpoolFull = false;
  bench.runUntil(MIDNIGHT + DAY + 3 * SPREAD_MS);
  assert.equal(new Set(bench.sent.map((one) => TlsReportBench.reportOf(one)['report-id'])).size, 3);
  assert.equal(bench.sent.length, 3);
});

test('a process that is stopped loses nothing, one that is killed an hour at most', () => {
  const bench = new TlsReportBench();
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
  const bench = new TlsReportBench();
  bench.count('a.example');
  bench.runUntil(bench.at.wall + KEEP_MS);
  bench.at = { wall: wallMs(MIDNIGHT + 3 * DAY + HOUR), mono: monoMs(bench.at.mono + 1) };
  bench.boot();
  assert.deepEqual([[...bench.reports.domains()], bench.reports.waiting], [[], 1]);
  bench.runUntil(bench.at.wall + SPREAD_MS);
  assert.equal(TlsReportBench.reportOf(bench.sent[0]!)['date-range']['end-datetime'], '2026-01-01T23:59:59Z');
  bench.runUntil(bench.at.wall + KEEP_MS);
  assert.deepEqual(bench.disk, []);
});

test('reports that wait survive a restart, and those that were sent are not sent again', () => {
  const bench = new TlsReportBench();
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
  assert.equal(new Set(bench.sent.map((one) => TlsReportBench.reportOf(one)['report-id'])).size, 10);
});

test('nothing is counted and nothing is sent unless that is wanted', () => {
  const bench = new TlsReportBench();
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
  const bench = new TlsReportBench();
  bench.count(...domains(10));
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS / 2);
  const before = bench.sent.length;
  bench.configuration = '';
  bench.runUntil(MIDNIGHT + DAY + 2 * SPREAD_MS);
  assert.deepEqual([bench.sent.length, bench.reports.waiting, bench.disk], [before, 0, []]);
});

test('an operator has reports sent now, and hears what became of them', async () => {
  const bench = new TlsReportBench();
  const now = (withToday: boolean) => {
    const sent = bench.reports.send(withToday);
    bench.runUntil(bench.at.wall + 1);
    return sent;
  };
  bench.answer = (name) =>
    name.includes('d1.') ? UNANSWERED : name.includes('d2.') ? { kind: 'noName', ttlSeconds: 1 } : WANTED;
  bench.count(...domains(3));
  assert.deepEqual(await now(false), { sent: 0, unwanted: 0, posted: 0, unsent: 0 });
  assert.deepEqual(await now(true), { sent: 1, unwanted: 1, posted: 0, unsent: 1 });
  assert.deepEqual([bench.reports.waiting, [...bench.reports.domains()].length], [1, 0]);
  bench.answer = () => WANTED;
  assert.deepEqual(await now(false), { sent: 1, unwanted: 0, posted: 0, unsent: 0 });
});

test('a disk that takes nothing and lines that are damaged cost counts only', () => {
  const bench = new TlsReportBench();
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

test('counting begins when it is switched on; what was counted before goes on', () => {
  const bench = new TlsReportBench();
  const configure = (configuration: string): void => {
    bench.configuration = configuration;
    bench.reports.configured(bench.at);
  };
  configure('');
  bench.runUntil(MIDNIGHT + 12 * HOUR);
  configure('tls_reporting = true');
  assert.equal(bench.reports.since, MIDNIGHT + 12 * HOUR);
  bench.count('a.example');
  configure('tls_reporting = true tls_reporting_contact = "x"');
  bench.runUntil(MIDNIGHT + 13 * HOUR);
  configure('');
  configure('tls_reporting = true');
  assert.deepEqual([bench.reports.since, [...bench.reports.domains()].length], [MIDNIGHT + 12 * HOUR, 1]);
});
