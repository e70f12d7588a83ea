// Both ways of reading tell the same: in place, and in chunks where Node has no such thing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test from 'node:test';
import { readInPlace } from './read-in-place.ts';

/** A Node without it. */
function forget(socket: Socket): void {
  Object.defineProperty(socket, '_handle', { get: () => null, set: () => {}, configurable: true });
}

for (const [what, prepare] of [
  ['in place', () => {}],
  ['in chunks', forget],
] as const) {
  test(`${what}: octets come in their order, a pause holds them back, the end comes last`, async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    prepare(socket);
    const memory = new Set<ArrayBufferLike>();
    let text = '';
    readInPlace(socket, (octets) => {
      memory.add(octets.buffer);
      text += octets.toString('latin1');
      if (text === 'one') socket.pause();
    });
    Reflect.deleteProperty(socket, '_handle');
    const ended = once(socket, 'end');
    client.write('one');
    while (text !== 'one') await new Promise((resolve) => setImmediate(resolve));
    assert.ok(socket.isPaused());
    client.end('two'.repeat(100_000));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(text, 'one');
    socket.resume();
    await ended;
    assert.equal(text, `one${'two'.repeat(100_000)}`);
    // So that we hear of it when a Node has its fields no more.
    if (what === 'in place') assert.equal(memory.size, 1);
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
}
