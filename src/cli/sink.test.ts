import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, test } from 'node:test';
import { AT_ONCE, PLAIN_BEHAVIOUR } from './sink-behaviour.ts';
import { parseSinkArguments, type SinkArguments } from './sink-options.ts';
import { RawClient } from './sink-raw-client.ts';

function parse(words: string): SinkArguments {
  const parsed = parseSinkArguments(words.split(' ').filter((word) => word !== ''));
  assert.equal(parsed.kind, 'arguments', JSON.stringify(parsed));
  return (parsed as { arguments: SinkArguments }).arguments;
}

test('without arguments: a plain receiver on 127.0.0.1:2525', () => {
  assert.deepEqual(parse(''), {
    listen: [{ address: '127.0.0.1', port: 2525, behaviour: PLAIN_BEHAVIOUR }],
    seed: 1,
    count: 0,
    idHeader: null,
    json: false,
  });
});

test('behaviour before --listen is for all addresses, behind it for that one', () => {
  const { listen } = parse(
    '--hold 5 --listen :25 --delay rcpt=1-2 --refuse mail=450:0.5 --listen [::1]:0 --reset data',
  );
  assert.deepEqual(
    listen.map(({ address, port }) => [address, port]),
    [
      ['127.0.0.1', 25],
      ['::1', 0],
    ],
  );
  assert.deepEqual(listen[0]!.behaviour, {
    ...PLAIN_BEHAVIOUR,
    delays: { rcpt: { from: 1, to: 2 } },
    refusals: [{ stage: 'mail', code: 450, rate: 0.5 }],
    holdAfterQuit: { from: 5, to: 5 },
  });
  assert.deepEqual(listen[1]!.behaviour, {
    ...PLAIN_BEHAVIOUR,
    breaks: [{ stage: 'data', how: 'reset', rate: 1 }],
    holdAfterQuit: { from: 5, to: 5 },
  });
});

test('every behaviour can be said', () => {
  const words =
    '--delay 3 --delay banner=0 --hang-up quit:0.25 --silence body --without ehlo --without pipelining --without 8bitmime ' +
    '--size-max 9 --messages-per-connection 8 --connections-per-source 7 --idle-timeout 6 --hold never';
  const { behaviour } = parse(words).listen[0]!;
  assert.deepEqual(behaviour?.delays?.banner, AT_ONCE);
  assert.deepEqual(behaviour?.delays?.final, { from: 3, to: 3 });
  assert.deepEqual(behaviour?.breaks, [
    { stage: 'quit', how: 'hangUp', rate: 0.25 },
    { stage: 'body', how: 'silence', rate: 1 },
  ]);
  const { ehlo, pipelining, eightBitMime, sizeMax, messagesPerConnection, connectionsPerSource, idleTimeoutMs } =
    behaviour!;
  assert.deepEqual([ehlo, pipelining, eightBitMime], [false, false, false]);
  assert.deepEqual([sizeMax, messagesPerConnection, connectionsPerSource, idleTimeoutMs], [9, 8, 7, 6]);
  assert.equal(behaviour?.holdAfterQuit?.to, Number.POSITIVE_INFINITY);
});

for (const [words, reason] of [
  ['--listen 192.0.2.1:25', /not this machine; expected an address of 127\.0\.0\.0\/8/],
  ['--listen mx.example.com:25', /not this machine/],
  ['--listen 0.0.0.0:25', /not this machine/],
  ['--listen 25', /expected address:port/],
  ['--listen :65536', /up to 65535/],
  ['--delay 5-3', /--delay: found "5-3"; expected milliseconds/],
  ['--delay body-5', /--delay/],
  ['--refuse rcpt=250', /--refuse: .*expected STAGE=CODE/],
  ['--refuse body=550', /--refuse/],
  ['--refuse rcpt=550:1.1', /--refuse/],
  ['--reset nowhere', /--reset: .*expected STAGE/],
  ['--without tls', /expected ehlo, pipelining or 8bitmime/],
  ['--count -1', /count/],
  ['--seed x', /--seed: found "x"; expected a number/],
  ['--frob', /--frob/],
  ['word', /word/],
] as const) {
  test(`refused: ${words}`, () => {
    const parsed = parseSinkArguments(words.split(' '));
    assert.equal(parsed.kind, 'refused');
    assert.match((parsed as { reason: string }).reason, reason);
  });
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL'); // of a test that failed
});

interface Running {
  /** `address:port` of each listener. */
  readonly endpoints: readonly string[];
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly status: number | null; readonly stdout: string }>;
}

async function start(...words: string[]): Promise<Running> {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, 'sink', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout }));
  const [line] = (await once(child.stderr.setEncoding('utf8'), 'data')) as [string];
  const endpoints = line.trim().replace('listening on ', '').split(', ');
  return { endpoints, signal: (name) => child.kill(name), ended };
}

async function deliver(endpoint: string, id: string): Promise<void> {
  const client = await RawClient.open(endpoint);
  await client.greet();
  client.send('MAIL FROM:<>\r\nRCPT TO:<a@example.com>\r\nDATA\r\n');
  for (let reply = 0; reply < 3; reply++) await client.reply();
  await client.ask(`X-Headgate-Test-Id: ${id}\r\n\r\n.`);
  await client.ask('QUIT');
  await client.reply();
}

test('--count: ends by itself and prints what came', async () => {
  const sink = await start('--listen', '127.0.0.1:0', '--listen', '[::1]:0', '--count', '3', '--ids');
  await deliver(sink.endpoints[0]!, 'one');
  await deliver(sink.endpoints[1]!, 'two');
  await deliver(sink.endpoints[1]!, 'two');
  const { status, stdout } = await sink.ended;
  assert.equal(status, 0);
  assert.match(stdout, /^connections +3, at most 1 at once, 0 open\nmessages +3 to 3 recipients, /);
  assert.match(stdout, /distinct +2 pairs of id and recipient, 1 repeated/);
  assert.match(stdout, /^::1 +example\.com +1 +0 +2 +2 +2$/m);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: prints the figures as JSON`, async () => {
    const sink = await start('--listen', '127.0.0.1:0', '--json');
    await deliver(sink.endpoints[0]!, 'one');
    sink.signal(signal);
    const { status, stdout } = await sink.ended;
    assert.equal(status, 0);
    const figures = JSON.parse(stdout) as { total: unknown; rows: unknown[]; violations: number };
    assert.deepEqual(figures.total, { now: 0, peak: 1, opened: 1, messages: 1, recipients: 1 });
    assert.equal(figures.rows.length, 6);
    assert.equal(figures.violations, 0);
  });
}

test('an address that is taken ends with 1 and says so', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const sink = await start('--listen', `127.0.0.1:${port}`);
  assert.equal(sink.endpoints[0], `headgate sink: cannot listen on 127.0.0.1:${port}: in use by another process`);
  assert.equal((await sink.ended).status, 1);
  server.close();
});
