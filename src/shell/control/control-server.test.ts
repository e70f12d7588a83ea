// Real sockets: a Unix socket in a temporary directory and TCP on loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { COMMAND_OCTETS_MAX } from './command-lines.ts';
import {
  type ControlEndpoint,
  type ControlServer,
  type ControlServerOptions,
  openControlServer,
} from './control-server.ts';

const MINUTE = 60_000;

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-control-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const unixAt = (path: string, timeoutMs = MINUTE): ControlEndpoint => ({
  kind: 'unix',
  path,
  fileMode: 0o600,
  timeoutMs,
});
const TCP: ControlEndpoint & { kind: 'tcp' } = { kind: 'tcp', host: '127.0.0.1', port: 0, timeoutMs: MINUTE };

/** Echoes lines; `fail` is refused, `big` is large, `dot` looks like a frame's end. */
const echo: Omit<ControlServerOptions, 'endpoints'> = {
  async answer(line) {
    if (line === 'big') return { text: `${'0123456789 é😀\n'.repeat(200_000)}`, failed: false };
    if (line === 'dot') return { text: '. ok\n', failed: false };
    return { text: line === '' ? '' : `<${line}>\n`, failed: line === 'fail' };
  },
  complete: (partial) => [`${partial}!`, 'other'],
};

async function opened(t: TestContext, endpoint: ControlEndpoint, answers = echo): Promise<ControlServer> {
  const result = await openControlServer({ endpoints: [endpoint], ...answers });
  assert.equal(result.kind, 'open', JSON.stringify(result));
  assert.ok(result.kind === 'open');
  t.after(() => result.server.close());
  return result.server;
}

async function failureOf(endpoints: readonly ControlEndpoint[]): Promise<string> {
  const result = await openControlServer({ endpoints, ...echo });
  assert.ok(result.kind === 'failed');
  return result.reason;
}

function dial(endpoint: string): Socket {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) ?? [];
  return host === undefined ? connect({ path: endpoint }) : connect({ host, port: Number(port) });
}

/** Sends `input`, ends its side, and returns everything the server wrote until it closed. */
async function talk(endpoint: string, input: string | Buffer): Promise<string> {
  const socket = dial(endpoint);
  socket.on('error', () => {}); // a server that hangs up on garbage may reset
  socket.end(input);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

for (const kind of ['unix', 'tcp'] as const) {
  test(`${kind}: greeting, answers in order, refusals, quit`, async (t) => {
    const endpoint = kind === 'tcp' ? TCP : unixAt(join(directoryFor(t), '2025'));
    const server = await opened(t, endpoint);
    const where = server.endpoints[0]!;
    assert.equal(
      await talk(where, 'one\r\nfail\n\ndot\n\\complete dom\nlast'),
      '. ready\n<one>\n. ok\n<fail>\n. refused\n. ok\n.. ok\n. ok\ndom!\nother\n. ok\n<last>\n. ok\n',
    );
    assert.equal(await talk(where, 'quit\nignored\n'), '. ready\n. ok\n');
    assert.equal(await talk(where, ''), '. ready\n');
  });
}

test('an IPv6 loopback address and localhost are endpoints too', async (t) => {
  for (const [host, name] of [
    ['::1', /^\[::1\]:\d+$/],
    ['localhost', /^localhost:\d+$/],
  ] as const) {
    const server = await opened(t, { ...TCP, host });
    const where = server.endpoints[0]!;
    assert.match(where, name);
    assert.equal(await talk(where, 'a\n'), '. ready\n<a>\n. ok\n');
  }
});

test('the sixty-fifth client is told that there is no room', async (t) => {
  const server = await opened(t, TCP);
  const where = server.endpoints[0]!;
  const clients = Array.from({ length: 64 }, () => dial(where));
  await Promise.all(clients.map((client) => once(client, 'data')));
  assert.equal(await talk(where, ''), 'there are 64 console sessions already\n. refused\n');
  clients[0]!.end();
  await once(clients[0]!, 'close');
  assert.equal(await talk(where, ''), '. ready\n');
  for (const client of clients) client.destroy();
});

test('several clients are served at the same time', async (t) => {
  const server = await opened(t, TCP);
  const silent = dial(server.endpoints[0]!);
  await once(silent, 'data');
  const answers = await Promise.all(['a', 'b', 'c'].map((line) => talk(server.endpoints[0]!, `${line}\n`)));
  assert.deepEqual(
    answers,
    ['a', 'b', 'c'].map((line) => `. ready\n<${line}>\n. ok\n`),
  );
  silent.destroy();
});

test('a large answer arrives whole', async (t) => {
  const server = await opened(t, TCP);
  const { text } = await echo.answer('big', { name: 'a test' });
  assert.equal(await talk(server.endpoints[0]!, 'big\n'), `. ready\n${text}. ok\n`);
});

test('an answer in pieces arrives whole, and what looks like its end within it is no end', async (t) => {
  async function* rest(): AsyncGenerator<string> {
    for (const piece of ['.one\n', 'two\n. ok\n', '. refused\n']) yield piece;
  }
  const answers = { ...echo, answer: async () => ({ text: '.head\n', failed: true, rest: rest() }) };
  const server = await opened(t, unixAt(join(directoryFor(t), 'c')), answers);
  const expected = '. ready\n..head\n..one\ntwo\n.. ok\n.. refused\n. refused\n';
  assert.equal(await talk(server.endpoints[0]!, 'list\n'), expected);
});

/** A live answer of two lines that then has nothing more to say. */
function liveAnswers() {
  const left = Promise.withResolvers<void>();
  const pieces = ['one\n', 'two\n'];
  const live: AsyncIterator<string> = {
    next() {
      const value = pieces.shift();
      return value === undefined ? new Promise(() => {}) : Promise.resolve({ done: false, value });
    },
    async return() {
      left.resolve();
      return { done: true, value: undefined };
    },
  };
  const answers: typeof echo = {
    ...echo,
    answer: async (line) =>
      line === 'live'
        ? { text: 'live\n', failed: false, isLive: true, rest: { [Symbol.asyncIterator]: () => live } }
        : { text: `<${line}>\n`, failed: false },
  };
  return { answers, left: left.promise };
}

test('input ends a live answer and is answered behind it', async (t) => {
  const { answers, left } = liveAnswers();
  const server = await opened(t, unixAt(join(directoryFor(t), 'c')), answers);
  const socket = dial(server.endpoints[0]!).setEncoding('utf8');
  t.after(() => socket.destroy());
  socket.write('live\n');
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text === '. ready\nlive\none\ntwo\n') socket.write('next\n');
    if (text.endsWith('<next>\n. ok\n')) break;
  }
  assert.equal(text, '. ready\nlive\none\ntwo\n. ok\n<next>\n. ok\n');
  await left;
});

test('a client that goes away, or the end of the server, ends a live answer', async (t) => {
  for (const how of ['client', 'server'] as const) {
    const { answers, left } = liveAnswers();
    const server = await opened(t, unixAt(join(directoryFor(t), 'c')), answers);
    const socket = dial(server.endpoints[0]!).setEncoding('utf8');
    t.after(() => socket.destroy());
    socket.write('live\n');
    let text = '';
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      text += chunk;
      if (text.endsWith('two\n')) break;
    }
    if (how === 'client') socket.destroy();
    else void server.close();
    await left;
  }
});

test('an overlong line is refused and the next one answered', async (t) => {
  const server = await opened(t, TCP);
  const heard = await talk(server.endpoints[0]!, `${'x'.repeat(3 * COMMAND_OCTETS_MAX)}\nnext\n`);
  assert.match(heard, /^\. ready\nfound a line over 65536 octets\n\. refused\n<next>\n\. ok\n$/);
});

for (const [what, input] of [
  ['an HTTP request of a browser', 'POST / HTTP/1.1\r\nHost: localhost\r\n\r\nshutdown\n'],
  ['a TLS handshake', Buffer.from([0x16, 3, 1, 0x0a, ...Buffer.from('shutdown\n')])],
  ['zeros', Buffer.alloc(100_000).fill('\0\n')],
] as const) {
  test(`${what} is not answered, and does no harm`, async (t) => {
    const lines: string[] = [];
    const answer = async (line: string) => {
      lines.push(line);
      return { text: '', failed: false };
    };
    const server = await opened(t, TCP, { ...echo, answer });
    await talk(server.endpoints[0]!, input);
    assert.deepEqual(lines, []);
    assert.match(await talk(server.endpoints[0]!, 'still there\n'), /\. ok\n$/);
  });
}

test('an idle client is dropped; one that waits for its answer is not', async (t) => {
  const { promise: later, resolve: release } = Promise.withResolvers<void>();
  const answer = async (line: string) => {
    await later;
    return { text: line, failed: false };
  };
  const server = await opened(t, { ...TCP, timeoutMs: 50 }, { ...echo, answer });
  const waiting = talk(server.endpoints[0]!, 'patience\n');
  const idle = dial(server.endpoints[0]!);
  idle.resume();
  await once(idle, 'close');
  release();
  assert.equal(await waiting, '. ready\npatience\n. ok\n');
});

test('a client that never reads its answer is dropped', async (t) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const answer = async () => {
    begin();
    return { text: 'x'.repeat(40_000_000), failed: false }; // more than the kernel holds for a connection
  };
  const server = await opened(t, { ...TCP, timeoutMs: 50 }, { ...echo, answer });
  const socket = dial(server.endpoints[0]!);
  socket.on('error', () => {});
  socket.pause();
  socket.write('anything\n');
  await begun;
  const startedAt = performance.now();
  await server.close();
  assert.ok(performance.now() - startedAt < 1_900, 'the idle timeout comes before the grace of close');
  socket.destroy();
});

test('close lets a running answer end', async (t) => {
  const { promise: later, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const answer = async () => {
    begin();
    await later;
    return { text: 'done', failed: false };
  };
  const server = await opened(t, TCP, { ...echo, answer });
  const socket = dial(server.endpoints[0]!);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write('shutdown\nignored\n');
  await begun;
  const closed = server.close();
  release();
  await Promise.all([closed, once(socket, 'close')]);
  assert.equal(Buffer.concat(chunks).toString(), '. ready\ndone\n. ok\n');
});

test('the socket file has its mode and is gone after close', async (t) => {
  const directory = directoryFor(t);
  for (const fileMode of [0o600, 0o660, 0o666]) {
    const path = join(directory, '2025');
    const server = await opened(t, { ...unixAt(path), fileMode } as ControlEndpoint);
    assert.equal(statSync(path).mode & 0o777, fileMode);
    assert.deepEqual(readdirSync(directory), ['2025']);
    await server.close();
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('a stale socket is replaced, a live one and other files are left alone', async (t) => {
  const directory = directoryFor(t);
  const path = join(directory, '2025');
  await opened(t, unixAt(path));
  assert.match(await failureOf([unixAt(path)]), /another server answers/);
  assert.match(await talk(path, 'x\n'), /<x>/);

  const stale = join(directory, 'stale');
  const left = createServer().listen(join(directory, 'old'));
  await once(left, 'listening');
  renameSync(join(directory, 'old'), stale); // the server's close does not find it, as after a kill
  left.close();
  await opened(t, unixAt(stale));
  assert.match(await talk(stale, 'y\n'), /<y>/);

  const file = join(directory, 'file');
  writeFileSync(file, 'precious');
  assert.match(await failureOf([unixAt(file)]), /no socket/);
  assert.match(await failureOf([unixAt(join(directory, 'missing', '2025'))]), /^no such directory$/);
  assert.match(await failureOf([unixAt(join(directory, 'x'.repeat(120)))]), /too long/);
});

test('all endpoints or none; loopback only', async (t) => {
  const directory = directoryFor(t);
  const path = join(directory, '2025');
  for (const host of [null, '0.0.0.0', '::', '192.0.2.1', '', 'example.com']) {
    assert.match(await failureOf([unixAt(path), { ...TCP, host }]), /loopback/);
  }
  assert.deepEqual(readdirSync(directory), []);
  const server = await opened(t, TCP);
  const port = Number(server.endpoints[0]!.split(':')[1]);
  assert.equal(await failureOf([{ ...TCP, port }]), 'in use by another process');
});
