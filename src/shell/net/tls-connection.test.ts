// TLS over a connection of ours, with a receiver that says only what a row makes it say.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type CertificateName, certificate, certificateFile } from '../../../test/support/certificates.ts';
import { Contents, Dialled, STORED } from '../../../test/support/dialled.ts';
import { NO_TLS, type TlsParameters, type TlsPolicy } from '../../core/mail/tls-policy.ts';
import type { TlsRequest } from '../../engine/ports.ts';
import { SocketConnector } from './connector.ts';

const CA = certificateFile('authority');
const SENDER = certificateFile('sender');
/** The same without its key. */
const ONE = certificateFile('sender-certificate');

function policy(parameters: Partial<TlsParameters> = {}): TlsPolicy {
  const all = { ...NO_TLS.parameters, ca: CA, ...parameters };
  const parametersKey = JSON.stringify(all);
  return { mode: 'required', verify: 'host', fallsBack: false, parameters: all, parametersKey, key: parametersKey };
}

const request = (parameters: Partial<TlsParameters> = {}, name = 'mx.tls.example'): TlsRequest => ({
  policy: policy(parameters),
  serverName: name,
  names: [name, 'tls.example'],
});

/** What a receiver does with connections; told of each that says anything. */
type Receiver = (socket: Socket) => void;

async function listen(t: TestContext, receiver: Receiver) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    socket.once('data', () => {
      socket.write('220 go\r\n');
      receiver(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return { address: '127.0.0.1', family: 4, port, localAddress: null } as const;
}

const contextOf = (name: CertificateName, more: object = {}) =>
  createSecureContext({ cert: certificate(name), key: certificate(name), ...more });

/** The server side of TLS, over a socket that was read from. */
function serve(socket: Socket, secureContext = contextOf('receiver'), more: object = {}): TLSSocket {
  const secure = new TLSSocket(socket, { isServer: true, secureContext, ...more });
  secure.on('error', () => {});
  return secure;
}

const connectorWith = (...files: string[]): SocketConnector => {
  const connector = new SocketConnector(new Contents());
  connector.useTlsFiles(new Map([CA, ...files].map((file) => [file, readFileSync(file)])));
  return connector;
};

async function dial(target: Awaited<ReturnType<typeof listen>>, connector = connectorWith()): Promise<Dialled> {
  const dialled = new Dialled(connector, target);
  await dialled.untilConnected();
  dialled.send('STARTTLS\r\n');
  await dialled.until(() => dialled.received.startsWith('220 go\r\n'));
  return dialled;
}

const about = (events: readonly unknown[], kind: 'secured' | 'tlsFailed') =>
  events.find((event): event is Record<typeof kind, never> => typeof event === 'object' && kind in event!)?.[kind];

async function handshake(dialled: Dialled, wanted = request()): Promise<unknown> {
  dialled.call((connection) => connection.startTls(wanted));
  const isThere = (events: readonly unknown[]) =>
    about(events, 'secured') !== undefined || about(events, 'tlsFailed') !== undefined;
  const events = await dialled.until(isThere);
  return about(events, 'secured') ?? about(events, 'tlsFailed');
}

const TRUSTED = { chainProblem: null, nameMatches: true };
const JUDGED: readonly [string, CertificateName, TlsRequest, unknown][] = [
  ['a good certificate', 'receiver', request(), TRUSTED],
  ['a name by a wildcard', 'receiver', request({}, 'mx1.wild.example'), TRUSTED],
  ['an address in the certificate', 'receiver', { ...request({}, '127.0.1.1'), serverName: null }, TRUSTED],
  ['the second of two names', 'receiver', { ...request({}, 'x'), names: ['x', 'mx.tls.example'] }, TRUSTED],
  ['another name', 'other', request(), { chainProblem: null, nameMatches: false }],
  ['out of date', 'expired', request(), { chainProblem: 'cert has expired', nameMatches: true }],
  ['signed by itself', 'self-signed', request(), { chainProblem: 'depth zero self signed cert', nameMatches: true }],
  [
    'RSA, and TLS 1.2 only',
    'rsa',
    request({ versions: ['TLSv1.2'] }),
    { chainProblem: 'depth zero self signed cert', nameMatches: true },
  ],
  [
    'not signed by anybody well known',
    'receiver',
    request({ ca: null }),
    { chainProblem: 'unable to verify leaf signature', nameMatches: true },
  ],
];
for (const [title, name, wanted, peer] of JUDGED) {
  test(`judged: ${title}`, async (t) => {
    const dialled = await dial(await listen(t, (socket) => serve(socket, contextOf(name))));
    assert.deepEqual(await handshake(dialled, wanted), peer);
    dialled.call((connection) => connection.reset());
    await dialled.untilOver();
  });
}

const FAILURES: readonly [string, Receiver, TlsRequest, RegExp][] = [
  [
    'clear text',
    (socket) => socket.once('data', () => socket.write('250 hello\r\n250 hello\r\n')),
    request(),
    /wrong version number|packet length/,
  ],
  ['a hang-up', (socket) => socket.once('data', () => socket.end()), request(), /connection closed by remote host/],
  [
    'a reset',
    (socket) => socket.once('data', () => socket.resetAndDestroy()),
    request(),
    /connection closed by remote host/,
  ],
  [
    'no version in common',
    (socket) => serve(socket, contextOf('receiver', { maxVersion: 'TLSv1.2' })),
    request({ versions: ['TLSv1.3'] }),
    /version/,
  ],
  [
    'a version in between that is not wanted',
    (socket) => serve(socket, contextOf('receiver', { maxVersion: 'TLSv1.2' })),
    request({ versions: ['TLSv1.1', 'TLSv1.3'] }),
    /version|protocol/,
  ],
  [
    'a key of another',
    () => {},
    request({ certificate: ONE, key: certificateFile('receiver') }),
    /^our own certificate or ciphers/,
  ],
];
for (const [title, receiver, wanted, reason] of FAILURES) {
  test(`fails: ${title}; the peer sees a reset`, async (t) => {
    const target = await listen(t, receiver);
    const dialled = await dial(target, connectorWith(ONE, certificateFile('receiver')));
    assert.match(String(await handshake(dialled, wanted)), reason);
    dialled.call((connection) => connection.reset());
    assert.deepEqual((await dialled.untilOver()).at(-1), { closed: null });
  });
}

test('versions that are out of use, for who names them', async (t) => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const target = await listen(t, (socket) => serve(socket, contextOf('receiver', old)));
  assert.match(String(await handshake(await dial(target))), /version|protocol/);
  const dialled = await dial(target);
  assert.deepEqual(await handshake(dialled, request({ versions: ['TLSv1', 'TLSv1.1'] })), TRUSTED);
  dialled.call((connection) => connection.reset());
  await dialled.untilOver();
});

test('a handshake that fails ends with our reset, not with our FIN', async (t) => {
  const seen = Promise.withResolvers<string>();
  const target = await listen(t, (socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => seen.resolve(error.code ?? ''));
    socket.on('end', () => seen.resolve('FIN'));
    socket.on('data', () => socket.write('this is no TLS record at all\r\n'));
  });
  const dialled = await dial(target);
  await handshake(dialled);
  dialled.call((connection) => connection.reset());
  assert.equal(await seen.promise, 'ECONNRESET');
  await dialled.untilOver();
});

test('a conversation: QUIT, the receiver ends first, then we close', async (t) => {
  const order: string[] = [];
  const target = await listen(t, (socket) => {
    const secure = serve(socket);
    secure.on('data', (octets: Buffer) => {
      secure.write(`250 ${octets.length}\r\n`);
      if (octets.toString() === 'QUIT\r\n') secure.end(() => order.push('their end'));
    });
    socket.on('close', () => order.push('gone'));
    secure.on('end', () => order.push('our end'));
  });
  const dialled = await dial(target);
  assert.deepEqual(await handshake(dialled), TRUSTED);
  dialled.send('EHLO me\r\n');
  await dialled.until(() => dialled.received.endsWith('250 9\r\n'));
  dialled.send('QUIT\r\n');
  await dialled.until((events) => events.includes('ended'));
  assert.deepEqual(order.includes('our end'), false);
  dialled.call((connection) => connection.end());
  assert.deepEqual((await dialled.untilOver()).at(-1), { closed: null });
});

test('content, small and large, from memory and from the spool, arrives as it is', async (t) => {
  const chunks: Buffer[] = [];
  const all = Promise.withResolvers<void>();
  const target = await listen(t, (socket) => {
    const secure = serve(socket);
    secure.on('data', (octets: Buffer) => {
      chunks.push(octets);
      if (octets.includes('END\r\n')) all.resolve();
    });
  });
  const contents = new Contents();
  const connector = new SocketConnector(contents);
  connector.useTlsFiles(new Map([[CA, readFileSync(CA)]]));
  const dialled = await dial(target, connector);
  await handshake(dialled);
  const large = Buffer.alloc(300_000, 'large ');
  contents.held = { headerSection: Buffer.from('A: b\r\n'), body: [Buffer.from('small\r\n.\r\n')] };
  dialled.call((connection) => {
    connection.write('one\r\n');
    connection.writeContent(STORED);
    connection.write('two\r\n');
    connection.flush();
    contents.held = {
      headerSection: Buffer.from('C: d\r\n'),
      body: [large.subarray(0, 200_000), large.subarray(200_000)],
    };
    connection.writeContent(STORED);
    contents.held = null;
    connection.writeContent(STORED);
    connection.write('END\r\n');
    connection.flush();
  });
  contents.reads[0]!({ headerSection: 'E: f\r\n', body: [Buffer.from('read\r\n.\r\n')] });
  await all.promise;
  const expected = `one\r\nA: b\r\n\r\nsmall\r\n.\r\ntwo\r\nC: d\r\n\r\n${large}E: f\r\n\r\nread\r\n.\r\nEND\r\n`;
  assert.ok(Buffer.concat(chunks).equals(Buffer.from(expected)));
  dialled.call((connection) => connection.reset());
  await dialled.untilOver();
});

test('the certificate of the policy is shown', async (t) => {
  const shown = Promise.withResolvers<string>();
  const target = await listen(t, (socket) => {
    const secure = serve(socket, contextOf('receiver', { ca: certificate('authority') }), {
      requestCert: true,
      rejectUnauthorized: false,
    });
    secure.on('data', () => shown.resolve(`${secure.getPeerCertificate().subject?.CN} ${secure.authorizationError}`));
  });
  const dialled = await dial(target, connectorWith(SENDER));
  await handshake(dialled, request({ certificate: SENDER }));
  dialled.send('EHLO\r\n');
  assert.match(await shown.promise, /^sender\.example (undefined|null)/);
  dialled.call((connection) => connection.reset());
  await dialled.untilOver();
});

test('a session is resumed with the same receiver, and not under another policy', async (t) => {
  const reused: boolean[] = [];
  const context = contextOf('receiver');
  const target = await listen(t, (socket) => {
    const secure = serve(socket, context);
    secure.on('data', () => {
      reused.push(secure.isSessionReused());
      secure.write('250 ok\r\n');
    });
  });
  const connector = connectorWith();
  for (const wanted of [request(), request(), request({ curves: 'P-256' })]) {
    const dialled = await dial(target, connector);
    assert.deepEqual(await handshake(dialled, wanted), TRUSTED);
    dialled.send('EHLO\r\n');
    await dialled.until(() => dialled.received.endsWith('250 ok\r\n'));
    dialled.call((connection) => connection.reset());
    await dialled.untilOver();
  }
  assert.deepEqual(reused, [false, true, false]);
});

test('where names were not looked at, a session says nothing to who looks at them', async (t) => {
  const context = contextOf('receiver');
  const target = await listen(t, (socket) => {
    const secure = serve(socket, context);
    secure.on('data', () => secure.write('250 ok\r\n'));
  });
  const connector = connectorWith();
  const whole = request();
  const strict: TlsRequest = { ...whole, names: ['mx.tls.example'] };
  const lax: TlsRequest = { ...strict, policy: { ...whole.policy, verify: 'no' } };
  for (const [wanted, nameMatches] of [
    [lax, false],
    [strict, true],
    [lax, false],
  ] as const) {
    const dialled = await dial(target, connector);
    assert.deepEqual(await handshake(dialled, wanted), { chainProblem: null, nameMatches });
    dialled.send('EHLO\r\n'); // what may be resumed has come with the answer
    await dialled.until(() => dialled.received.endsWith('250 ok\r\n'));
    dialled.call((connection) => connection.reset());
    await dialled.untilOver();
  }
});

test('octets in clear before the handshake are told as received', async (t) => {
  const target = await listen(t, (socket) => socket.write('250 injected\r\n'));
  const dialled = await dial(target);
  await dialled.until(() => dialled.received === '220 go\r\n250 injected\r\n');
  dialled.call((connection) => connection.startTls(request()));
  dialled.call((connection) => connection.reset());
  assert.deepEqual((await dialled.untilOver()).at(-1), { closed: null });
});

test('a reset in the middle of a handshake', async (t) => {
  const hello = Promise.withResolvers<void>();
  const target = await listen(t, (socket) => socket.on('data', () => hello.resolve()));
  const dialled = await dial(target);
  dialled.call((connection) => connection.startTls(request()));
  await hello.promise;
  dialled.call((connection) => connection.reset());
  assert.deepEqual((await dialled.untilOver()).slice(2), [{ closed: null }]);
});

test('what cannot be decrypted ends the session', async (t) => {
  const target = await listen(t, (socket) => {
    const secure = serve(socket);
    secure.on('secure', () => {});
    secure.on('data', () => socket.write('nonsense behind the back of TLS\r\n'));
  });
  const dialled = await dial(target);
  await handshake(dialled);
  dialled.send('EHLO\r\n');
  const events = await dialled.until(
    (all) =>
      about(all, 'tlsFailed') !== undefined || all.some((event) => typeof event === 'object' && 'closed' in event),
  );
  assert.notEqual(about(events, 'tlsFailed'), undefined);
  dialled.call((connection) => connection.reset());
  await dialled.untilOver();
});
