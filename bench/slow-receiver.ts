// A receiver that takes its time for every reply and knows when it was busy: from the moment it takes up MAIL until the
// reply to the final dot is out. One address of loopback for each domain, so that connections are counted exactly.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** From taking up MAIL to the final reply, in milliseconds of performance.now(). */
export type Busy = readonly [from: number, to: number];

export interface Place {
  readonly domain: string;
  readonly address: string;
  readonly port: number;
  readonly busy: Busy[];
  /** Connections that are open, and the most that ever were. */
  open: number;
  peak: number;
}

const END_OF_DATA = '\r\n.\r\n';

export class SlowReceiver {
  readonly places: Place[] = [];
  readonly #delayMs: number;
  readonly #delivered: (place: Place) => void;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(delayMs: number, delivered: (place: Place) => void) {
    this.#delayMs = delayMs;
    this.#delivered = delivered;
  }

  /** @param delivered called with each final reply */
  static async open(
    domains: readonly string[],
    delayMs: number,
    delivered: (place: Place) => void,
  ): Promise<SlowReceiver> {
    const receiver = new SlowReceiver(delayMs, delivered);
    for (const [index, domain] of domains.entries()) {
      const address = `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
      await receiver.#listen(domain, address);
    }
    return receiver;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(domain: string, address: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port: 0, backlog: 1024 }, resolve);
    });
    const { port } = server.address() as AddressInfo;
    const place = { domain, address, port, busy: [], open: 0, peak: 0 };
    this.places.push(place);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      new SlowConnection(socket, place, this.#delayMs, this.#delivered);
    });
  }
}

/** Takes up one command after the other; what came with it waits for its reply. */
class SlowConnection {
  readonly #socket: Socket;
  readonly #place: Place;
  readonly #delayMs: number;
  readonly #delivered: (place: Place) => void;
  #input = '';
  #isWaiting = false;
  #isInData = false;
  #isCounted = true;
  #mailAt = 0;

  constructor(socket: Socket, place: Place, delayMs: number, delivered: (place: Place) => void) {
    this.#socket = socket;
    this.#place = place;
    this.#delayMs = delayMs;
    this.#delivered = delivered;
    place.open += 1;
    place.peak = Math.max(place.peak, place.open);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#input += text;
      this.#advance();
    });
    socket.on('error', () => this.#uncount());
    socket.on('close', () => this.#uncount());
    socket.on('end', () => {
      this.#uncount();
      socket.end();
    });
    this.#reply('220 slow.bench.example ESMTP\r\n');
  }

  #advance(): void {
    if (this.#isWaiting) return;
    if (this.#isInData) {
      const end = this.#input.indexOf(END_OF_DATA);
      if (end < 0) return;
      this.#input = this.#input.slice(end + END_OF_DATA.length);
      this.#isInData = false;
      this.#reply('250 2.0.0 taken\r\n', () => {
        this.#place.busy.push([this.#mailAt, performance.now()]);
        this.#delivered(this.#place);
      });
      return;
    }
    const end = this.#input.indexOf('\r\n');
    if (end < 0) return;
    const verb = this.#input.slice(0, 4).toUpperCase();
    this.#input = this.#input.slice(end + 2);
    this.#take(verb);
  }

  #take(verb: string): void {
    switch (verb) {
      case 'EHLO':
        this.#reply('250-slow.bench.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n');
        break;
      case 'MAIL':
        this.#mailAt = performance.now();
        this.#reply('250 2.1.0 ok\r\n');
        break;
      case 'DATA':
        this.#reply('354 go on\r\n', () => {
          this.#isInData = true;
        });
        break;
      case 'QUIT':
        this.#reply('221 2.0.0 bye\r\n', () => {
          this.#uncount();
          this.#socket.end();
        });
        break;
      default:
        this.#reply('250 2.0.0 ok\r\n');
    }
  }

  #reply(text: string, done?: () => void): void {
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      if (!this.#socket.writable) return;
      this.#socket.write(text);
      done?.();
      this.#advance();
    }, this.#delayMs);
  }

  #uncount(): void {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    this.#place.open -= 1;
  }
}
