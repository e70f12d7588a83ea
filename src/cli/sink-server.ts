// A receiver of mail for tests, the demo and rehearsals: takes everything, or behaves as badly as it is told, and counts
// what it sees. `openSink` listens; tests then wait for what they expect and compare the counts.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Random, seededRandom } from '../core/base/random.ts';
import { Arrivals } from './sink-arrivals.ts';
import { PLAIN_BEHAVIOUR, type SinkBehaviour } from './sink-behaviour.ts';
import { SinkConnection, type TakenMessage } from './sink-connection.ts';
import { type Counted, type Gauge, SinkCounts } from './sink-counts.ts';
import { formatEndpoint, type SmtpEndpoint } from './sink-endpoint.ts';
import type { Kept } from './sink-message-data.ts';

export interface SinkListener extends SmtpEndpoint {
  /** Differences from {@link PLAIN_BEHAVIOUR}. */
  readonly behaviour?: Partial<SinkBehaviour>;
}

export interface SinkOptions {
  readonly listen: readonly SinkListener[];
  /** Of what happens by chance; 1 when left out. */
  readonly seed?: number;
  /** Header field that tells messages apart; when given, arrivals are kept. */
  readonly idHeader?: string;
  readonly onMessage?: (message: SinkMessage) => void;
}

export interface SinkMessage {
  readonly source: string;
  readonly destination: string;
  /** Empty for `<>`. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** Header section, blank line and body, without dot-stuffing. */
  readonly content: Buffer;
  /** Version of TLS that it came over, null for clear text. */
  readonly tls: string | null;
}

/** What the sink saw, as values. */
export interface SinkSnapshot {
  readonly total: Gauge;
  /** Every combination that occurred: of source, of destination, of both, of domain, of source and domain. */
  readonly rows: readonly (Counted & Gauge)[];
  /** Octets of the messages that were taken. */
  readonly octets: number;
  /** Replies with 4yz or 5yz that the behaviour asked for. */
  readonly refusals: number;
  /** Connections that the behaviour broke, or left without an answer. */
  readonly breaks: number;
  /** TLS handshakes that were done. */
  readonly handshakes: number;
  /** Commands out of turn or malformed, pipelining that was not offered, line ends that are none. */
  readonly violations: number;
}

interface Waiting {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface OpenListener {
  readonly server: Server;
  behaviour: SinkBehaviour;
}

const BACKLOG = 4_096;

/** Listens everywhere, or throws what the system said. @returns the sink, with `endpoints` in the order of `listen` */
export async function openSink(options: SinkOptions): Promise<Sink> {
  const sink = new Sink(options);
  try {
    for (const listener of options.listen) await sink.listen(listener);
  } catch (error) {
    await sink.close();
    throw error;
  }
  return sink;
}

export class Sink {
  readonly counts = new SinkCounts();
  readonly arrivals = new Arrivals();
  readonly #random: Random;
  readonly #idHeader: string | null;
  readonly #onMessage: ((message: SinkMessage) => void) | null;
  readonly #kept: Kept;
  readonly #listenersByName = new Map<string, OpenListener>();
  readonly #connections = new Set<SinkConnection>();
  readonly #closing = new Set<Socket>();
  readonly #waiting = new Set<Waiting>();
  readonly #figures = { octets: 0, refusals: 0, breaks: 0, handshakes: 0, violations: 0 };

  constructor({ seed = 1, idHeader, onMessage }: SinkOptions) {
    this.#random = seededRandom(seed);
    this.#idHeader = idHeader ?? null;
    this.#onMessage = onMessage ?? null;
    this.#kept = onMessage !== undefined ? 'all' : idHeader !== undefined ? 'header' : 'nothing';
  }

  /** The open addresses as `address:port`, the ports that the system chose filled in. */
  get endpoints(): readonly string[] {
    return [...this.#listenersByName.keys()];
  }

  /** The port of an address that is listened on; for those opened with port 0. */
  portOf(endpoint: string): number {
    return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
  }

  /** Opens one more address, or throws what the system said. @returns its name in `endpoints` */
  async listen({ address, port, behaviour }: SinkListener): Promise<string> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, backlog: BACKLOG }, resolve);
    });
    server.on('error', () => {}); // a client that could not be accepted; it may come again
    const name = formatEndpoint({ address, port: (server.address() as AddressInfo).port });
    const listener = { server, behaviour: { ...PLAIN_BEHAVIOUR, ...behaviour } };
    this.#listenersByName.set(name, listener);
    server.on('connection', (socket) => this.#accept(socket, name, listener));
    return name;
  }

  /** Changes the behaviour of an address, also for connections that are open. */
  setBehaviour(endpoint: string, behaviour: Partial<SinkBehaviour>): void {
    const listener = this.#listener(endpoint);
    listener.behaviour = { ...PLAIN_BEHAVIOUR, ...behaviour };
  }

  /** Stops listening at an address, so that connects are refused; its connections stay. */
  shut(endpoint: string): void {
    this.#listener(endpoint).server.close();
    this.#listenersByName.delete(endpoint);
  }

  /** RST on every open connection, or those of one address. */
  resetConnections(endpoint?: string): void {
    for (const connection of this.#connections) {
      if (endpoint === undefined || connection.destination === endpoint) connection.reset();
    }
  }

  snapshot(): SinkSnapshot {
    return { total: { ...this.counts.total }, rows: this.counts.rows(), ...this.#figures };
  }

  /** Waits until so many messages have been taken. */
  whenReceived(messages: number): Promise<void> {
    return this.when(() => this.counts.total.messages >= messages);
  }

  /** Waits until exactly so many connections are open, of all or of those that `counted` names. */
  whenConnections(connections: number, counted: Counted = {}): Promise<void> {
    return this.when(() => this.counts.of(counted).now === connections);
  }

  /** Waits until `isMet` is true; it is asked after every change. Fails when the sink is closed before. */
  when(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.add({ isMet, resolve, reject }));
  }

  /** Stops listening and resets what is open. */
  async close(): Promise<void> {
    const closed = [...this.#listenersByName.values()].map(
      ({ server }) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    this.#listenersByName.clear();
    this.resetConnections();
    for (const socket of this.#closing) socket.destroy();
    await Promise.all(closed);
    for (const waiting of this.#waiting) waiting.reject(new Error('the sink was closed before what was waited for'));
    this.#waiting.clear();
  }

  #accept(socket: Socket, destination: string, listener: OpenListener): void {
    this.#closing.add(socket);
    socket.on('close', () => this.#closing.delete(socket));
    // The system has no name for a peer that is gone: the connection was reset before it was accepted.
    if (socket.remoteAddress === undefined) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const source = socket.remoteAddress.replace(/^::ffff:/, '');
    const count = this.counts.open(source, destination);
    const { connectionsPerSource } = listener.behaviour;
    const isOverLimit = connectionsPerSource > 0 && this.counts.of({ source, destination }).now > connectionsPerSource;
    const connection = new SinkConnection(
      socket,
      source,
      destination,
      count,
      {
        random: this.#random,
        kept: this.#kept,
        behaviour: () => listener.behaviour,
        taken: (message) => this.#take(message),
        refused: () => this.#add('refusals'),
        broken: () => this.#add('breaks'),
        secured: () => this.#add('handshakes'),
        violated: () => this.#add('violations'),
        left: (gone) => {
          this.#connections.delete(gone);
          this.#changed();
        },
      },
      isOverLimit,
    );
    if (count.isOpen) this.#connections.add(connection);
    this.#changed();
  }

  #take({ source, destination, reversePath, recipients, data, tls }: TakenMessage): void {
    this.#figures.octets += data.octets;
    if (this.#idHeader !== null) {
      const id = data.field(this.#idHeader);
      if (id !== null) this.arrivals.add(id, recipients);
    }
    this.#onMessage?.({ source, destination, reversePath, recipients, content: data.content(), tls });
    this.#changed();
  }

  #add(figure: 'refusals' | 'breaks' | 'handshakes' | 'violations'): void {
    this.#figures[figure] += 1;
    this.#changed();
  }

  #changed(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.isMet()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  #listener(endpoint: string): OpenListener {
    const listener = this.#listenersByName.get(endpoint);
    if (listener === undefined) throw new Error(`the sink does not listen on ${endpoint}`);
    return listener;
  }
}
