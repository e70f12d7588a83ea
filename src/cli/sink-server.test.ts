import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, test } from 'node:test';
import type { SinkBehaviour } from './sink-behaviour.ts';
import { RawClient } from './sink-raw-client.ts';
import { openSink, type Sink, type SinkMessage, type SinkOptions } from './sink-server.ts';

const LOCAL = { address: '127.0.0.1', port: 0 };
const opened: Sink[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.reset();
  for (const sink of opened.splice(0)) await sink.close();
});

async function sinkOf(behaviour: Partial<SinkBehaviour> = {}, options: Partial<SinkOptions> = {}): Promise<Sink> {
  const sink = await openSink({ listen: [{ ...LOCAL, behaviour }], ...options });
  opened.push(sink);
  return sink;
}

async function clientOf(sink: Sink, localAddress?: string, endpoint = sink.endpoints[0]!): Promise<RawClient> {
  const client = await RawClient.open(endpoint, localAddress);
  clients.push(client);
  return client;
}

const ENVELOPE = 'MAIL FROM:<a@example.org>\r\nRCPT TO:<b@Example.com>\r\nDATA\r\n';

test('a session: every command is answered, the message arrives, QUIT ends with our FIN', async () => {
  const messages: SinkMessage[] = [];
  const sink = await sinkOf({}, { onMessage: (message) => messages.push(message) });
  const client = await clientOf(sink);
  assert.equal(await client.reply(), '220 sink.headgate.test ESMTP');
  assert.deepEqual((await client.ask('EHLO client.test')).split('\r\n'), [
    '250-sink.headgate.test',
    '250-SIZE 67108864',
    '250-ENHANCEDSTATUSCODES',
    '250-PIPELINING',
    '250 8BITMIME',
  ]);
  assert.equal(await client.ask('MAIL FROM:<a@example.org> BODY=8BITMIME'), '250 2.1.0 sender ok');
  assert.equal(await client.ask('RCPT TO:<b@Example.com>'), '250 2.1.5 recipient ok');
  assert.equal(await client.ask('DATA'), '354 go on');
  assert.equal(
    await client.ask('..a dot\r\nSubject: x\r\n\r\n.\r\n..\r\n.'.replace('\r\n.\r\n', '\r\n..\r\n')),
    '250 2.0.0 taken',
  );
  assert.equal(await client.ask('NOOP'), '250 2.0.0 nothing done');
  assert.equal(await client.ask('QUIT'), '221 2.0.0 bye');
  assert.equal(await client.reply(), 'ended');
  assert.equal(messages[0]!.content.toString('latin1'), '.a dot\r\nSubject: x\r\n\r\n.\r\n.\r\n');
  assert.deepEqual(messages[0]!.recipients, ['b@Example.com']);
  assert.deepEqual(sink.counts.of({ domain: 'example.com' }), {
    now: 0,
    peak: 1,
    opened: 1,
    messages: 1,
    recipients: 1,
  });
  assert.equal(sink.snapshot().violations, 0);
  assert.equal(sink.snapshot().octets, 'X.a dot\r\nSubject: x\r\n\r\nX.\r\nX.\r\n'.length);
});

test('the final dot is found wherever the chunks are cut', async () => {
  const sink = await sinkOf({}, { idHeader: 'X-Headgate-Test-Id' });
  const data = 'x-headgate-test-id: one\r\nA: b\r\n\r\ntext\r\n..\r\n.text\r\n.\r\n';
  for (let cut = 1; cut < data.length; cut++) {
    const client = await clientOf(sink);
    await client.greet();
    client.send(ENVELOPE);
    for (let reply = 0; reply < 3; reply++) await client.reply();
    client.send(data.slice(0, cut));
    // The two halves may be joined on their way; then the case before it has tested the same.
    await new Promise((resolve) => setImmediate(resolve));
    client.send(`${data.slice(cut)}QUIT\r\n`);
    assert.equal(await client.reply(), '250 2.0.0 taken', `cut at ${cut}`);
    assert.equal(await client.reply(), '221 2.0.0 bye');
  }
  assert.equal(sink.arrivals.count('one', 'b@Example.com'), data.length - 1);
  assert.equal(sink.snapshot().octets, (data.length - 1) * (data.length - 3));
});

test('messages and envelopes that come in one chunk are all answered', async () => {
  const sink = await sinkOf();
  const client = await clientOf(sink);
  await client.greet();
  client.send(ENVELOPE);
  for (let reply = 0; reply < 3; reply++) await client.reply();
  client.send(`x\r\n.\r\n${ENVELOPE}`);
  assert.match(await client.reply(), /^250 2\.0/);
  for (const code of ['250', '250', '354']) assert.equal((await client.reply()).slice(0, 3), code);
  client.send('.\r\nQUIT\r\n');
  assert.match(await client.reply(), /^250/);
  assert.match(await client.reply(), /^221/);
  assert.equal(sink.counts.total.messages, 2);
  assert.equal(sink.snapshot().octets, 3);
  assert.equal(sink.snapshot().violations, 0);
});

for (const [stage, lines, code] of [
  ['banner', [], 554],
  ['banner', [], 421],
  ['ehlo', ['EHLO x'], 550],
  ['mail', ['EHLO x', 'MAIL FROM:<>'], 451],
  ['rcpt', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>'], 550],
  ['data', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>', 'DATA'], 421],
  ['final', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>', 'DATA', 'x\r\n.'], 452],
  ['rset', ['EHLO x', 'RSET'], 500],
  ['quit', ['QUIT'], 500],
] as const) {
  test(`${code} at ${stage}`, async () => {
    const sink = await sinkOf({ refusals: [{ stage, code, rate: 1 }] });
    const client = await clientOf(sink);
    let reply = await client.reply();
    for (const line of lines) reply = await client.ask(line);
    assert.equal(reply.slice(0, 3), String(code));
    if (code === 421 || stage === 'banner') assert.equal(await client.reply(), 'ended');
    else assert.match(await client.ask('NOOP'), /^250/);
    assert.equal(sink.snapshot().refusals, 1);
    assert.equal(sink.counts.total.messages, 0);
  });
}

test('after a refused MAIL, RCPT and DATA are refused too; after refused RCPTs, DATA is', async () => {
  const sink = await sinkOf({ refusals: [{ stage: 'mail', code: 550, rate: 1 }] });
  const client = await clientOf(sink);
  await client.greet();
  client.send(ENVELOPE);
  for (const code of ['550', '503', '503']) assert.equal((await client.reply()).slice(0, 3), code);
  sink.setBehaviour(sink.endpoints[0]!, { refusals: [{ stage: 'rcpt', code: 550, rate: 1 }] });
  client.send(ENVELOPE);
  for (const code of ['250', '550', '554']) assert.equal((await client.reply()).slice(0, 3), code);
});

test('354 without recipients: the lone dot is refused', async () => {
  const sink = await sinkOf({ refusals: [{ stage: 'rcpt', code: 550, rate: 1 }], takesDataWithoutRecipients: true });
  const client = await clientOf(sink);
  await client.greet();
  client.send(ENVELOPE);
  for (const code of ['250', '550', '354']) assert.equal((await client.reply()).slice(0, 3), code);
  assert.match(await client.ask('.'), /^554/);
  assert.match(await client.ask('RSET'), /^250/);
});

for (const [stage, lines] of [
  ['banner', []],
  ['ehlo', ['EHLO x']],
  ['mail', ['EHLO x', 'MAIL FROM:<>']],
  ['rcpt', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>']],
  ['data', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>', 'DATA']],
  ['body', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>', 'DATA', 'not the end']],
  ['final', ['EHLO x', 'MAIL FROM:<>', 'RCPT TO:<a@b.test>', 'DATA', 'x\r\n.']],
  ['quit', ['QUIT']],
] as const) {
  for (const [how, seen] of [
    ['hangUp', 'ended'],
    ['reset', 'reset'],
  ] as const) {
    test(`${how} at ${stage}: counted down when it happens`, async () => {
      const sink = await sinkOf({ breaks: [{ stage, how, rate: 1 }] });
      const client = await clientOf(sink);
      let reply = await client.reply();
      for (const line of lines) reply = await client.ask(line);
      assert.equal(reply, seen);
      assert.equal(sink.counts.total.now, 0);
      assert.equal(sink.counts.total.peak, 1);
      assert.equal(sink.snapshot().breaks, 1);
    });
  }
}

test('silence: no answer, still counted, until the client leaves', async () => {
  const sink = await sinkOf({ breaks: [{ stage: 'mail', how: 'silence', rate: 1 }] });
  const client = await clientOf(sink);
  await client.greet();
  client.send('MAIL FROM:<>\r\nNOOP\r\n');
  await sink.when(() => sink.snapshot().breaks === 1);
  assert.equal(sink.counts.total.now, 1);
  client.end();
  assert.equal(await client.reply(), 'ended');
  assert.equal(sink.counts.total.now, 0);
});

test('a rate of one half happens sometimes, and the same with the same seed', async () => {
  const refusedOf = async (seed: number): Promise<string> => {
    const sink = await sinkOf({ refusals: [{ stage: 'mail', code: 450, rate: 0.5 }] }, { seed });
    const client = await clientOf(sink);
    await client.greet();
    let codes = '';
    for (let round = 0; round < 64; round++) {
      codes += (await client.ask('MAIL FROM:<>')).slice(0, 1);
      await client.ask('RSET');
    }
    return codes;
  };
  const codes = await refusedOf(7);
  assert.match(codes, /4/);
  assert.match(codes, /2/);
  assert.equal(await refusedOf(7), codes);
  assert.notEqual(await refusedOf(8), codes);
});

test('delays: later commands wait for the delayed reply, and order stays', async () => {
  const sink = await sinkOf({
    delays: { banner: { from: 25, to: 25 }, mail: { from: 1, to: 10 }, final: { from: 10, to: 10 } },
  });
  // Before connecting: the sink's delay counts from its accept, which may come long before a busy client goes on.
  const start = performance.now();
  const client = await clientOf(sink);
  await client.greet();
  assert.ok(performance.now() - start >= 20);
  client.send(ENVELOPE);
  for (const code of ['250 2.1.0', '250 2.1.5', '354 go on']) assert.equal((await client.reply()).slice(0, 9), code);
  client.send('x\r\n.\r\nMAIL FROM:<>\r\n');
  assert.match(await client.reply(), /taken/);
  assert.equal(sink.counts.total.messages, 1);
  assert.match(await client.reply(), /sender/);
  assert.equal(sink.snapshot().violations, 0);
});

test('missing extensions: not offered, and their use is seen', async () => {
  const sink = await sinkOf({ ehlo: false, pipelining: false, eightBitMime: false });
  const client = await clientOf(sink);
  await client.reply();
  assert.match(await client.ask('EHLO x'), /^502/);
  assert.equal(await client.ask('HELO x'), '250 sink.headgate.test');
  assert.match(await client.ask('MAIL FROM:<> BODY=8BITMIME'), /^555/);
  assert.equal(sink.snapshot().violations, 1);
  client.send('MAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\n');
  assert.match(await client.reply(), /^250/);
  assert.match(await client.reply(), /^250/);
  assert.equal(sink.snapshot().violations, 2);
  sink.setBehaviour(sink.endpoints[0]!, { pipelining: false, eightBitMime: false });
  assert.doesNotMatch(await client.ask('EHLO x'), /PIPELINING|8BITMIME/);
});

test('violations: data before 354, bare line feeds, commands out of turn, lines that are too long', async () => {
  const sink = await sinkOf({ delays: { data: { from: 5, to: 5 } } });
  const client = await clientOf(sink);
  await client.reply();
  for (const [line, code] of [
    ['MAIL FROM:<>', '503'],
    ['FROB', '500'],
    ['MAIL FROM: a@b', '501'],
    ['NOOP\nNOOP', '250'],
  ] as const) {
    assert.equal((await client.ask(line)).slice(0, 3), code);
  }
  await client.reply();
  assert.equal(sink.snapshot().violations, 4);
  await client.ask('EHLO x');
  client.send(`${ENVELOPE}x\r\n.\r\n`);
  for (const code of ['250', '250', '354', '250']) assert.equal((await client.reply()).slice(0, 3), code);
  assert.equal(sink.snapshot().violations, 5);
  client.send('x'.repeat(4_097));
  assert.match(await client.reply(), /^421 4\.5\.2/);
  assert.equal(await client.reply(), 'ended');
});

test('messages per connection, size and idle time are limited', async () => {
  const sink = await sinkOf({ messagesPerConnection: 1, sizeMax: 10, idleTimeoutMs: 50 });
  const client = await clientOf(sink);
  await client.greet();
  client.send(ENVELOPE);
  for (let reply = 0; reply < 3; reply++) await client.reply();
  assert.match(await client.ask('123456789\r\n.'), /^552/); // eleven octets
  client.send(ENVELOPE);
  for (let reply = 0; reply < 3; reply++) await client.reply();
  assert.match(await client.ask('12345678\r\n.'), /^250/);
  assert.match(await client.ask('MAIL FROM:<>'), /^421/);
  const idle = await clientOf(sink);
  await idle.reply();
  assert.match(await idle.reply(), /^421 4\.4\.2/);
  assert.equal(await idle.reply(), 'ended');
});

test("the sink's own limit: 421 above it, for each source by itself; those above it were open, too", async () => {
  const sink = await sinkOf({ connectionsPerSource: 1 });
  const first = await clientOf(sink, '127.0.0.2');
  assert.match(await first.reply(), /^220/);
  const second = await clientOf(sink, '127.0.0.2');
  assert.match(await second.reply(), /^421/);
  assert.equal(await second.reply(), 'ended');
  assert.match(await (await clientOf(sink, '127.0.0.3')).reply(), /^220/);
  assert.equal(sink.counts.of({ source: '127.0.0.2' }).peak, 2);
  assert.match(await (await clientOf(sink, '127.0.0.2')).reply(), /^421/);
  first.end();
  await sink.whenConnections(0, { source: '127.0.0.2' });
  assert.match(await (await clientOf(sink, '127.0.0.2')).reply(), /^220/);
});

test('hold after QUIT: the connection counts until the sink closes it', async () => {
  const sink = await sinkOf({ holdAfterQuit: { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY } });
  const client = await clientOf(sink);
  await client.greet();
  assert.match(await client.ask('QUIT'), /^221/);
  assert.equal(sink.counts.total.now, 1);
  sink.setBehaviour(sink.endpoints[0]!, { holdAfterQuit: { from: 5, to: 5 } });
  const other = await clientOf(sink);
  await other.greet();
  assert.match(await other.ask('QUIT'), /^221/);
  assert.equal(await other.reply(), 'ended');
  assert.equal(sink.counts.total.now, 1);
});

test('counts: by source, destination and domain, now and at most', async () => {
  const sink = await sinkOf();
  const there = await sink.listen({ address: '127.0.0.9', port: 0 });
  const [here] = sink.endpoints as [string];
  const a = await clientOf(sink, '127.0.0.2', here);
  const b = await clientOf(sink, '127.0.0.2', there);
  const c = await clientOf(sink, '127.0.0.3', there);
  await sink.whenConnections(3);
  assert.equal(sink.counts.of({ source: '127.0.0.2' }).now, 2);
  assert.equal(sink.counts.of({ source: '127.0.0.2', destination: there }).now, 1);
  assert.equal(sink.counts.of({ destination: there }).now, 2);
  for (const client of [a, b, c]) {
    await client.greet();
    client.send('MAIL FROM:<>\r\nRCPT TO:<a@x.test>\r\nRCPT TO:<b@X.test>\r\nRCPT TO:<a@y.test>\r\nDATA\r\n');
    for (let reply = 0; reply < 5; reply++) await client.reply();
    await client.ask('.');
  }
  assert.deepEqual(sink.counts.of({ source: '127.0.0.2', domain: 'x.test' }), {
    now: 2,
    peak: 2,
    opened: 2,
    messages: 2,
    recipients: 4,
  });
  assert.equal(sink.counts.of({ domain: 'y.test' }).peak, 3);
  assert.equal(sink.counts.of({ domain: 'z.test' }).peak, 0);
  a.end();
  b.reset();
  await sink.whenConnections(1);
  assert.equal(sink.counts.of({ source: '127.0.0.2', domain: 'x.test' }).now, 0);
  assert.equal(sink.counts.of({ source: '127.0.0.2', domain: 'x.test' }).peak, 2);
  assert.deepEqual(sink.snapshot().total, { now: 1, peak: 3, opened: 3, messages: 3, recipients: 9 });
});

test('a client that connects again after our FIN never makes two', async () => {
  const sink = await sinkOf();
  for (let round = 0; round < 200; round++) {
    const client = await clientOf(sink);
    client.send('QUIT\r\n');
    while ((await client.reply()) !== 'ended');
  }
  assert.equal(sink.counts.total.opened, 200);
  assert.equal(sink.counts.total.peak, 1);
});

test('a connection that was reset before it was accepted never counts', async () => {
  const sink = await sinkOf();
  // While this process waits for the child, the kernel completes the connection and takes the reset.
  const script = `require('node:net').connect(${sink.portOf(sink.endpoints[0]!)}, '127.0.0.1', function () { this.resetAndDestroy(); })`;
  assert.equal(spawnSync(process.execPath, ['-e', script]).status, 0);
  const client = await clientOf(sink); // accepted behind the other
  await client.reply();
  assert.deepEqual(sink.counts.of({}), { now: 1, peak: 1, opened: 1, messages: 0, recipients: 0 });
});

test('shut: connects are refused, open connections stay; resetConnections resets them', async () => {
  const sink = await sinkOf();
  const [endpoint] = sink.endpoints as [string];
  const client = await clientOf(sink);
  await client.greet();
  sink.shut(endpoint);
  await assert.rejects(RawClient.open(endpoint), { code: 'ECONNREFUSED' });
  assert.match(await client.ask('NOOP'), /^250/);
  sink.resetConnections();
  assert.equal(await client.reply(), 'reset');
  assert.throws(() => sink.shut(endpoint), { message: `the sink does not listen on ${endpoint}` });
});

test('waits: met at once, met later, and ended by close', async () => {
  const sink = await sinkOf();
  await sink.whenReceived(0);
  await sink.whenConnections(0);
  const received = assert.rejects(sink.whenReceived(1), /closed before/);
  await sink.close();
  await received;
});

test('an address that is taken is said by openSink, and nothing stays open', async () => {
  const sink = await sinkOf();
  const port = sink.portOf(sink.endpoints[0]!);
  await assert.rejects(openSink({ listen: [LOCAL, { address: '127.0.0.1', port }] }), { code: 'EADDRINUSE' });
});
