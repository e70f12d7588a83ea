// What the reports say, and that the page needs nothing but itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { addWall } from '../core/base/moment.ts';
import { loadConfiguration } from '../core/config/load.ts';
import { figuresOf } from './figures.ts';
import { formatHtmlReport } from './html-report.ts';
import { formatJsonReport } from './json-report.ts';
import { formatChange, formatDuration, METRICS } from './metric.ts';
import type { Outcome } from './outcome.ts';
import { readReceivers } from './receivers-file.ts';
import { Rehearsal } from './rehearsal.ts';
import { SYNTHETIC_START } from './synthetic.ts';
import { formatTextReport } from './text-report.ts';

const PUNCTUAL = 'Connect_Time = 0\nTransaction_Time = 1\nQuit_Time = 0\nTransient_Share = 0\nPermanent_Share = 0\n';
const HOSTILE = '<img src=x onerror=alert(1)>&"\u202e.example';

function figures(file: string, text: string, domains: readonly string[]) {
  const loaded = loadConfiguration(file, () => ({ text }));
  const read = readReceivers('receivers.conf', PUNCTUAL);
  assert.ok(loaded.kind === 'loaded' && read.kind === 'receivers');
  const { configuration } = loaded;
  const rehearsal = new Rehearsal({
    configuration,
    curfew: null,
    receivers: read.receivers,
    seed: 1,
    startsAt: SYNTHETIC_START,
  });
  for (const domain of domains) {
    for (let index = 0; index < 10; index++) {
      rehearsal.receive({ at: SYNTHETIC_START, binding: 'default', domain, recipients: 1, size: 1000 });
    }
  }
  rehearsal.finish(86_400_000);
  return figuresOf(rehearsal, file);
}

function outcome(domains: readonly string[], isCompared: boolean): Outcome {
  return {
    traffic: 'test',
    receivers: 'receivers.conf',
    seed: 1,
    startsAt: new Date(SYNTHETIC_START),
    lastArrivalAt: new Date(addWall(SYNTHETIC_START, 0)),
    notes: [],
    candidate: figures('new.conf', 'Max_Outbound_Connections = 1', domains),
    against: isCompared ? figures('old.conf', 'Max_Outbound_Connections = 2', domains) : null,
  };
}

test('tables of two configurations have both and the difference', () => {
  assert.equal(
    formatTextReport(outcome(['example.com'], true), 10)
      .split('\n')
      .filter((line) => /^(default| {2}(against|candidate|change)|Mail|candidate| +messages)/.test(line))
      .slice(0, 14)
      .map((line) => line.replaceAll(/ +/g, ' '))
      .join('\n'),
    `\
candidate: new.conf; against: old.conf
Mail
 messages delivered failed left peak limit p50 p95 p99 backlog drained
 against 10 10 0 0 2 75200 3.000s 5.000s 5.000s 10 5.000s
 candidate 10 10 0 0 1 75200 5.000s 10.0s 10.0s 10 10.0s
 change = = = = -1 = +2.000s +5.000s +5.000s = +5.000s
 against 10 10 0 0 2 75200 3.000s 5.000s 5.000s 10 5.000s
 candidate 10 10 0 0 1 75200 5.000s 10.0s 10.0s 10 10.0s
 change = = = = -1 = +2.000s +5.000s +5.000s = +5.000s
default example.com
 against 10 10 0 0 2 2 3.000s 5.000s 5.000s 10 5.000s
 candidate 10 10 0 0 1 1 5.000s 10.0s 10.0s 10 10.0s
 change = = = = -1 -1 +2.000s +5.000s +5.000s = +5.000s
 against 2 0 0 0 0 0 0`,
  );
});

test('the backlog of ten messages at a second each falls by steps', () => {
  const text = formatTextReport(outcome(['example.com'], false), 10);
  const line = text.split('\n').findLast((one) => one.startsWith('default example.com'))!;
  assert.match(line, /^default example\.com {2}█+▇+▆+▅+▄+▃+▂+▁+ *10$/);
});

test('queues that are left out are counted', () => {
  assert.match(
    formatTextReport(outcome(['a.example', 'b.example', 'c.example'], false), 1),
    /^2 more \(binding, domain\)/m,
  );
  const json = JSON.parse(formatJsonReport(outcome(['a.example', 'b.example'], false), 1)) as Record<string, unknown[]>;
  assert.deepEqual([json['queues']!.length, json['queuesLeftOut']], [1, 1]);
});

test('JSON has every figure of both, the change, and courses', () => {
  const json = JSON.parse(formatJsonReport(outcome(['example.com'], true), 10));
  assert.equal(json.all.candidate.drainedAtMs, 10_000);
  assert.equal(json.all.change.drainedAtMs, 5000);
  assert.equal(json.queues[0].change.limit, -1);
  for (const { name } of METRICS) assert.ok(name in json.queues[0].against, name);
  assert.equal(json.all.candidate.course.backlog[0], 10);
  assert.equal(json.candidate.deliveryTimesByStep.p50Ms.length, json.all.candidate.course.backlog.length);
});

for (const isCompared of [false, true]) {
  test(`the page has four plots for each row and needs nothing else (${isCompared ? 'two' : 'one'})`, () => {
    const page = formatHtmlReport(outcome(['example.com', HOSTILE], isCompared), 10);
    assert.equal(page.match(/<svg class="plot"/g)?.length, 4 * 4);
    const markup = page.replace(/>[^<]*</g, (text) => (text.includes('{') ? text : '><')); // style sheet and tags
    assert.doesNotMatch(markup, /https?:|\/\/|url\(|@import|<(?:script|link|img|iframe|object)|\s(?:src|href|on\w+)=/i);
    assert.doesNotMatch(page, /NaN|Infinity|undefined|null/);
    assert.ok(
      page.includes('default &lt;img src=x onerror=alert(1)&gt;&amp;&quot;\\u202e.example'),
      'names are escaped',
    );
    assert.equal(unbalanced(page), null);
  });
}

/** The first tag that is not closed in order, or null. */
function unbalanced(page: string): string | null {
  const open: string[] = [];
  for (const [, slash, name, rest] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/g)) {
    if (name === 'meta' || rest!.endsWith('/')) continue;
    if (slash === '') open.push(name!);
    else if (open.pop() !== name) return name!;
  }
  return open[0] ?? null;
}

for (const [ms, expected] of [
  [0, '0.000s'],
  [9999, '9.999s'],
  [10_000, '10.0s'],
  [99_949, '99.9s'],
  [99_950, '1m40s'],
  [3_599_000, '59m59s'],
  [3_599_600, '1h00m'],
  [356_400_000, '99h00m'],
  [360_000_000, '4d04h'],
] as const) {
  test(`${ms} ms are ${expected}`, () => assert.equal(formatDuration(ms), expected));
}

test('changes have a sign, and none where one side has no value', () => {
  const [count] = METRICS;
  assert.deepEqual(
    [
      formatChange(count!, 1, 3),
      formatChange(count!, 3, 1),
      formatChange(count!, 2, 2),
      formatChange(count!, null, 2),
      formatChange(count!, null, null),
    ],
    ['+2', '-2', '=', '-', '='],
  );
});
