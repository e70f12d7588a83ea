// A TCP port on which clients are taken in. What a connection does is inbound-connection.ts's matter; this file opens,
// counts and stops. That the system has no descriptor left for a client is no reason to stop listening.
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { AcceptInbound } from '../../engine/ports.ts';
import { SocketInboundConnection } from './inbound-connection.ts';

export interface ListenerOptions {
  /** An IP address, or null for all addresses of the machine. */
  readonly host: string | null;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Connections the kernel completes before they are accepted; default 1024 (the kernel may allow fewer). */
  readonly backlog?: number;
  /** Several listeners, of several threads, share the port; the kernel spreads connections over them. */
  readonly reusePort?: boolean;
  readonly accept: AcceptInbound;
}

export type OpenedListener =
  | { readonly kind: 'open'; readonly listener: Listener }
  | { readonly kind: 'failed'; readonly endpoint: string; readonly reason: string };

const BACKLOG = 1_024;
/** Octets of replies under way at which a client counts as slow. */
const UNSENT_OCTETS = 65_536;

export function openListener(options: ListenerOptions): Promise<OpenedListener> {
  const listener = new Listener(options.accept);
  return listener.open(options);
}

export class Listener {
  readonly #server: Server;
  readonly #accept: AcceptInbound;
  #endpoint = '';
  #port = 0;
  #connections = 0;
  static #lastId = 0;

  /** For {@link openListener}. */
  constructor(accept: AcceptInbound) {
    this.#accept = accept;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: UNSENT_OCTETS });
    this.#server.on('connection', (socket) => this.#accepted(socket));
  }

  /** For {@link openListener}. */
  open({ host, port, backlog = BACKLOG, reusePort = false }: ListenerOptions): Promise<OpenedListener> {
    const server = this.#server;
    const options: ListenOptions = { port, backlog, reusePort, ...(host === null ? {} : { host }) };
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        resolve({ kind: 'failed', endpoint: endpointName(host ?? '*', port), reason: reasonOf(error, host) });
      };
      server.once('error', failed);
      server.once('listening', () => {
        server.off('error', failed);
        server.on('error', ignore); // a client that could not be accepted; it waits in the backlog, or comes again
        const bound = server.address() as AddressInfo;
        this.#endpoint = endpointName(bound.address, bound.port);
        this.#port = bound.port;
        resolve({ kind: 'open', listener: this });
      });
      server.listen(options);
    });
  }

  /** Where it listens, as address:port. */
  get endpoint(): string {
    return this.#endpoint;
  }

  get port(): number {
    return this.#port;
  }

  /** Clients connected now. */
  connections(): number {
    return this.#connections;
  }

  /** Takes in nobody any more. The clients that are connected stay. */
  close(): void {
    if (this.#server.listening) this.#server.close();
  }

  #accepted(socket: Socket): void {
    // A client that is gone again has no address.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    this.#connections += 1;
    socket.once('close', () => {
      this.#connections -= 1;
    });
    new SocketInboundConnection(++Listener.#lastId, socket, this.#accept);
  }
}

const ignore = (): void => {};

const endpointName = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

function reasonOf({ code, message }: NodeJS.ErrnoException, host: string | null): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use by another process';
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine`;
    case 'EACCES':
      return 'not permitted; ports below 1024 need root or CAP_NET_BIND_SERVICE';
    case 'ENOTFOUND':
      return `${host} is no IP address`;
    default:
      return code ?? message;
  }
}
