import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { parseSendArguments } from './send-options.ts';
import { openSink, type Sink } from './sink-server.ts';

for (const [words, reason] of [
  [['--to', '192.0.2.1:25'], /--to: found 192\.0\.2\.1, which is not this machine; expected an address of 127/],
  [['--to', 'mail.example.com:25'], /not this machine/],
  [['--to', '[2001:db8::1]:25'], /not this machine/],
  [['--to', '127.0.0.1:0'], /port 0; expected 1 to 65535/],
  [['--messages', '0'], /--messages: found "0"; expected a number from 1/],
  [['--rate', '1.5'], /--rate/],
  [['--domains', '0'], /--domains/],
  [['--domains', 'a.test,'], /--domains/],
  [['--domains', 'a.test> RCPT'], /--domains/],
  [['--from', 'a> b@c'], /--from/],
  [['--from', 'nobody'], /--from/],
  [['--header', 'no colon'], /--header/],
  [['--header', 'X: a\r\nY: b'], /--header/],
  [['--binding', 'a,,b'], /--binding/],
  [['--pipelining', 'yes'], /expected no, envelope, overlap/],
  [['--frob'], /--frob/],
] as const) {
  test(`refused: ${words.join(' ')}`, () => {
    const parsed = parseSendArguments(words);
    assert.equal(parsed.kind, 'refused');
    assert.match((parsed as { reason: string }).reason, reason);
  });
}

test('arguments become a run', () => {
  const parsed = parseSendArguments(
    '--to [::1]:26 --messages 5 --sessions 2 --size 9 --domains 2 --recipients-per-message 3 --rate 4 --binding a,b --reconnect 7 --pipelining no --json --header X:1'.split(
      ' ',
    ),
  );
  assert.deepEqual(parsed, {
    kind: 'run',
    json: true,
    options: {
      target: { address: '::1', port: 26 },
      messages: 5,
      sessions: 2,
      size: 9,
      domains: ['domain-1.example', 'domain-2.example'],
      recipientsPerMessage: 3,
      reversePath: 'sender@origin.example',
      headers: ['X:1'],
      bindings: ['a', 'b'],
      rate: 4,
      pipelining: 'no',
      reconnectMs: 7_000,
    },
  });
});

async function run(...words: string[]): Promise<{ status: number | null; stdout: string }> {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, 'send', ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout };
}

async function sinkOf(code: number | null): Promise<Sink> {
  const refusals = code === null ? [] : [{ stage: 'final', code, rate: 1 } as const];
  const sink = await openSink({ listen: [{ address: '127.0.0.1', port: 0, behaviour: { refusals } }] });
  after(() => sink.close());
  return sink;
}

test('the command says what was accepted, with status 0', async () => {
  const sink = await sinkOf(null);
  const { status, stdout } = await run('--to', sink.endpoints[0]!, '--messages', '30', '--sessions', '3');
  assert.equal(status, 0);
  assert.match(stdout, /^accepted +30 messages in \d+\.\d\d s \(\d+\/s\) over 3 connections\n$/);
  assert.equal(sink.counts.total.messages, 30);
});

test('refusals end with status 1; --json has the figures', async () => {
  const sink = await sinkOf(452);
  const { status, stdout } = await run('--to', sink.endpoints[0]!, '--messages', '30', '--json');
  assert.equal(status, 1);
  const { accepted, refused, unsent } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([accepted, refused, unsent], [0, { 452: 30 }, 0]);
});

test('a target that is not this machine: status 2, nothing sent', async () => {
  assert.deepEqual(await run('--to', '192.0.2.1:25'), { status: 2, stdout: '' });
});
