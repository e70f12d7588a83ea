// Datagrams to one server and back. Each question has its own socket, so that whoever forges an answer has to guess port
// and id; from SOCKETS_MAX on, questions share the sockets there are. Sockets are connected: the kernel drops what comes
// from elsewhere, and tells when nobody listens. A socket is closed with its last question, so that none is ever idle.
import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { hostAddress } from '../../core/mail/host-address.ts';
import type { ServerAddress } from './resolv-conf.ts';

/** Descriptors this may take; design decision 14 keeps 128 of them back for DNS and everything else. */
const SOCKETS_MAX = 32;
const IDS = 65_536;

export interface ExchangeEvents {
  /** A message with the id of the question, from the server that was asked. */
  received(message: Buffer, id: number): void;
  /** System error code. Nothing more comes. */
  failed(code: string): void;
}

export interface Exchange {
  /** Nothing more comes. */
  end(): void;
}

interface OpenExchange {
  readonly events: ExchangeEvents;
  readonly message: Buffer;
}

interface LaneSocket {
  readonly socket: Socket;
  readonly exchangesById: Map<number, OpenExchange>;
  isConnected: boolean;
}

export class UdpLane {
  readonly #server: ServerAddress;
  readonly #sockets: LaneSocket[] = [];

  constructor(server: ServerAddress) {
    this.#server = server;
  }

  /** Sends what `encode` makes for an id that nobody can guess. */
  ask(encode: (id: number) => Buffer, events: ExchangeEvents): Exchange {
    const lane = this.#sockets.length < SOCKETS_MAX ? this.#open() : this.#sockets[randomInt(this.#sockets.length)]!;
    let id = randomInt(IDS);
    while (lane.exchangesById.has(id)) id = randomInt(IDS);
    const exchange: OpenExchange = { events, message: encode(id) };
    lane.exchangesById.set(id, exchange);
    if (lane.isConnected) this.#send(lane, exchange);
    return {
      end: () => {
        if (lane.exchangesById.get(id) !== exchange) return;
        lane.exchangesById.delete(id);
        if (lane.exchangesById.size === 0) this.#close(lane);
      },
    };
  }

  #open(): LaneSocket {
    const socket = createSocket({ type: this.#server.family === 4 ? 'udp4' : 'udp6' });
    const lane: LaneSocket = { socket, exchangesById: new Map(), isConnected: false };
    this.#sockets.push(lane);
    socket.on('message', (message, from) => this.#receive(lane, message, from));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(lane, error));
    socket.connect(this.#server.port, this.#server.address, (error?: NodeJS.ErrnoException) => {
      if (error instanceof Error) return this.#fail(lane, error);
      if (!this.#sockets.includes(lane)) return; // closed meanwhile
      lane.isConnected = true;
      for (const exchange of lane.exchangesById.values()) this.#send(lane, exchange);
    });
    return lane;
  }

  #send(lane: LaneSocket, { message }: OpenExchange): void {
    lane.socket.send(message, (error) => {
      if (error !== null) this.#fail(lane, error);
    });
  }

  #receive(lane: LaneSocket, message: Buffer, from: RemoteInfo): void {
    // What came between bind and connect has not been looked at by the kernel.
    if (from.port !== this.#server.port || plain(from.address) !== plain(this.#server.address)) return;
    if (message.length < 2) return;
    const id = message.readUInt16BE(0);
    lane.exchangesById.get(id)?.events.received(message, id);
  }

  #fail(lane: LaneSocket, error: NodeJS.ErrnoException): void {
    const exchanges = Array.from(lane.exchangesById.values());
    lane.exchangesById.clear();
    this.#close(lane);
    for (const { events } of exchanges) events.failed(error.code ?? 'unknown error');
  }

  #close(lane: LaneSocket): void {
    const index = this.#sockets.indexOf(lane);
    if (index < 0) return;
    this.#sockets.splice(index, 1);
    lane.socket.close();
  }
}

/** One text per address, without the zone, which names the interface and not the host. */
function plain(address: string): string {
  const name = address.replace(/%.*/, '');
  return hostAddress(name)?.address ?? name;
}
