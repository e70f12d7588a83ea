// The third part of the bare relay: the least that sends mail over kept connections. The body of one message and the commands
// of the next are one write (RFC 2920 section 3.1). No queues, no limits, no timeouts, and only success.
import { connect, type Socket } from 'node:net';

const ENVELOPE = 'MAIL FROM:<a@sender.example>\r\nRCPT TO:<b@receiver.example>\r\nDATA\r\n';
const ENVELOPE_OCTETS = Buffer.from(ENVELOPE);
const ENVELOPE_REPLIES = 3;
const EHLO = 'EHLO bare.example\r\n';
/** Up to here one copy is cheaper than a second buffer for the system. */
const JOIN_MAX = 16_384;
const REPLY_OCTETS = 65_536;

interface Outgoing {
  /** In wire form, final dot and all. */
  readonly content: readonly Buffer[];
  readonly done: () => void;
}

class Connection {
  readonly #sender: Sender;
  readonly #socket: Socket;
  #state: 'greeting' | 'ehlo' | 'ready' = 'greeting';
  #awaited = 0;
  /** Its envelope was sent, its body was not. */
  #open: Outgoing | null = null;
  /** Its body was sent. */
  #sent: Outgoing | null = null;

  constructor(sender: Sender, port: number) {
    this.#sender = sender;
    const buffer = Buffer.allocUnsafe(REPLY_OCTETS);
    const callback = (read: number): boolean => {
      this.#take(buffer, read);
      return true;
    };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback } });
    this.#socket.on('error', (error) => {
      if (!sender.isEnded) throw error;
    });
  }

  get isIdle(): boolean {
    return this.#state === 'ready' && this.#awaited === 0;
  }

  begin(): void {
    this.#open = this.#sender.queue.shift() ?? null;
    if (this.#open === null) return;
    this.#awaited = ENVELOPE_REPLIES;
    this.#socket.write(ENVELOPE, 'latin1');
  }

  quit(): void {
    this.#socket.end('QUIT\r\n', 'latin1');
  }

  #take(buffer: Buffer, read: number): void {
    if (this.#state === 'greeting') {
      this.#state = 'ehlo';
      this.#socket.write(EHLO, 'latin1');
      return;
    }
    if (this.#state === 'ehlo') {
      if (!/^250 [^\n]*\n/m.test(buffer.toString('latin1', 0, read))) return;
      this.#state = 'ready';
      this.begin();
      return;
    }
    for (let at = buffer.indexOf(10); at >= 0 && at < read; at = buffer.indexOf(10, at + 1)) {
      this.#awaited -= 1;
      if (this.#sent !== null) {
        const { done } = this.#sent;
        this.#sent = null;
        done();
      }
    }
    if (this.#awaited > 0) return;
    if (this.#open === null) this.begin();
    else this.#writeBody(this.#open);
  }

  #writeBody(message: Outgoing): void {
    this.#sent = message;
    this.#open = this.#sender.queue.shift() ?? null;
    this.#awaited = this.#open === null ? 1 : 1 + ENVELOPE_REPLIES;
    const { content } = message;
    const buffers = this.#open === null ? content : [...content, ENVELOPE_OCTETS];
    let octets = 0;
    for (const { length } of buffers) octets += length;
    if (buffers.length === 1) {
      this.#socket.write(buffers[0]!);
    } else if (octets <= JOIN_MAX) {
      this.#socket.write(Buffer.concat(buffers, octets));
    } else {
      this.#socket.cork();
      for (const chunk of buffers) this.#socket.write(chunk);
      this.#socket.uncork();
    }
  }
}

export class Sender {
  readonly queue: Outgoing[] = [];
  readonly #connections: readonly Connection[];
  isEnded = false;

  constructor(port: number, connections: number) {
    this.#connections = Array.from({ length: connections }, () => new Connection(this, port));
  }

  /** @param done called when the receiver has taken it */
  send(content: readonly Buffer[], done: () => void): void {
    this.queue.push({ content, done });
    for (const connection of this.#connections) {
      if (!connection.isIdle) continue;
      connection.begin();
      return;
    }
  }

  end(): void {
    this.isEnded = true;
    for (const connection of this.#connections) connection.quit();
  }
}
