// Memory of mail is used again as soon as nobody looks at it any more. So mail of all sizes goes through a busy server, in
// pieces of all sizes and to receivers that are slow, hang up and refuse: whatever arrives up to its final dot is what was sent,
// octet by octet. Source and receiver are without the product's own code, so that they cannot agree on a mistake.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { seededRandom } from '../../src/core/base/random.ts';
import { Headgate } from '../support/headgate.ts';

const MESSAGES = 1_500;
const SESSIONS = 20;
/** Around the sizes at which memory is had in another way, and between them. */
const SIZES = [0, 300, 2_000, 2_000, 2_000, 4_000, 9_000, 16_300, 30_000, 57_000, 65_400, 65_600, 73_800, 150_000];
const random = seededRandom(1);

/** A body in wire form that nothing else has, with lines that begin with a dot. */
function bodyOf(id: number): string {
  const octets = SIZES[id % SIZES.length]! + (id % 97);
  const lines: string[] = [];
  for (let line = 0, length = 0; length < octets; line++) {
    const text = `${line % 7 === 0 ? '..' : ''}${id}.${line}.${createHash('sha1').update(`${id} ${line}`).digest('hex')}\r\n`;
    lines.push(text);
    length += text.length;
  }
  return lines.join('');
}

class Receiver {
  readonly arrived = new Map<number, number>();
  readonly wrong: string[] = [];
  harms = 0;
  #changed = (): void => {};

  static async open(t: TestContext): Promise<readonly [Receiver, port: number]> {
    const receiver = new Receiver();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      receiver.#serve(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return [receiver, (server.address() as AddressInfo).port];
  }

  async whenArrived(messages: number): Promise<void> {
    while (this.arrived.size < messages && this.wrong.length === 0) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  #serve(socket: Socket): void {
    let input = '';
    let isInData = false;
    const isSlow = random.next() < 0.3;
    const resetAt = random.next() < 0.1 ? random.below(200_000) : Number.POSITIVE_INFINITY;
    const say = (text: string): boolean => socket.write(`${text}\r\n`);
    socket.on('error', () => {});
    say('220 ready');
    socket.setEncoding('latin1').on('data', (text: string) => {
      input += text;
      if (isSlow) {
        socket.pause();
        setTimeout(() => socket.resume(), random.below(10));
      }
      if (socket.bytesRead > resetAt) {
        this.harms += 1;
        socket.resetAndDestroy();
        return;
      }
      for (;;) {
        const mark = isInData ? '\r\n.\r\n' : '\r\n';
        const end = input.indexOf(mark);
        if (end < 0) return;
        const part = input.slice(0, end + (isInData ? 2 : 0));
        input = input.slice(end + mark.length);
        if (isInData) {
          isInData = false;
          const isTaken = random.next() > 0.05;
          this.#content(part, isTaken);
          say(isTaken ? '250 taken' : '451 later');
        } else if (part.startsWith('EHLO')) say('250-here\r\n250 PIPELINING');
        else if (part === 'DATA') {
          isInData = true;
          say('354 go on');
        } else if (part === 'QUIT') {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
  }

  #content(text: string, isTaken: boolean): void {
    const id = Number(/^X-Number: (\d+)\r$/m.exec(text)?.[1]);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    if (body !== bodyOf(id)) this.wrong.push(`message ${id}: ${body.length} octets in place of ${bodyOf(id).length}`);
    if (isTaken) this.arrived.set(id, (this.arrived.get(id) ?? 0) + 1);
    else this.harms += 1;
    this.#changed();
  }
}

/** Sends the numbers of `waiting` over one connection, in pieces as they come. */
async function send(port: number, waiting: number[]): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  let heard = (): void => {};
  socket.setEncoding('latin1').on('data', (more: string) => {
    text += more;
    heard();
  });
  const hear = async (replies: number): Promise<void> => {
    while ((text.match(/^\d\d\d /gm)?.length ?? 0) < replies) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
    assert.doesNotMatch(text, /^[45]/m);
    text = '';
  };
  await hear(1);
  socket.write('EHLO client.example\r\n');
  await hear(1);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    socket.write(`MAIL FROM:<a@sender.example>\r\nRCPT TO:<b${id}@example.com>\r\nDATA\r\n`);
    await hear(3);
    const content = `From: a@sender.example\r\nX-Number: ${id}\r\n\r\n${bodyOf(id)}.\r\n`;
    for (let at = 0; at < content.length; ) {
      const octets = 1 + random.below(random.next() < 0.5 ? 70_000 : 3_000);
      const isPushed = socket.write(content.slice(at, at + octets), 'latin1');
      if (!isPushed) await once(socket, 'drain');
      else if (random.next() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      at += octets;
    }
    await hear(1);
  }
  socket.end('QUIT\r\n');
  await once(socket, 'close');
}

for (const tuning of ['', 'Shards = 2\n']) {
  test(`what arrives is what was sent${tuning === '' ? '' : ', with two shards'}`, { timeout: 110_000 }, async (t) => {
    const [receiver, port] = await Receiver.open(t);
    const headgate = await Headgate.start(
      t,
      `${tuning}Max_Outbound_Connections = 20\nRetry_Interval = 1\nMax_Retry_Interval = 1\nDomain "example.com" {\n Host_Failure_Retry = 1\n Routes = ( "smtp://127.0.0.1?port=${port}" )\n}\n`,
    );
    const waiting = Array.from({ length: MESSAGES }, (_, id) => id);
    await Promise.all(Array.from({ length: SESSIONS }, () => send(headgate.port, waiting)));
    await receiver.whenArrived(MESSAGES);
    assert.deepEqual(receiver.wrong, []);
    assert.equal(receiver.arrived.size, MESSAGES);
    assert.ok(receiver.harms > 20, 'receivers were as they are');
  });
}
