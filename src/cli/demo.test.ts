import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfiguration } from '../core/config/load.ts';
import { DEMO_EXAMPLE, demoConfiguration } from './demo-configuration.ts';
import { type BindingOutcome, formatVerdict, violationsOf } from './demo-verdict.ts';
import { type DemoFrame, DemoView } from './demo-view.ts';

const GOOD: BindingOutcome = {
  name: 'example',
  source: '127.0.0.2',
  limit: 15,
  resolved: 15,
  peak: 15,
  accepted: 100,
  arrived: 100,
  fromSource: 100,
};

for (const [title, change, violation] of [
  ['reached and not passed', {}, null],
  ['passed', { peak: 16 }, 'example: 16 connections at once; the limit is 15'],
  ['not reached', { peak: 14 }, 'example: at most 14 connections at once; the limit of 15 was not reached'],
  ['missing', { arrived: 99, fromSource: 99 }, 'example: 1 of 100 messages are missing'],
  ['twice', { fromSource: 101 }, 'example: 101 messages came from 127.0.0.2; expected 100, each once'],
  ['another limit', { resolved: 30 }, 'example: the limit in force is 30; expected 15'],
] as const) {
  test(`verdict: ${title}`, () => {
    const outcome = { ...GOOD, ...change };
    assert.deepEqual(violationsOf(outcome), violation === null ? [] : [violation]);
    const text = formatVerdict([outcome], []);
    assert.match(text, violation === null ? /^Every limit was reached/m : /^The demo failed:/m);
    assert.ok(violation === null || text.includes(violation));
  });
}

test('the verdict is a table; trouble beside the bindings fails it', () => {
  assert.equal(
    formatVerdict([GOOD], ['the server ended']),
    `\
Measured at the receiver:

binding  source     limit  most at once  sent  arrived
example  127.0.0.2     15            15   100      100  ok

The demo failed:
  the server ended
`,
  );
});

const frameAt = (seconds: number, open: number): DemoFrame => ({
  seconds,
  phase: 'delivering mail',
  bindings: [{ name: 'other', limit: 5, open, queued: 12, delivered: 34, perSecond: 5.6 }],
});

test('at a terminal the table is drawn again in its place, no line wraps', () => {
  let text = '';
  const view = new DemoView({ isTTY: true, columns: 30, write: (piece) => (text += piece) });
  view.show(frameAt(0, 3));
  const first = text;
  text = '';
  view.show(frameAt(0.2, 6));
  assert.equal(first.split('\n').length, 4);
  assert.match(first, /^\rbinding {2}limit/);
  assert.match(first, /\nother {8}5 {5}3 {2}###\.\./);
  assert.ok(text.startsWith('\x1b[3A\r'));
  assert.match(text, /\nother {8}5 {5}6 {2}#####/);
  for (const line of first.split('\n')) assert.ok(line.replace('\x1b[K', '').trim().length < 30);
});

test('a pipe gets a line a second', () => {
  const lines: string[] = [];
  const view = new DemoView({ write: (line) => lines.push(line) });
  for (const seconds of [0, 0.2, 0.9, 1, 1.2, 3]) view.show(frameAt(seconds, 3));
  assert.deepEqual(
    lines.map((line) => line.slice(0, 5).trim()),
    ['0 s', '1 s', '3 s'],
  );
  assert.equal(lines[1], '  1 s  delivering mail: other 3/5 open, 12 queued, 34 delivered, 6/s\n');
});

test('the example loads by itself, and with the places of the demo', () => {
  const example = readFileSync(DEMO_EXAMPLE, 'utf8');
  const receiver = { address: '127.0.0.9', port: 4321 };
  const text = demoConfiguration({ directory: '/tmp/elsewhere', receiver }, example);
  assert.doesNotMatch(text, /\/tmp\/headgate-demo|2525" \{\}/);
  for (const source of [example, text]) {
    assert.equal(loadConfiguration('demo.conf', () => ({ text: source })).kind, 'loaded');
  }
  assert.throws(
    () => demoConfiguration({ directory: '/tmp/elsewhere', receiver }, example.replaceAll('2526', '25')),
    /Remote_SMTP_Port = 2526 is missing/,
  );
});

async function run(temporary: string, words: readonly string[], after = async (_: number): Promise<void> => {}) {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, 'demo', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  let output = '';
  const heard = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (/ 1 s /.test(output)) resolve();
    });
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const closed = once(child, 'close') as Promise<[number | null]>;
  await Promise.race([heard, closed]);
  await after(child.pid!);
  const [status] = await closed;
  return { status, output };
}

test('the demo: limits of 15, 5 and 30 are reached and not passed, nothing is left behind', {
  timeout: 60_000,
}, async (t) => {
  const temporary = mkdtempSync(join(tmpdir(), 'demo-test-'));
  t.after(() => rmSync(temporary, { recursive: true }));
  const { status, output } = await run(temporary, ['--seconds', '3']);
  assert.equal(status, 0, output);
  assert.match(output, /^example +127\.0\.0\.2 +15 +15 +450 +450 +ok$/m);
  assert.match(output, /^other +127\.0\.0\.3 +5 +5 +150 +150 +ok$/m);
  assert.match(output, /^outside +127\.0\.0\.4 +30 +30 +900 +900 +ok$/m);
  assert.deepEqual(readdirSync(temporary), []);
});

test('a signal ends the demo in order: its server is gone, its directory too', { timeout: 60_000 }, async (t) => {
  const temporary = mkdtempSync(join(tmpdir(), 'demo-test-'));
  t.after(() => rmSync(temporary, { recursive: true }));
  const { status, output } = await run(temporary, ['--seconds', '20'], async (pid) => {
    process.kill(pid, 'SIGTERM');
  });
  assert.equal(status, 1);
  assert.match(output, /headgate demo: interrupted\n$/);
  const server = Number(/^server +process (\d+),/m.exec(output)![1]);
  assert.throws(() => process.kill(server, 0), { code: 'ESRCH' });
  assert.deepEqual(readdirSync(temporary), []);
});

test('wrong arguments end with 2', async () => {
  for (const words of [['--seconds'], ['--seconds', '2'], ['--seconds', '31'], ['--frob'], ['--seconds', '5', 'x']]) {
    assert.equal((await run(tmpdir(), words)).status, 2, words.join(' '));
  }
});
