import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { TcpLane } from './tcp-lane.ts';

const QUESTION = Buffer.from('question');
const ANSWER = Buffer.from('the answer');

const framed = (message: Buffer, length = message.length): Buffer =>
  Buffer.concat([Buffer.from([length >> 8, length & 0xff]), message]);

/** A lane to a server that does `serve` with each connection once the whole question is there. */
async function laneTo(t: TestContext, serve: (socket: Socket) => void | Promise<void>): Promise<TcpLane> {
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    let octets = 0;
    socket.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets === framed(QUESTION).length) void serve(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return new TcpLane({ address: '127.0.0.1', family: 4, port: (server.address() as AddressInfo).port });
}

const outcome = (lane: TcpLane): Promise<string> =>
  new Promise((resolve) => {
    lane.ask(() => QUESTION, {
      received: (message) => resolve(message.toString()),
      failed: (code) => resolve(`! ${code}`),
    });
  });

/** Writes an octet at a time, each of them after the one before has left. */
async function trickle(socket: Socket, octets: Buffer): Promise<void> {
  for (const octet of octets)
    await new Promise<void>((resolve) => void socket.write(Buffer.from([octet]), () => resolve()));
}

for (const [id, serve, expected] of [
  ['whole', (socket: Socket) => void socket.write(framed(ANSWER)), 'the answer'],
  ['octet by octet', (socket: Socket) => trickle(socket, framed(ANSWER)), 'the answer'],
  ['with more behind it', (socket: Socket) => void socket.write(Buffer.concat([framed(ANSWER), ANSWER])), 'the answer'],
  ['and the end of the connection', (socket: Socket) => void socket.end(framed(ANSWER)), 'the answer'],
  ['cut off', (socket: Socket) => void socket.end(framed(ANSWER, 11)), '! connection closed before the answer'],
  [
    'without its length',
    (socket: Socket) => void socket.end(Buffer.from([0])),
    '! connection closed before the answer',
  ],
  ['of nothing', (socket: Socket) => void socket.write(Buffer.from([0, 0])), '! empty answer'],
  ['of a reset', (socket: Socket) => void socket.resetAndDestroy(), '! ECONNRESET'],
] as const) {
  test(`an answer ${id}`, async (t) => assert.equal(await outcome(await laneTo(t, serve)), expected));
}

test('sixteen connections at a time; the next begins when one ends, and one that is given up is not made', async (t) => {
  const served: Socket[] = [];
  let reached = (): void => {};
  const lane = await laneTo(t, (socket) => {
    served.push(socket);
    reached();
  });
  const until = async (count: number): Promise<void> => {
    while (served.length < count)
      await new Promise<void>((resolve) => {
        reached = resolve;
      });
  };
  const answers = Array.from({ length: 16 }, () => outcome(lane));
  const givenUp = lane.ask(() => QUESTION, { received: () => assert.fail(), failed: () => assert.fail() });
  answers.push(outcome(lane));
  await until(16);
  givenUp.end();
  assert.equal(served.length, 16);
  served[0]!.write(framed(ANSWER));
  await until(17);
  for (const socket of served.slice(1)) socket.write(framed(ANSWER));
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['the answer']));
  assert.equal(served.length, 17);
});
