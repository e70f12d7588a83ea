// Reports on TLS over HTTPS, in virtual time: tries again, restarts, and hosts that are slow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, domains, MIDNIGHT, TlsReportBench } from '../../test/support/tls-report-bench.ts';
import type { DnsAnswer } from './ports.ts';
import { POSTED_FOR_MS } from './tls-report-posts.ts';
import { KEEP_MS, SPREAD_MS } from './tls-reports.ts';

const posting = (...uris: string[]): DnsAnswer => ({
  kind: 'texts',
  texts: [`v=TLSRPTv1; rua=${uris.join()}`],
  ttlSeconds: 60,
});
const NO_POSTS = { taken: 0, waiting: 0, givenUp: 0, lastProblem: null };

test('reports are posted to each URI of a domain, beside those that are mailed', () => {
  const bench = new TlsReportBench();
  bench.answer = () => posting('https://one.example/x', 'mailto:tls@rua.example', 'https://two.example/');
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS);
  assert.deepEqual(
    bench.posted.map(({ uri }) => uri),
    ['https://one.example/x', 'https://two.example/'],
  );
  assert.deepEqual(bench.posted[0]!.report, TlsReportBench.reportOf(bench.sent[0]!));
  assert.deepEqual([bench.sent.length, bench.reports.posts], [1, { ...NO_POSTS, taken: 2 }]);
});

test('a report that is not taken is tried again after 5 minutes, then twice as long, for a day', () => {
  const bench = new TlsReportBench();
  bench.answer = () => posting('https://one.example/x');
  bench.postAnswer = () => 'status 503';
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS);
  assert.deepEqual(bench.reports.posts, { ...NO_POSTS, waiting: 1, lastProblem: 'https://one.example/x: status 503' });
  bench.runUntil(MIDNIGHT + 3 * DAY);
  const minutes = bench.posted.map(({ at }) => Math.round((at - bench.posted[0]!.at) / 60_000));
  assert.deepEqual(minutes, [0, 5, 15, 35, 75, 155, 315, 635, 1275]);
  assert.deepEqual(bench.reports.posts, { ...NO_POSTS, givenUp: 1, lastProblem: 'https://one.example/x: status 503' });
  assert.deepEqual(bench.told, [
    'tls_reporting: 1 reports were not taken over HTTPS, and are given up; the last: https://one.example/x: status 503',
  ]);
  bench.runUntil(MIDNIGHT + 3 * DAY + KEEP_MS);
  assert.deepEqual(bench.disk, []);
});

test('a report that was taken at the second try is not posted again', () => {
  const bench = new TlsReportBench();
  bench.answer = () => posting('https://one.example/x');
  bench.postAnswer = () => (bench.posted.length === 1 ? 'status 500' : null);
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + 3 * DAY);
  assert.equal(bench.posted.length, 2);
  assert.deepEqual(bench.reports.posts, { ...NO_POSTS, taken: 1, lastProblem: 'https://one.example/x: status 500' });
});

test('what is to be posted survives a restart, without mail or a look-up again, and its day goes on', () => {
  const bench = new TlsReportBench();
  bench.answer = () => posting('https://one.example/x', 'mailto:tls@rua.example');
  bench.postAnswer = () => 'status 503';
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + DAY + 2 * SPREAD_MS);
  const [first] = bench.posted;
  bench.reports.stop();
  bench.reports.finish(() => {});
  bench.settle();
  bench.boot();
  const [tries, asked] = [bench.posted.length, bench.asked.length];
  bench.settle();
  assert.equal(bench.posted.length, tries + 1);
  assert.equal(bench.posted.at(-1)!.report['report-id'], first!.report['report-id']);
  bench.runUntil(MIDNIGHT + 4 * DAY);
  assert.ok(bench.posted.every(({ at }) => at <= first!.at + POSTED_FOR_MS));
  assert.deepEqual([bench.sent.length, bench.asked.length, bench.reports.posts.givenUp], [1, asked, 1]);
});

test('two posts to one host at a time, sixteen in all, so that a host that is silent keeps nobody waiting', () => {
  const bench = new TlsReportBench();
  bench.isHolding = true;
  bench.answer = (name) => posting(name.includes('.slow') ? 'https://slow.example/' : `https://${name.slice(11)}/`);
  bench.count(...Array.from({ length: 10 }, (_, place) => `d${place}.slow.example`), ...domains(20));
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS);
  const toSlow = () => bench.posted.filter(({ uri }) => uri === 'https://slow.example/').length;
  assert.deepEqual([bench.posted.length, toSlow()], [16, 2]);
  while (bench.running.length > 0) {
    bench.running.shift()!();
    bench.settle();
  }
  assert.deepEqual([bench.posted.length, toSlow(), bench.reports.posts.taken], [30, 10, 30]);
});

test('what waits to be posted is dropped when reports are not wanted any more', () => {
  const bench = new TlsReportBench();
  bench.answer = () => posting('https://one.example/x');
  bench.postAnswer = () => 'status 503';
  bench.count('a.example');
  bench.runUntil(MIDNIGHT + DAY + SPREAD_MS);
  bench.configuration = '';
  bench.runUntil(MIDNIGHT + 2 * DAY);
  const { length } = bench.posted;
  bench.runUntil(MIDNIGHT + 3 * DAY);
  assert.deepEqual([bench.posted.length, bench.reports.posts.waiting, bench.disk], [length, 0, []]);
});
