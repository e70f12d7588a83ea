// `headgate simulate` as an operator uses it: with a log that the server wrote, with the example of its documentation, and
// with mistakes.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Exit, HEADGATE, Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { blocksOf } from '../support/markdown.ts';
import { findProgram, runProgram } from '../support/peer-program.ts';
import { Receivers } from '../support/receivers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const GUIDE = new URL('../../docs/rehearsal.md', import.meta.url);

const simulate = (...words: string[]): Promise<Exit & { readonly stdout: string }> =>
  runHeadgate(['simulate', ...words]);

/** Writes files into a directory of the test. @returns the path of a name in it */
function files(t: TestContext, texts: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const directory = temporaryDirectory(t);
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, name), text);
  return (name) => join(directory, name);
}

const RECEPTION =
  '1767225600@00/00-1-1@b1@00/00-00000-00000000@R@someone@example.com@bounce@sender.example@127.0.0.1@2048@esmtp@default@default\n';

/** Of the JSON report. */
interface Queue {
  readonly binding: string;
  readonly domain: string;
  readonly candidate: Readonly<Record<string, number>>;
}

const SETTING = {
  'new.conf': 'Max_Outbound_Connections = 1\nBinding "weekly" {}\n',
  'old.conf': 'Max_Outbound_Connections = 10\n',
  'receivers.conf': 'Transaction_Time = 1\nTransient_Share = 0\nPermanent_Share = 0\n',
  'mainlog.ec': RECEPTION,
};

test('a log that the server wrote is rehearsed message by message, packed or not', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com', 'example.org']);
  const headgate = await Headgate.start(t, `${receivers.routes}Binding "weekly" {}\n`);
  await inject(headgate.port, [
    { domain: 'example.com', messages: 60, binding: 'weekly' },
    { domain: 'example.org', messages: 40 },
  ]);
  await receivers.sink.whenReceived(100);
  assert.equal((await headgate.stop()).code, 0);
  const log = readFileSync(headgate.mainlog.path);
  const path = files(t, { ...SETTING, 'mainlog.ec': log, 'mainlog.ec.gz': gzipSync(log) });
  const options = ['--against', path('old.conf'), '--receivers', path('receivers.conf'), '--json'];
  const plain = await simulate('-c', path('new.conf'), ...options, '--traffic', path('mainlog.ec'));
  assert.deepEqual([plain.code, plain.stderr], [0, '']);
  const report = JSON.parse(plain.stdout);
  const figures = report.queues.map(({ binding, domain, candidate }: Queue) => [
    binding,
    domain,
    candidate['messages'],
    candidate['delivered'],
    candidate['peakConnections'],
  ]);
  assert.deepEqual(figures, [
    ['weekly', 'example.com', 60, 60, 1],
    ['default', 'example.org', 40, 40, 1],
  ]);
  const [, other] = report.queues;
  assert.ok(other.against.peakConnections > 1 && other.against.peakConnections <= 10);
  assert.ok(other.change.drainedAtMs > 0 && other.change.p95Ms > 0, 'the lower limit has the longer backlog');
  assert.equal(report.queues[0].against.delivered, 0);
  assert.match(String(report.notes), /old\.conf has no binding "weekly": its 60 messages are held/);

  const packed = await simulate('-c', path('new.conf'), ...options, '--traffic', path('mainlog.ec.gz'));
  assert.equal(packed.stdout, plain.stdout.replace('mainlog.ec"', 'mainlog.ec.gz"'));
  const piped = await runHeadgate(['simulate', '-c', path('new.conf'), ...options, '--traffic', '-'], log.toString());
  assert.equal(piped.stdout, plain.stdout.replace(path('mainlog.ec'), '-'));
});

test('the example of the documentation does what is printed there', { timeout: 120_000 }, async (t) => {
  const blocks = blocksOf(readFileSync(GUIDE, 'utf8'));
  const [current, candidate] = blocks.filter(({ language }) => language === 'conf').map(({ text }) => text);
  const only = (language: string): string => blocks.find((block) => block.language === language)!.text;
  const path = files(t, {
    'current.conf': current!,
    'candidate.conf': candidate!,
    'receivers.conf': only('receivers'),
  });
  const command = only('sh').replace(/^headgate/, HEADGATE);
  const { code, output } = await runProgram('sh', ['-c', `cd "${path('.')}" && ${command}`]);
  assert.equal(code, 0, output);
  // Figures move with the scheduler; rows and columns, and what the text says about them, do not.
  assert.deepEqual(shapeOf(output), shapeOf(only('text')));
  for (const text of [output, only('text')]) {
    const rows = rowsOf(text, 'newsletter big.example');
    const [mail, refusals] = [rows.slice(0, 3), rows.slice(3, 6)] as [string[][], string[][]];
    assert.deepEqual([mail[0]![5], mail[1]![5], mail[1]![6]], ['50', '20', '20'], 'both limits are reached');
    assert.equal(mail[2]![8], '=', 'and the lower one costs nothing');
    assert.ok(Number(refusals[0]![2]) > 100 && refusals[1]![2] === '0', 'but saves refused connections');
  }
  const page = readFileSync(path('report.html'), 'utf8');
  assert.equal(page.match(/<svg class="plot"/g)?.length, 3 * 4);
  assert.doesNotMatch(page, /https?:|<script|<link|<img|\ssrc=|\shref=|url\(/i);
});

/** The lines with their figures and courses masked. */
function shapeOf(text: string): readonly string[] {
  return text.split('\n').map((line) => {
    const isRow = /^ *(?:against|candidate|change) /.test(line);
    return isRow
      ? line
          .replace(/[▁-█ ]{20,}/, ' ')
          .replace(/[-+=\d][\d.hmsd]*/g, '#')
          .replace(/ +/g, ' ')
      : line.replace(/\d+m\d+s/, '#');
  });
}

/** The words of the three rows below a title, for each table that has it. */
function rowsOf(text: string, title: string): string[][] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) =>
    line === title ? lines.slice(index + 1, index + 4).map((row) => row.trim().split(/ +/)) : [],
  );
}

test('a receivers file is learnt from a log, and can be rehearsed with', async (t) => {
  const delivery = '1767225600@00/00-1-1@b1@00/00-1-2@D@example.com@2048@default@default@0@0.250@10.0.0.1\n';
  const path = files(t, { ...SETTING, 'mainlog.ec': `${RECEPTION}${delivery}`.repeat(100) });
  const log = ['--traffic', path('mainlog.ec')];
  assert.deepEqual(await simulate('--learn', path('learnt.conf'), ...log), {
    code: 0,
    signal: null,
    stdout: '',
    stderr: '',
  });
  assert.match(
    readFileSync(path('learnt.conf'), 'utf8'),
    /^Receiver "example\.com" \{\n {2}# 100 attempts\n {2}Transient_Share = 0$/m,
  );
  const { code, stdout } = await simulate('-c', path('new.conf'), ...log, '--receivers', path('learnt.conf'));
  assert.equal(code, 0);
  assert.match(stdout, /^default example\.com +100 +100 +0 /m);
});

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => findProgram(name) !== null);

test('a browser without a network shows the plots', {
  skip: CHROMIUM === undefined ? 'NOT RUN: chromium not installed (Debian package chromium)' : false,
  timeout: 120_000,
}, async (t) => {
  const path = files(t, SETTING);
  const { code } = await simulate(
    '-c',
    path('new.conf'),
    '--traffic',
    path('mainlog.ec'),
    '--html',
    path('report.html'),
  );
  assert.equal(code, 0);
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    `--user-data-dir=${path('profile')}`,
  ];
  const offline = ['--host-resolver-rules=MAP * ~NOTFOUND', '--disable-background-networking', '--no-first-run'];
  const url = `file://${path('report.html')}`;
  const shown = await runProgram(CHROMIUM!, [
    ...options,
    ...offline,
    '--window-size=1200,1600',
    `--screenshot=${path('page.png')}`,
    url,
  ]);
  assert.equal(shown.code, 0, shown.output);
  assert.ok(statSync(path('page.png')).size > 30_000, 'there is more than an empty page');
  const { output: dom } = await runProgram(CHROMIUM!, [...options, ...offline, '--dump-dom', url]);
  assert.equal(dom.match(/<svg class="plot"[^>]*>.*?<path class="line candidate[^>]* d="M/gs)?.length, 3 * 4);
});

test('what is not rehearsed is told with its place', async (t) => {
  const conf = 'Host "mx.example.com" {\n  Rollup_MX = true\n  Rollup_MX_Name = "big.example"\n}\n';
  const path = files(t, { 'rolled.conf': conf });
  const { code, stderr } = await runHeadgate(['simulate', '-c', path('rolled.conf'), '--synthetic', 'messages=1']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /rolled\.conf:2:3: warning: rollup_mx: is not rehearsed/);
});

test('mistakes are told with their place, and with the documented status', async (t) => {
  const path = files(t, {
    ...SETTING,
    'wrong.conf': 'Max_Outbound_Connections = many\n',
    'quiet.conf': 'curfew { Schedule_File = "none" }\n',
    'wrong-receivers.conf': '\nReceiver "example.com" { Connect_Tim = 1 }\n',
    'notes.txt': 'no\nrecords\n',
    'mixed.ec': `nonsense\n${RECEPTION}`,
    'cut.ec.gz': gzipSync(RECEPTION).subarray(0, 40),
  });
  const conf = ['-c', path('new.conf')];
  const log = ['--traffic', path('mainlog.ec')];
  for (const [words, code, message] of [
    [[...conf], 2, /found no traffic or two kinds of it/],
    [[...conf, ...log, '--synthetic', 'messages=1'], 2, /found no traffic or two kinds of it/],
    [[...conf, ...log, '--seed', 'x'], 2, /--seed: found "x"; expected a whole number from 0/],
    [[...conf, ...log, '--sed', '1'], 2, /--sed/],
    [[...conf, '--synthetic', 'mesages=1'], 2, /--synthetic: unknown word "mesages" \(did you mean "messages"\?\)/],
    [[...conf, '--synthetic', 'bindings=none'], 1, /no such binding "none"/],
    [
      [...log, '--learn', path('learnt.conf'), '--seed', '2'],
      2,
      /--learn: found --seed beside it; expected --traffic FILE/,
    ],
    [['--learn', path('learnt.conf')], 2, /--learn: found no traffic/],
    [[...log, '--learn', path('learnt.conf')], 1, /found no attempts; expected records of type D, T or P/],
    [['-c', path('wrong.conf'), ...log], 78, /wrong\.conf:1:28: Max_Outbound_Connections: found many/i],
    [['-c', path('quiet.conf'), ...log], 78, /none: no such file; expected a file of rules/],
    [[...conf, '--against', path('wrong.conf'), ...log], 78, /wrong\.conf:1:28/],
    [
      [...conf, ...log, '--receivers', path('wrong-receivers.conf')],
      78,
      /wrong-receivers\.conf:2:26: Connect_Tim: found an unknown option.*"Connect_Time"/,
    ],
    [[...conf, ...log, '--receivers', path('none')], 78, /cannot read .*none: no such file/],
    [[...conf, '--traffic', path('none')], 1, /none: no such file; expected a readable file/],
    [[...conf, '--traffic', path('notes.txt')], 1, /found no mail; expected reception records/],
    [[...conf, '--traffic', path('cut.ec.gz')], 1, /cut\.ec\.gz: Z_BUF_ERROR; expected a whole file of gzip/],
    [
      [...conf, ...log, '--html', path('none/report.html')],
      1,
      /no such directory; expected a file that can be written/,
    ],
  ] as const) {
    const ended = await simulate(...words);
    assert.deepEqual([ended.code, ended.stdout], [code, ''], words.join(' '));
    assert.match(ended.stderr, message);
  }
  const { code, stdout } = await simulate(...conf, '--traffic', path('mixed.ec'));
  assert.equal(code, 0);
  assert.match(stdout, /^note: 1 of 2 lines are no records of mainlog, the first .*mixed\.ec:1$/m);
});
