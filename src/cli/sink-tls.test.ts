import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { certificate, certificateFile } from '../../test/support/certificates.ts';
import { parseSinkArguments } from './sink-options.ts';
import { openSink, type Sink, type SinkMessage } from './sink-server.ts';
import { START_TLS_FAULTS, type StartTlsFault, sinkTls } from './sink-tls.ts';

/** A client that keeps what it read. */
class Client {
  readonly socket: Socket;
  text = '';
  isOver = false;
  #told = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (octets: Buffer) => {
      this.text += octets.toString('latin1');
      this.#told();
    });
    for (const event of ['end', 'error', 'close'])
      socket.on(event, () => {
        this.isOver = true;
        this.#told();
      });
  }

  async until(isThere: (client: this) => boolean): Promise<void> {
    while (!isThere(this)) await new Promise<void>((resolve) => (this.#told = resolve));
  }

  async ask(line: string, answer: RegExp): Promise<void> {
    this.text = '';
    this.socket.write(`${line}\r\n`);
    await this.until(({ text }) => answer.test(text));
  }
}

async function open(
  t: TestContext,
  fault: StartTlsFault,
): Promise<{ sink: Sink; client: Client; messages: SinkMessage[] }> {
  const messages: SinkMessage[] = [];
  const sink = await openSink({
    listen: [{ address: '127.0.0.1', port: 0, behaviour: { tls: sinkTls(certificate('receiver'), fault) } }],
    onMessage: (message) => messages.push(message),
  });
  t.after(() => sink.close());
  const client = new Client(connectTcp(sink.portOf(sink.endpoints[0]!), '127.0.0.1'));
  t.after(() => client.socket.destroy());
  await client.until(({ text }) => text.startsWith('220'));
  await client.ask('EHLO me', /^250-[\s\S]*250-?[\s\S]*STARTTLS\r\n/);
  return { sink, client, messages };
}

test('a message over TLS, counted from accept to the end', async (t) => {
  const { sink, client, messages } = await open(t, 'none');
  await client.ask('STARTTLS', /^220 .*\r\n$/);
  client.socket.removeAllListeners('data');
  const secure = new Client(
    connect({ socket: client.socket, ca: certificate('authority'), servername: 'mx.tls.example' }),
  );
  await secure.ask('MAIL FROM:<a@b.example>', /^503 5\.5\.1 EHLO/);
  await secure.ask('EHLO me', /^250-[\s\S]*8BITMIME\r\n$/);
  assert.doesNotMatch(secure.text, /STARTTLS/);
  await secure.ask('MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA', /354/);
  await secure.ask('Subject: x\r\n\r\ny\r\n.', /^250/);
  assert.deepEqual([messages[0]?.tls, sink.counts.total.now], ['TLSv1.3', 1]);
  await secure.ask('QUIT', /^221/);
  assert.equal(sink.counts.total.now, 0);
  await secure.until(({ isOver }) => isOver);
  assert.deepEqual([sink.snapshot().handshakes, sink.snapshot().violations], [1, 1]);
});

test('refused: the session goes on', async (t) => {
  const { client } = await open(t, 'refuse');
  await client.ask('STARTTLS', /^454 4\.7\.0 .*\r\n$/);
  await client.ask('NOOP', /^250/);
});

test('a reply in clear comes with the go-ahead', async (t) => {
  const { client } = await open(t, 'inject');
  await client.ask('STARTTLS', /^220 .*\r\n250 .*\r\n$/);
});

test('clear text in place of a handshake', async (t) => {
  const { client } = await open(t, 'fail');
  await client.ask('STARTTLS', /^220 .*\r\n$/);
  await client.ask('hello', /^250 2\.0\.0 what was that\r\n$/);
});

test('a connection that stalls counts until the client leaves', async (t) => {
  const { sink, client } = await open(t, 'stall');
  await client.ask('STARTTLS', /^220 .*\r\n$/);
  client.socket.write('anything');
  assert.equal(sink.counts.total.now, 1);
  client.socket.destroy();
  await sink.whenConnections(0);
});

test('arguments', () => {
  const file = certificateFile('receiver');
  for (const fault of START_TLS_FAULTS) {
    const parsed = parseSinkArguments(['--starttls', `${file}:${fault}`]);
    assert.ok(parsed.kind === 'arguments');
    assert.equal(parsed.arguments.listen[0]?.behaviour?.tls?.fault, fault);
  }
  const plain = parseSinkArguments(['--starttls', file]);
  assert.ok(plain.kind === 'arguments' && plain.arguments.listen[0]?.behaviour?.tls?.fault === 'none');
  for (const [value, expected] of [
    [`${file}:vanish`, /expected FILE or FILE:FAULT with a fault of none, refuse, fail, stall, inject$/],
    ['/no/such.pem', /expected a PEM file with a certificate and its key \(no such file\)$/],
    [certificateFile('authority'), /expected a PEM file with a certificate and its key/],
  ] as const) {
    const parsed = parseSinkArguments(['--starttls', value]);
    assert.ok(parsed.kind === 'refused');
    assert.match(parsed.reason, expected);
  }
});
