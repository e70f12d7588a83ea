import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, afterEach, test } from 'node:test';
import { type SendOptions, type SendResult, sendMail } from './send-client.ts';
import { MessageMaker } from './send-message.ts';
import { SendSource } from './send-source.ts';
import { TEST_ID_HEADER } from './sink-arrivals.ts';
import type { SinkBehaviour } from './sink-behaviour.ts';
import { openSink, type Sink, type SinkMessage } from './sink-server.ts';

const opened: Sink[] = [];
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
});

async function sinkOf(
  behaviour: Partial<SinkBehaviour> = {},
  onMessage?: (message: SinkMessage) => void,
): Promise<Sink> {
  const sink = await openSink({
    listen: [{ address: '127.0.0.1', port: 0, behaviour }],
    idHeader: TEST_ID_HEADER,
    ...(onMessage === undefined ? {} : { onMessage }),
  });
  opened.push(sink);
  return sink;
}

function send(sink: Sink, options: Partial<SendOptions> = {}): Promise<SendResult> {
  const target = { address: '127.0.0.1', port: sink.portOf(sink.endpoints[0]!) };
  return sendMail({ target, messages: 100, sessions: 5, ...options });
}

for (const pipelining of ['no', 'envelope', 'overlap'] as const) {
  test(`pipelining ${pipelining}: all arrive once, over as many sessions as wanted, and all sessions end`, async () => {
    const sink = await sinkOf();
    const result = await send(sink, { pipelining, recipientsPerMessage: 2, domains: ['a.test', 'b.test', 'c.test'] });
    assert.equal(result.accepted.size, 100);
    assert.equal(result.failure, null);
    assert.deepEqual([result.unsent, result.unanswered.length, result.connections], [0, 0, 5]);
    assert.deepEqual(sink.arrivals.check(result.accepted), { missing: [], repeated: 0, unexpected: 0 });
    const { total, violations } = sink.snapshot();
    assert.deepEqual([total.messages, total.recipients, total.opened, total.now], [100, 200, 5, 0]);
    assert.equal(violations, 0);
  });

  test(`pipelining ${pipelining}: refusals at every stage are counted by their code, once for each message`, async () => {
    for (const stage of ['mail', 'rcpt', 'data', 'final'] as const) {
      const sink = await sinkOf({ refusals: [{ stage, code: 451, rate: 0.3 }] });
      const result = await send(sink, { pipelining });
      const refused = result.refusedByCode.get(451) ?? 0;
      assert.ok(refused > 0 && refused < 100, stage);
      assert.equal(result.accepted.size + refused, 100, stage);
      assert.equal(result.refusedByCode.size, 1, stage);
      assert.deepEqual(sink.arrivals.check(result.accepted), { missing: [], repeated: 0, unexpected: 0 });
      assert.equal(sink.snapshot().violations, 0, stage);
      assert.equal(result.recipientsRefusedByCode.get(451) ?? 0, stage === 'rcpt' ? refused : 0);
    }
  });

  test(`pipelining ${pipelining}: 354 after refused recipients is answered with a lone dot`, async () => {
    const refusals = [{ stage: 'rcpt', code: 550, rate: 0.5 }] as const;
    const sink = await sinkOf({ refusals, takesDataWithoutRecipients: true });
    const result = await send(sink, { pipelining });
    assert.equal(result.accepted.size + result.refusedByCode.get(550)!, 100);
    assert.deepEqual(sink.arrivals.check(result.accepted), { missing: [], repeated: 0, unexpected: 0 });
  });

  test(`pipelining ${pipelining}: 421 after some messages means another connection`, async () => {
    const sink = await sinkOf({ messagesPerConnection: 7 });
    const result = await send(sink, { pipelining, sessions: 1 });
    assert.equal(result.accepted.size, 100);
    assert.equal(result.connections, 15);
    assert.deepEqual(sink.arrivals.check(result.accepted), { missing: [], repeated: 0, unexpected: 0 });
  });

  test(`pipelining ${pipelining}: connections that break anywhere lose nothing that was accepted`, async () => {
    const stages = ['mail', 'rcpt', 'data', 'body', 'final'] as const;
    const sink = await sinkOf({
      breaks: stages.flatMap((stage) => [
        { stage, how: 'reset', rate: 0.02 } as const,
        { stage, how: 'hangUp', rate: 0.02 } as const,
      ]),
    });
    const result = await send(sink, { pipelining, messages: 300, reconnectMs: 10_000 });
    assert.ok(sink.snapshot().breaks > 0);
    assert.ok(result.unanswered.length > 0);
    assert.equal(result.accepted.size + result.unanswered.length, 300);
    assert.equal(result.unsent, 0);
    const { missing, repeated, unexpected } = sink.arrivals.check(result.accepted);
    assert.deepEqual(missing, []);
    assert.equal(repeated, 0);
    assert.ok(unexpected <= result.unanswered.length);
  });
}

test('without PIPELINING or EHLO the client waits for every reply, whatever was asked for', async () => {
  const sink = await sinkOf({ ehlo: false, pipelining: false });
  const result = await send(sink, { pipelining: 'overlap' });
  assert.equal(result.accepted.size, 100);
  assert.equal(sink.snapshot().violations, 0);
});

test('a server that dies and comes again: the accepted ones are exactly known', async () => {
  const sink = await sinkOf();
  const [endpoint] = sink.endpoints as [string];
  const running = send(sink, { messages: 2_000, reconnectMs: 20_000 });
  await sink.whenReceived(500);
  sink.shut(endpoint);
  sink.resetConnections();
  await sink.listen({ address: '127.0.0.1', port: sink.portOf(endpoint) });
  const result = await running;
  assert.equal(result.accepted.size + result.unanswered.length, 2_000);
  const { missing, unexpected } = sink.arrivals.check(result.accepted);
  assert.deepEqual(missing, []);
  assert.ok(unexpected <= result.unanswered.length);
});

test('nobody there: nothing is sent, and the reason is given', async () => {
  const sink = await sinkOf();
  const port = sink.portOf(sink.endpoints[0]!);
  await sink.close();
  const result = await sendMail({ target: { address: '127.0.0.1', port }, messages: 3, reconnectMs: 150 });
  assert.deepEqual([result.accepted.size, result.unsent, result.failure], [0, 3, 'ECONNREFUSED']);
});

test('a server that only says 421 or 554 is left alone', async () => {
  for (const code of [421, 554]) {
    const sink = await sinkOf({ refusals: [{ stage: 'banner', code, rate: 1 }] });
    const result = await send(sink, { messages: 3 });
    assert.equal(result.unsent, 3);
    assert.match(result.failure!, new RegExp(`the server answered ${code}`));
  }
});

test('what answers is no mail server, or does not answer', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
  after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const result = await sendMail({ target: { address: '127.0.0.1', port }, messages: 1 });
  assert.match(result.failure!, /an answer that is none: HTTP/);
  const silent = await sinkOf({ breaks: [{ stage: 'final', how: 'silence', rate: 1 }] });
  const unanswered = await send(silent, { messages: 1, timeoutMs: 50 });
  assert.deepEqual([unanswered.unanswered.length, unanswered.unsent], [1, 0]);
  assert.match(unanswered.failure!, /silent for too long/);
});

test('a signal ends the run in order', async () => {
  const sink = await sinkOf({ delays: { final: { from: 1, to: 1 } } });
  const stop = new AbortController();
  const running = send(sink, { messages: 100_000, signal: stop.signal });
  await sink.whenReceived(50);
  stop.abort();
  const result = await running;
  assert.ok(result.unsent > 0);
  assert.equal(result.accepted.size, 100_000 - result.unsent);
  assert.equal(result.unanswered.length, 0);
  assert.deepEqual(sink.arrivals.check(result.accepted), { missing: [], repeated: 0, unexpected: 0 });
});

test('what a message looks like', async () => {
  const messages: SinkMessage[] = [];
  const sink = await sinkOf({}, (message) => messages.push(message));
  await send(sink, {
    messages: 4,
    sessions: 1,
    size: 1_000,
    idPrefix: 'run',
    domains: ['a.test', 'b.test'],
    bindings: ['x', 'y'],
    headers: ['X-Extra: 1'],
    reversePath: '',
  });
  assert.deepEqual(
    messages.map(({ reversePath, recipients, content }) => [
      reversePath,
      recipients[0],
      content.length,
      /^X-Binding: (.*)$/m.exec(content.toString())![1],
    ]),
    [
      ['', 'recipient-1-1@a.test', 1_000, 'x'],
      ['', 'recipient-2-1@b.test', 1_000, 'x'],
      ['', 'recipient-3-1@a.test', 1_000, 'y'],
      ['', 'recipient-4-1@b.test', 1_000, 'y'],
    ],
  );
  const text = messages[0]!.content.toString();
  assert.match(text, /^X-Headgate-Test-Id: run-1\r$/m);
  assert.match(text, /^X-Extra: 1\r$/m);
  assert.doesNotMatch(text, /[^\r]\n|\r[^\n]/);
});

test('any size makes whole lines of at most 998 octets', () => {
  for (let size = 1; size < 600; size++) {
    const maker = new MessageMaker({
      size,
      domains: ['a.test'],
      recipientsPerMessage: 1,
      reversePath: 'a@b.test',
      headers: [],
      bindings: [],
      idPrefix: 'r',
    });
    const { data } = maker.make(0);
    const header = data.indexOf('\r\n\r\n') + 4;
    assert.equal(data.length - 3, Math.max(size, header + 2));
    assert.match(data, /\r\n\.\r\n$/);
    assert.ok(data.split('\r\n').every((line) => line.length <= 998 && !line.includes('\n')));
  }
});

test('the rate: no message before its time, and what is given back comes first', () => {
  const plan = { size: 1, domains: ['a.test'], recipientsPerMessage: 1, reversePath: '', headers: [], bindings: [] };
  const source = new SendSource(new MessageMaker({ ...plan, idPrefix: 'r' }), 3, 10, 1_000);
  const first = source.take(1_000);
  assert.ok(first.kind === 'message');
  assert.deepEqual(source.take(1_000), { kind: 'wait', ms: 100 });
  assert.deepEqual(source.take(1_099), { kind: 'wait', ms: 1 });
  assert.equal(source.take(1_100).kind, 'message');
  source.giveBack(first.message);
  assert.equal(source.left, 2);
  assert.deepEqual(source.take(1_100), first);
  assert.equal(source.take(1_200).kind, 'message');
  assert.deepEqual(source.take(9_999), { kind: 'none' });
  source.giveBack(first.message);
  source.stop();
  assert.deepEqual(source.take(9_999), { kind: 'none' });
});
