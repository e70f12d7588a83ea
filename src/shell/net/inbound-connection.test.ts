// Real sockets on loopback: what a client does, and what the session is told of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { DataOutcome, DataRules, InboundConnection, InboundEvents } from '../../engine/ports.ts';
import { LINE_OCTETS_MAX } from './inbound-connection.ts';
import { type Listener, type ListenerOptions, openListener } from './listener.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const memoryInUse = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;

const RULES: DataRules = { maxSize: 0, loneLineEnds: 'refuse' };

/** A session that keeps what it is told; the test answers in `onEvent`. */
class Session implements InboundEvents {
  readonly connection: InboundConnection;
  readonly events: string[] = [];
  onEvent: (event: string, connection: InboundConnection) => void = () => {};
  isInside = false;
  #told: (() => void) | null = null;

  constructor(connection: InboundConnection) {
    this.connection = connection;
  }

  line(text: string): void {
    this.#tell(`line ${text}`);
  }
  lineTooLong(): void {
    this.#tell('too long');
  }
  data(outcome: DataOutcome): void {
    if (outcome.kind === 'refused') this.#tell(`refused ${outcome.rule}`);
    else {
      const { headerSection, body } = outcome.content;
      this.#tell(`data ${outcome.size} ${headerSection}|${Buffer.concat(body).toString('latin1')}`);
    }
  }
  closed(): void {
    this.#tell('closed');
  }

  call(act: (connection: InboundConnection) => void): void {
    this.isInside = true;
    act(this.connection);
    this.isInside = false;
  }

  async until(isThere: (events: readonly string[]) => boolean): Promise<readonly string[]> {
    while (!isThere(this.events)) await new Promise<void>((resolve) => (this.#told = resolve));
    return this.events;
  }

  untilClosed(): Promise<readonly string[]> {
    return this.until((events) => events.includes('closed'));
  }

  #tell(event: string): void {
    assert.equal(this.isInside, false, 'no event comes from inside a call');
    this.events.push(event);
    this.onEvent(event, this.connection);
    this.#told?.();
  }
}

/** The client's end: what came, and in how many reads. */
class Client {
  readonly socket: Socket;
  text = '';
  reads = 0;
  isEnded = false;
  closesInTurn = true;
  #told: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.reads += 1;
      this.#told?.();
    });
    socket.on('end', () => {
      this.isEnded = true;
      if (this.closesInTurn) socket.end();
      this.#told?.();
    });
    socket.on('error', () => {});
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  async until(isThere: (client: this) => boolean): Promise<void> {
    while (!isThere(this)) await new Promise<void>((resolve) => (this.#told = resolve));
  }
}

interface Place {
  readonly listener: Listener;
  /** A client and the session it has. `onEvent` is in force before anything is told. */
  client(onEvent?: Session['onEvent']): Promise<[Client, Session]>;
}

async function place(t: TestContext, options: Partial<ListenerOptions> = {}): Promise<Place> {
  const sessions: Session[] = [];
  let told = (): void => {};
  let answer: Session['onEvent'] = () => {};
  const opened = await openListener({
    host: '127.0.0.1',
    port: 0,
    accept: (connection) => {
      const session = new Session(connection);
      session.onEvent = answer;
      sessions.push(session);
      told();
      t.after(() => connection.close());
      return session;
    },
    ...options,
  });
  assert.ok(opened.kind === 'open', JSON.stringify(opened));
  const { listener } = opened;
  t.after(() => listener.close());
  return {
    listener,
    async client(onEvent = () => {}) {
      answer = onEvent;
      const socket = connect({ host: options.host ?? '127.0.0.1', port: listener.port, allowHalfOpen: true });
      t.after(() => socket.destroy());
      const client = new Client(socket);
      await once(socket, 'connect');
      while (sessions.length === 0) await new Promise<void>((resolve) => (told = resolve));
      return [client, sessions.shift()!];
    },
  };
}

/** Takes every message, as the simplest server does. */
const takeAll: Session['onEvent'] = (event, connection) => {
  if (event === 'line DATA') {
    connection.readData(RULES);
    connection.reply('354\r\n');
  } else if (event.startsWith('line QUIT')) {
    connection.reply('221\r\n');
    connection.close();
  } else if (event.startsWith('line ')) connection.reply('250\r\n');
  else if (event.startsWith('data ') || event.startsWith('refused ')) {
    connection.reply('250 taken\r\n');
    connection.proceed();
  }
};

test('addresses, and a greeting from inside accept', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const here = await place(t, {
      host,
      accept: (connection) => {
        connection.reply('220 ');
        connection.reply(`${connection.remoteAddress} ${connection.localAddress}:${connection.localPort}\r\n`);
        t.after(() => connection.close());
        return new Session(connection);
      },
    });
    const socket = connect({ host, port: here.listener.port });
    t.after(() => socket.destroy());
    const client = new Client(socket);
    await client.until(({ text }) => text.endsWith('\r\n'));
    assert.equal(client.text, `220 ${host} ${host}:${here.listener.port}\r\n`);
    assert.equal(client.reads, 1);
  }
});

test('on all addresses an IPv4 client has an IPv4 address', async (t) => {
  const here = await place(t, { host: null });
  const [, { connection }] = await here.client();
  assert.equal(connection.remoteAddress, '127.0.0.1');
  assert.equal(connection.localAddress, '127.0.0.1');
  assert.equal(connection.localPort, here.listener.port);
});

test('lines of one chunk are told one after another and answered in one write', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client(takeAll);
  client.send('EHLO a\r\nMAIL FROM:<\xe9>\r\n\r\nRCPT');
  await client.until(({ text }) => text === '250\r\n250\r\n250\r\n');
  assert.equal(client.reads, 1);
  client.send(' TO:<b>\r');
  client.send('\n');
  await session.until((events) => events.length === 4);
  assert.deepEqual(session.events, ['line EHLO a', 'line MAIL FROM:<\xe9>', 'line ', 'line RCPT TO:<b>']);
});

for (const [what, stream, expected] of [
  ['a bare LF', 'a\nb\r\n', ['line a\n', 'line b']],
  ['a bare LF first', '\nb\r\n', ['line \n', 'line b']],
  ['bare LF several times', 'a\n\nb\r\nc\r\n', ['line a\n', 'line \n', 'line b', 'line c']],
  ['a bare CR', 'a\rb\r\r\n', ['line a\rb\r']],
] as const) {
  test(`${what} is part of the line, wherever the chunks part`, async (t) => {
    const here = await place(t);
    for (let cut = 1; cut < stream.length; cut++) {
      const [client, session] = await here.client();
      const cutAt = session.connection.lastActivityAt;
      client.send(stream.slice(0, cut));
      // The second chunk comes after the first was read.
      while (session.connection.lastActivityAt === cutAt) await new Promise((resolve) => setImmediate(resolve));
      client.send(stream.slice(cut));
      await session.until((events) => events.length === expected.length);
      assert.deepEqual(session.events, expected);
    }
  });
}

test('lines have a bound', async (t) => {
  const here = await place(t);
  const longest = 'x'.repeat(LINE_OCTETS_MAX);
  for (const pieces of [1, 2, 4098, 20_000]) {
    const [client, session] = await here.client();
    const stream = `${longest}\r\n${longest}y\r\n${longest}\r\r\n${longest.repeat(50)}\ny\r\nend\r\n`;
    const size = Math.ceil(stream.length / pieces);
    for (let at = 0; at < stream.length; at += size) client.send(stream.slice(at, at + size));
    await session.until((events) => events.includes('line end'));
    assert.deepEqual(session.events, [`line ${longest}`, 'too long', 'too long', 'too long', 'line y', 'line end']);
  }
});

test('a line without end costs no memory', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client();
  const chunk = Buffer.alloc(1_000_000, 97);
  collectGarbage();
  const before = memoryInUse();
  for (let count = 0; count < 200; count++) {
    if (!client.socket.write(chunk)) await once(client.socket, 'drain');
  }
  client.send('\r\nNOOP\r\n');
  await session.until((events) => events.length === 2);
  assert.deepEqual(session.events, ['too long', 'line NOOP']);
  for (let turn = 0; turn < 2_000 && memoryInUse() - before > 10_000_000; turn++) {
    collectGarbage(); // memory is freed by and by
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(memoryInUse() - before < 10_000_000);
});

test('a message and pipelined commands behind it', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client((event, connection) => {
    if (!event.startsWith('data')) takeAll(event, connection);
  });
  client.send('DATA\r\nA: b\r\n\r\nc\r\n.\r\nMAIL\r\nDATA\r\n.\r\nQUIT\r\n');
  await session.until((events) => events.length === 2);
  await client.until(({ text }) => text === '354\r\n');
  client.send('late\r\n');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(session.events, ['line DATA', 'data 11 A: b\r\n|c\r\n.\r\n']);
  session.call((connection) => {
    connection.reply('250 taken\r\n');
    connection.proceed();
  });
  await session.until((events) => events.length === 5);
  await client.until(({ text }) => text === '354\r\n250 taken\r\n250\r\n354\r\n');
  assert.equal(client.reads, 2, 'the replies of the turn came together');
  session.call((connection) => {
    connection.reply('250 taken\r\n');
    connection.proceed();
  });
  await session.untilClosed();
  assert.deepEqual(session.events.slice(2), ['line MAIL', 'line DATA', 'data 0 |.\r\n', 'line QUIT', 'closed']);
  await client.until(({ isEnded }) => isEnded);
});

test('a session that answers at once goes on at once', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client(takeAll);
  client.send('DATA\r\n.\r\nDATA\r\na\0\r\n.\r\nDATA\r\na\nb\r\n.\r\nQUIT\r\n');
  await client.until(({ isEnded }) => isEnded);
  assert.equal(client.text, `${'354\r\n250 taken\r\n'.repeat(3)}221\r\n`);
  assert.equal(client.reads, 1);
  await session.untilClosed();
  assert.deepEqual(
    session.events.filter((event) => event.startsWith('refused')),
    ['refused nul', 'refused loneLineEnd'],
  );
});

test('a client that stopped talking is answered first', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client((event, connection) => {
    if (!event.startsWith('data')) takeAll(event, connection);
  });
  client.socket.end('DATA\r\nA: b\r\n.\r\nNOOP\r\n');
  await session.until((events) => events.length === 2);
  session.call((connection) => {
    connection.reply('250 taken\r\n');
    connection.proceed();
  });
  await client.until(({ isEnded }) => isEnded);
  assert.equal(client.text, '354\r\n250 taken\r\n250\r\n');
  await session.untilClosed();
  assert.equal(session.events.filter((event) => event === 'closed').length, 1);
});

test('a client that stopped in the middle of a message', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client(takeAll);
  client.socket.end('DATA\r\nA: b\r\n');
  assert.deepEqual(await session.untilClosed(), ['line DATA', 'closed']);
});

test('a client that resets while its message is being answered', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client((event, connection) => {
    if (event === 'line DATA') connection.readData(RULES);
  });
  client.send('DATA\r\n.\r\n');
  await session.until((events) => events.length === 2);
  client.socket.resetAndDestroy();
  await session.untilClosed();
  session.call((connection) => {
    connection.reply('250\r\n');
    connection.proceed();
    connection.readData(RULES);
    connection.close();
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(session.events.at(-1), 'closed');
});

test('close writes what was queued, and drops what comes', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client((event, connection) => {
    if (event !== 'line a') return;
    connection.reply('421\r\n');
    connection.close();
    connection.reply('more\r\n');
  });
  client.closesInTurn = false;
  client.send('a\r\nb\r\n');
  await client.until(({ isEnded }) => isEnded);
  client.send('c\r\n');
  client.socket.end();
  assert.deepEqual(await session.untilClosed(), ['line a', 'closed']);
  assert.equal(client.text, '421\r\n');
});

test('close comes to an end whatever the client does', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client();
  client.closesInTurn = false;
  const keepAlive = setTimeout(() => {}, 60_000); // the grace alone keeps no process alive
  t.after(() => clearTimeout(keepAlive));
  session.connection.close();
  assert.deepEqual(await session.untilClosed(), ['closed']);
});

test('a client that does not read is not read from', async (t) => {
  const here = await place(t);
  const answer = `250 ${'x'.repeat(60)}\r\n`;
  let answered = 0;
  const [client, session] = await here.client((event, connection) => {
    if (event === 'closed') return;
    connection.reply(answer);
    answered += answer.length;
  });
  client.socket.pause();
  const sent = await sendUntilStuck(client);
  const taken = session.events.length;
  assert.ok(taken < sent);
  client.socket.resume();
  client.socket.end();
  await session.untilClosed();
  assert.equal(session.events.length, sent + 1);
  await client.until(({ isEnded }) => isEnded);
  assert.equal(client.text.length, answered);
});

test('what waits for a message to be answered is bounded', async (t) => {
  const here = await place(t);
  const [client, session] = await here.client((event, connection) => {
    if (event === 'line DATA') connection.readData(RULES);
  });
  client.send('DATA\r\n.\r\n');
  await session.until((events) => events.length === 2);
  const sent = await sendUntilStuck(client);
  assert.equal(session.events.length, 2);
  session.call((connection) => connection.proceed());
  client.socket.end();
  await session.untilClosed();
  assert.equal(session.events.length, 2 + sent + 1);
});

const sentence = fc.constantFrom(
  'NOOP\r\n',
  '\r\n',
  'a\nb\r\n',
  `${'x'.repeat(5_000)}\r\n`,
  'DATA\r\nA: b\r\n\r\n..c\r\n.\r\n',
);

test('any chunking tells the same, whether messages are answered at once or later', async (t) => {
  const here = await place(t);
  const told = async (stream: string, cuts: readonly number[], isLater: boolean): Promise<readonly string[]> => {
    const [client, session] = await here.client((event, connection) => {
      if (event === 'line DATA') connection.readData(RULES);
      else if (event.startsWith('data') && isLater) setImmediate(() => connection.proceed());
      else if (event.startsWith('data')) connection.proceed();
    });
    const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
    for (let index = 1; index < places.length; index++) {
      client.send(stream.slice(places[index - 1], places[index]));
      await new Promise((resolve) => setImmediate(resolve)); // mostly, the other end reads it alone
    }
    client.socket.end();
    const events = await session.untilClosed();
    client.socket.destroy();
    return events;
  };
  const stream = fc.array(sentence, { maxLength: 8 }).map((sentences) => sentences.join(''));
  await fc.assert(
    fc.asyncProperty(stream, fc.array(fc.nat(), { maxLength: 6 }), fc.boolean(), async (text, cuts, isLater) => {
      assert.deepEqual(await told(text, cuts, isLater), await told(text, [], false));
    }),
    { numRuns: 150 },
  );
});

/** Sends commands until the server stops reading. @returns how many */
async function sendUntilStuck({ socket }: Client): Promise<number> {
  const commands = Buffer.from('NOOP\r\n'.repeat(10_000));
  for (let sent = 10_000; sent < 50_000_000; sent += 10_000) {
    if (!socket.write(commands) && (await isStillAfterTurns(() => socket.writableLength))) return sent;
  }
  assert.fail('the server reads without end');
}

/** Whether a number that is not 0 stays the same for many turns of the loop. */
async function isStillAfterTurns(read: () => number): Promise<boolean> {
  const before = read();
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  return before > 0 && read() === before;
}
