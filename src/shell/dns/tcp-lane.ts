// Questions to one server over TCP, for answers that do not fit a datagram (RFC 7766). A connection per question: they
// are rare, and a connection that is kept would be one more thing that ends at the wrong time.
import { randomInt } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import type { ServerAddress } from './resolv-conf.ts';
import type { Exchange, ExchangeEvents } from './udp-lane.ts';

/** Connections at a time; more questions wait, in order, as long as their askers have patience. */
const CONNECTIONS_MAX = 16;
const IDS = 65_536;
const LENGTH_OCTETS = 2;

export class TcpLane {
  readonly #server: ServerAddress;
  readonly #waiting = new Set<TcpExchange>();
  #connectionCount = 0;

  constructor(server: ServerAddress) {
    this.#server = server;
  }

  ask(encode: (id: number) => Buffer, events: ExchangeEvents): Exchange {
    const id = randomInt(IDS);
    const exchange = new TcpExchange(encode(id), id, events);
    this.#waiting.add(exchange);
    this.#connectWaiting();
    return {
      end: () => {
        this.#waiting.delete(exchange);
        exchange.end();
      },
    };
  }

  #connectWaiting(): void {
    for (const exchange of this.#waiting) {
      if (this.#connectionCount >= CONNECTIONS_MAX) return;
      this.#waiting.delete(exchange);
      this.#connectionCount += 1;
      exchange.connect(this.#server, () => {
        this.#connectionCount -= 1;
        this.#connectWaiting();
      });
    }
  }
}

class TcpExchange {
  readonly #question: Buffer;
  readonly #id: number;
  /** Null once it has ended. */
  #events: ExchangeEvents | null;
  #socket: Socket | null = null;
  readonly #chunks: Buffer[] = [];
  #octets = 0;
  /** Octets that must be there before there is anything to read: the length, then the message with it. */
  #wanted = LENGTH_OCTETS;

  constructor(question: Buffer, id: number, events: ExchangeEvents) {
    this.#question = question;
    this.#id = id;
    this.#events = events;
  }

  connect({ address, port }: ServerAddress, closed: () => void): void {
    const socket = createConnection({ host: address, port, noDelay: true });
    this.#socket = socket;
    const length = Buffer.alloc(LENGTH_OCTETS);
    length.writeUInt16BE(this.#question.length);
    socket.on('connect', () => socket.write(Buffer.concat([length, this.#question])));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.#fail('connection closed before the answer'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? 'unknown error'));
    socket.on('close', closed);
  }

  end(): void {
    this.#events = null;
    this.#socket?.destroy();
  }

  /** Holds one message at most: 65,535 octets by its length field. */
  #take(chunk: Buffer): void {
    if (this.#events === null) return;
    this.#chunks.push(chunk);
    this.#octets += chunk.length;
    while (this.#octets >= this.#wanted) {
      const all = Buffer.concat(this.#chunks.splice(0));
      if (this.#wanted > LENGTH_OCTETS) {
        const events = this.#events;
        this.end();
        events.received(all.subarray(LENGTH_OCTETS, this.#wanted), this.#id);
        return;
      }
      this.#wanted = LENGTH_OCTETS + all.readUInt16BE(0);
      this.#chunks.push(all);
      if (this.#wanted === LENGTH_OCTETS) {
        this.#fail('empty answer');
        return;
      }
    }
  }

  #fail(code: string): void {
    const events = this.#events;
    this.end();
    events?.failed(code);
  }
}
