// A receiver that notes when connections and messages begin, and from which source address. Small on purpose and without
// the product's own code, so that the two cannot agree on a mistake.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface Begun {
  readonly at: number;
  readonly source: string;
}

export class TimedReceiver {
  readonly connections: Begun[] = [];
  readonly messages: Begun[] = [];
  readonly #server = createServer((socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();
  #changed: () => void = () => {};
  #change: Promise<void> = Promise.resolve();

  static async listen(t: TestContext, address: string): Promise<TimedReceiver> {
    const receiver = new TimedReceiver();
    receiver.#server.listen(0, address);
    await once(receiver.#server, 'listening');
    receiver.#await();
    t.after(() => {
      for (const socket of receiver.#sockets) socket.destroy();
      receiver.#server.close();
    });
    return receiver;
  }

  /** For the option Routes. */
  get route(): string {
    const { address, port } = this.#server.address() as { address: string; port: number };
    return `smtp://${address}?port=${port}`;
  }

  /** Waits until so many messages have begun. */
  async whenMessages(count: number): Promise<void> {
    while (this.messages.length < count) await this.#change;
  }

  #await(): void {
    this.#change = new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  #note(list: Begun[], source: string): void {
    list.push({ at: performance.now(), source });
    const changed = this.#changed;
    this.#await();
    changed();
  }

  #serve(socket: Socket): void {
    const source = socket.remoteAddress!;
    this.#sockets.add(socket);
    this.#note(this.connections, source);
    let input = '';
    let isInData = false;
    const reply = (text: string) => socket.write(`${text}\r\n`);
    reply('220 ready');
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (text: string) => {
      input += text;
      for (;;) {
        const end = input.indexOf(isInData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const line = input.slice(0, end);
        input = input.slice(end + (isInData ? 5 : 2));
        if (isInData) {
          isInData = false;
          reply('250 taken');
        } else if (line.startsWith('EHLO')) reply('250-here\r\n250 PIPELINING');
        else if (line === 'DATA') {
          isInData = true;
          reply('354 go ahead');
        } else if (line === 'QUIT') {
          reply('221 bye');
          socket.end();
        } else {
          if (line.startsWith('MAIL')) this.#note(this.messages, source);
          reply('250 ok');
        }
      }
    });
  }
}
