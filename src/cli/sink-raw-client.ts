// A client for tests that says exactly what it is told, and waits for replies.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RawClient {
  readonly #socket: Socket;
  #text = '';
  #wake: (() => void) | null = null;
  /** `ended` with the other side's FIN, `reset` with its RST. */
  #state: 'open' | 'ended' | 'reset' = 'open';

  /** @param endpoint `address:port` */
  static async open(endpoint: string, localAddress?: string): Promise<RawClient> {
    const colon = endpoint.lastIndexOf(':');
    const socket = connect({
      host: endpoint.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(endpoint.slice(colon + 1)),
      allowHalfOpen: true,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const client = new RawClient(socket);
    try {
      await once(socket, 'connect');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error; // accepted, and reset at once
    }
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => this.#changed('reset'));
    socket.on('end', () => this.#changed('ended'));
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake?.();
    });
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Sends a command and waits for the whole reply. */
  async ask(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** The next reply with all its lines, or `ended` or `reset` when there is none. */
  async reply(): Promise<string> {
    for (;;) {
      const found = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3} [^\r\n]*\r\n/.exec(this.#text);
      if (found !== null) {
        this.#text = this.#text.slice(found[0].length);
        return found[0].trimEnd();
      }
      if (this.#state !== 'open') return this.#state;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Says EHLO and returns after its reply. */
  async greet(): Promise<void> {
    await this.reply();
    await this.ask('EHLO client.test');
  }

  /** Sends our FIN. */
  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #changed(state: 'ended' | 'reset'): void {
    this.#state = state;
    this.#wake?.();
  }
}
