import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import test from 'node:test';
import type { InboundConnection } from '../../engine/ports.ts';
import { type Listener, type ListenerOptions, openListener } from './listener.ts';

const NO_EVENTS = { line: () => {}, lineTooLong: () => {}, data: () => {}, closed: () => {} };

async function opened(options: Partial<ListenerOptions>): Promise<Listener> {
  const result = await openListener({ host: '127.0.0.1', port: 0, accept: () => NO_EVENTS, ...options });
  assert.ok(result.kind === 'open', JSON.stringify(result));
  return result.listener;
}

test('a port that is taken, an address that is not here', async (t) => {
  const first = await opened({});
  t.after(() => first.close());
  for (const [host, port, endpoint, reason] of [
    ['127.0.0.1', first.port, `127.0.0.1:${first.port}`, 'the port is in use by another process'],
    ['192.0.2.1', 0, '192.0.2.1:0', '192.0.2.1 is no address of this machine'],
    ['::2', 0, '[::2]:0', '::2 is no address of this machine'],
  ] as const) {
    const result = await openListener({ host, port, accept: () => NO_EVENTS });
    assert.deepEqual(result, { kind: 'failed', endpoint, reason });
  }
});

test('endpoints are named with the port that was chosen', async () => {
  for (const [host, expected] of [
    ['127.0.0.1', /^127\.0\.0\.1:[1-9]\d*$/],
    ['::1', /^\[::1\]:[1-9]\d*$/],
    [null, /^(\[::\]|0\.0\.0\.0):[1-9]\d*$/],
  ] as const) {
    const listener = await opened({ host });
    assert.match(listener.endpoint, expected);
    listener.close();
    listener.close();
  }
});

test('several listeners share a port when they say so', async (t) => {
  const first = await opened({ reusePort: true });
  const second = await opened({ reusePort: true, port: first.port });
  assert.equal(second.port, first.port);
  t.after(() => first.close());
  t.after(() => second.close());
});

test('a closed listener keeps its clients and takes no more', async (t) => {
  let told = (_connection: InboundConnection): void => {};
  const accepted = new Promise<InboundConnection>((resolve) => (told = resolve));
  let closed = (): void => {};
  const gone = new Promise<void>((resolve) => (closed = resolve));
  const listener = await opened({
    accept: (connection) => {
      told(connection);
      return { ...NO_EVENTS, closed };
    },
  });
  const client = connect({ host: '127.0.0.1', port: listener.port });
  t.after(() => client.destroy());
  const connection = await accepted;
  assert.equal(listener.connections(), 1);
  listener.close();
  const late = connect({ host: '127.0.0.1', port: listener.port });
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  connection.reply('421\r\n');
  connection.close();
  const [reply] = (await once(client, 'data')) as [Buffer];
  assert.equal(reply.toString(), '421\r\n');
  await gone;
  assert.equal(listener.connections(), 0);
});

/** Listens, uses up its descriptors, and gives them back when a line comes in. */
const EXHAUSTED = `
  import { closeSync, openSync } from 'node:fs';
  import { openListener } from '${new URL('./listener.ts', import.meta.url)}';
  const events = { line() {}, lineTooLong() {}, data() {}, closed() {} };
  const accept = (connection) => {
    connection.reply('220 here\\r\\n');
    return events;
  };
  const { listener } = await openListener({ host: '127.0.0.1', port: 0, accept });
  process.stdin.on('data', () => {
    descriptors.forEach((descriptor) => closeSync(descriptor));
    console.log('free');
  });
  console.log(listener.port);
  const descriptors = [];
  try {
    for (;;) descriptors.push(openSync('/dev/null'));
  } catch (error) {
    console.log(error.code);
  }
`;

test('a listener without descriptors goes on when there are some again', async (t) => {
  const command = 'ulimit -n 64; exec "$0" --input-type=module -e "$1"';
  const child = spawn('/bin/sh', ['-c', command, process.execPath, EXHAUSTED], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => (await lines.next()).value;
  const port = Number(await next());
  assert.equal(await next(), 'EMFILE');
  for (let count = 0; count < 3; count++) {
    const refused = connect({ host: '127.0.0.1', port });
    refused.on('error', () => {});
    await once(refused, 'close');
  }
  child.stdin.write('\n');
  assert.equal(await next(), 'free');
  const client = connect({ host: '127.0.0.1', port });
  t.after(() => client.destroy());
  const [greeting] = (await once(client, 'data')) as [Buffer];
  assert.equal(greeting.toString(), '220 here\r\n');
});
