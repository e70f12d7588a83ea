// Real sockets on loopback: what a remote host does, and what the engine is told of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { Contents, Dialled, STORED } from '../../../test/support/dialled.ts';
import type { ConnectTarget } from '../../engine/ports.ts';
import { SocketConnector } from './connector.ts';

interface Remote {
  readonly target: ConnectTarget;
  readonly server: Server;
  /** The next connection as the remote host sees it. */
  accepted(): Promise<RemoteEnd>;
}

/** The other end. */
class RemoteEnd {
  readonly socket: Socket;
  text = '';
  isEnded = false;
  error: string | null = null;
  #told: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.text += text;
      this.#told?.();
    });
    socket.on('end', () => {
      this.isEnded = true;
      this.#told?.();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? '';
      this.#told?.();
    });
  }

  async until(isThere: (end: this) => boolean): Promise<void> {
    while (!isThere(this)) await new Promise<void>((resolve) => (this.#told = resolve));
  }
}

async function remoteHost(t: TestContext, host = '127.0.0.1', backlog = 511): Promise<Remote> {
  const server = createServer({ allowHalfOpen: true });
  const ends: RemoteEnd[] = [];
  let told = (): void => {};
  server.on('connection', (socket) => {
    ends.push(new RemoteEnd(socket));
    t.after(() => socket.destroy());
    told();
  });
  server.listen({ host, port: 0, backlog });
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    server,
    target: { address: host, family: host.includes(':') ? 6 : 4, port: address.port, localAddress: null },
    async accepted() {
      while (ends.length === 0) await new Promise<void>((resolve) => (told = resolve));
      return ends.shift()!;
    },
  };
}

async function connected(t: TestContext, contents = new Contents()): Promise<[Dialled, RemoteEnd]> {
  const remote = await remoteHost(t);
  const dialled = new Dialled(new SocketConnector(contents), remote.target);
  t.after(() => dialled.connection.reset());
  const [end] = await Promise.all([remote.accepted(), dialled.untilConnected()]);
  return [dialled, end];
}

test('commands and replies, in pieces', async (t) => {
  const [dialled, end] = await connected(t);
  end.socket.write('220 hel');
  await dialled.until(() => dialled.received === '220 hel');
  end.socket.write('lo\xe9\r\n', 'latin1');
  await dialled.until(() => dialled.received === '220 hello\xe9\r\n');
  dialled.call((connection) => {
    connection.write('EHLO \xe9\r\n');
    connection.write('RSET\r\n');
  });
  assert.equal(dialled.connection.bytesWritten, 0);
  dialled.call((connection) => connection.flush());
  await end.until(({ text }) => text === 'EHLO \xe9\r\nRSET\r\n');
  assert.equal(dialled.connection.bytesWritten, 14);
});

test("the peer's FIN leaves our side open; our FIN closes", async (t) => {
  const [dialled, end] = await connected(t);
  end.socket.end('221 bye\r\n');
  await dialled.until((events) => events.includes('ended'));
  dialled.send('still here\r\n');
  await end.until(({ text }) => text === 'still here\r\n');
  dialled.call((connection) => connection.end());
  await end.until(({ isEnded }) => isEnded);
  const events = await dialled.untilOver();
  assert.deepEqual(events, ['connected', { received: '221 bye\r\n' }, 'ended', { closed: null }]);
});

test('a reset of ours reaches the peer as a reset', async (t) => {
  const [dialled, end] = await connected(t);
  dialled.call((connection) => {
    connection.reset();
    connection.reset();
    connection.write('nothing');
    connection.writeContent(STORED);
    connection.flush();
    connection.end();
  });
  await end.until(({ error }) => error === 'ECONNRESET');
  assert.deepEqual(await dialled.untilOver(), ['connected', { closed: null }]);
});

test('a reset after our FIN', async (t) => {
  for (const wait of [false, true]) {
    const [dialled, end] = await connected(t);
    dialled.call((connection) => connection.end());
    if (wait) await end.until(({ isEnded }) => isEnded);
    dialled.call((connection) => connection.reset());
    assert.deepEqual(await dialled.untilOver(), ['connected', { closed: null }]);
  }
});

test('a reset of the peer is told with its code', async (t) => {
  const [dialled, end] = await connected(t);
  end.socket.resetAndDestroy();
  assert.deepEqual(await dialled.untilOver(), ['connected', { closed: 'ECONNRESET' }]);
});

test('a refused connect is the remote host', async (t) => {
  const remote = await remoteHost(t);
  remote.server.close();
  await once(remote.server, 'close');
  const dialled = new Dialled(new SocketConnector(new Contents()), remote.target);
  assert.deepEqual(await dialled.untilOver(), [{ failed: { whose: 'remote', code: 'ECONNREFUSED' } }]);
});

for (const [what, localAddress, code] of [
  ['an address that is not on this machine', '192.0.2.1', 'EADDRNOTAVAIL'],
  ['no address at all', 'mail.example.com', 'ERR_INVALID_IP_ADDRESS'],
  ['an address of the other family', '::1', 'EINVAL'],
] as const) {
  test(`from ${what}: trouble of this node`, async (t) => {
    const { target } = await remoteHost(t);
    const dialled = new Dialled(new SocketConnector(new Contents()), { ...target, localAddress });
    assert.deepEqual(await dialled.untilOver(), [{ failed: { whose: 'node', code } }]);
  });
}

test('the local address is the one asked for', async (t) => {
  const remote = await remoteHost(t);
  const dialled = new Dialled(new SocketConnector(new Contents()), { ...remote.target, localAddress: '127.0.0.9' });
  t.after(() => dialled.connection.reset());
  assert.equal((await remote.accepted()).socket.remoteAddress, '127.0.0.9');
});

test('over IPv6', async (t) => {
  const remote = await remoteHost(t, '::1');
  const dialled = new Dialled(new SocketConnector(new Contents()), { ...remote.target, localAddress: '::1' });
  t.after(() => dialled.connection.reset());
  assert.equal((await remote.accepted()).socket.remoteAddress, '::1');
});

test('content in memory goes out between what stands around it, with its header section stuffed', async (t) => {
  const contents = new Contents();
  const [dialled, end] = await connected(t, contents);
  contents.held = {
    headerSection: Buffer.from('A: b\r\n.C: d\r\n'),
    body: [Buffer.from('one\r\n'), Buffer.from('.\r\n')],
  };
  dialled.call((connection) => {
    connection.write('before\r\n');
    connection.writeContent(STORED);
    connection.write('MAIL');
    connection.flush();
  });
  const expected = 'before\r\nA: b\r\n..C: d\r\n\r\none\r\n.\r\nMAIL';
  await end.until(({ text }) => text.length === expected.length);
  assert.equal(end.text, expected);
  assert.equal(contents.givenBack, 1);
});

test('content from the disk: what stands behind it waits', async (t) => {
  const contents = new Contents();
  const [dialled, end] = await connected(t, contents);
  dialled.call((connection) => {
    connection.write('1,');
    connection.writeContent(STORED);
    connection.write('2,');
    connection.writeContent(STORED);
    connection.flush();
    connection.write('3,');
    connection.flush();
  });
  await end.until(({ text }) => text === '1,');
  // The second is there first.
  dialled.call(() => contents.reads[1]!({ headerSection: 'B: 2\r\n', body: [Buffer.from('.\r\n')] }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(dialled.connection.bytesWritten, 2);
  dialled.call(() => contents.reads[0]!({ headerSection: 'A: 1\r\n', body: [Buffer.from('.\r\n')] }));
  dialled.call((connection) => connection.end());
  await end.until(({ isEnded }) => isEnded);
  assert.equal(end.text, '1,A: 1\r\n\r\n.\r\n2,B: 2\r\n\r\n.\r\n3,');
});

test('behind lost content nothing leaves', async (t) => {
  const contents = new Contents();
  const [dialled, end] = await connected(t, contents);
  dialled.call((connection) => {
    connection.write('1,');
    connection.writeContent(STORED);
    connection.write('2,');
    connection.flush();
  });
  dialled.call(() => contents.reads[0]!(null));
  await dialled.until((events) => events.includes('contentLost'));
  dialled.send('3,');
  dialled.call((connection) => connection.reset());
  assert.deepEqual(await dialled.untilOver(), ['connected', 'contentLost', { closed: null }]);
  await end.until(({ error }) => error === 'ECONNRESET');
  assert.equal(end.text, '1,');
});

test('a large body to a slow reader is referenced, not copied', async (t) => {
  const contents = new Contents();
  const [dialled, end] = await connected(t, contents);
  end.socket.pause();
  const piece = Buffer.alloc(1_000_000, 97);
  contents.held = {
    headerSection: Buffer.from('A: b\r\n'),
    body: [...Array(100).fill(piece), Buffer.from('\r\n.\r\n')],
  };
  const before = process.memoryUsage().arrayBuffers;
  dialled.call((connection) => {
    connection.writeContent(STORED);
    connection.write('QUIT\r\n');
    connection.flush();
  });
  const { bytesWritten } = dialled.connection;
  assert.ok(bytesWritten < 50_000_000, 'the reader is slow');
  assert.equal(contents.givenBack, 0);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2_000_000);
  let octets = 0;
  end.socket.removeAllListeners('data');
  end.socket.on('data', (text: string) => {
    octets += text.length;
    end.text = text.slice(-20);
  });
  end.socket.resume();
  dialled.call((connection) => connection.end());
  await end.until(({ isEnded }) => isEnded);
  assert.equal(octets, 6 + 2 + 100_000_000 + 5 + 6);
  assert.ok(end.text.endsWith('a\r\n.\r\nQUIT\r\n'));
  assert.equal(dialled.connection.bytesWritten, octets);
  dialled.call((connection) => connection.reset());
  await dialled.untilOver();
  assert.equal(contents.givenBack, 1);
});

test('a reset while a slow reader has not read', async (t) => {
  const contents = new Contents();
  for (const isEnded of [false, true]) {
    const [dialled, end] = await connected(t, contents);
    end.socket.pause();
    contents.held = { headerSection: Buffer.from('A: b\r\n'), body: Array(100).fill(Buffer.alloc(1_000_000, 97)) };
    dialled.call((connection) => {
      connection.writeContent(STORED);
      connection.flush();
      if (isEnded) connection.end();
    });
    dialled.call((connection) => connection.reset());
    assert.equal(contents.givenBack, isEnded ? 1 : 0, 'the system may still look at it');
    assert.deepEqual(await dialled.untilOver(), ['connected', { closed: null }]);
    assert.equal(contents.givenBack, isEnded ? 2 : 1);
    end.socket.resume();
    await end.until(({ error }) => error === 'ECONNRESET');
  }
});

test('a peer that said it is done and does not read is reset in the end', async (t) => {
  const contents = new Contents();
  const [dialled, end] = await connected(t, contents);
  end.socket.end();
  end.socket.pause();
  await dialled.until((events) => events.includes('ended'));
  contents.held = { headerSection: Buffer.from('A: b\r\n'), body: Array(100).fill(Buffer.alloc(1_000_000, 97)) };
  dialled.call((connection) => {
    connection.writeContent(STORED);
    connection.flush();
    connection.end();
  });
  const keepAlive = setTimeout(() => {}, 60_000); // the grace alone keeps no process alive
  t.after(() => clearTimeout(keepAlive));
  assert.deepEqual(await dialled.untilOver(), ['connected', 'ended', { closed: null }]);
});

test('giving up a connect that nobody answers', async (t) => {
  // With a backlog of 1 that nobody accepts from, the kernel leaves the third SYN without an answer.
  const target = await fullListener(t);
  const dialled = new Dialled(new SocketConnector(new Contents()), target);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(dialled.events, []);
  dialled.call((connection) => connection.reset());
  assert.deepEqual(await dialled.untilOver(), [{ closed: null }]);
});

test('giving up a connect in the turn in which it began', async (t) => {
  const { target } = await remoteHost(t);
  for (const localAddress of [null, 'no address']) {
    const dialled = new Dialled(new SocketConnector(new Contents()), { ...target, localAddress });
    dialled.call((connection) => connection.reset());
    assert.deepEqual(await dialled.untilOver(), [{ closed: null }]);
  }
});

/** A listener that never accepts, with its backlog full. */
async function fullListener(t: TestContext): Promise<ConnectTarget> {
  const { Worker } = await import('node:worker_threads');
  // Another thread listens and then blocks, so that nothing is accepted.
  const source = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const worker = new Worker(source, { eval: true });
  t.after(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const target: ConnectTarget = { address: '127.0.0.1', family: 4, port, localAddress: null };
  const connector = new SocketConnector(new Contents());
  // The kernel completes one more than the backlog.
  for (let count = 0; count < 2; count++) {
    const filler = new Dialled(connector, target);
    t.after(() => filler.connection.reset());
    await filler.untilConnected();
  }
  return target;
}
