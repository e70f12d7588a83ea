// The console's sockets: Unix sockets and TCP ports on loopback addresses, each serving several clients. Who may
// connect is decided by the file mode of a Unix socket; a TCP port is open to every local user, and to nobody else.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { isInBlock, parseIpAddress, parseIpBlock } from '../../core/base/ip-address.ts';
import { frameText } from '../../core/base/text-frames.ts';
import { type ControlAnswers, ControlSession } from './control-session.ts';
import { listening } from './listening.ts';
import { listenAtPath, type SocketFile } from './socket-file.ts';

/** An endpoint of a Control_Listener. Sessions that are idle for `timeoutMs` are closed; 0 = never. */
export type ControlEndpoint =
  | {
      readonly kind: 'unix';
      readonly path: string;
      /** Permission bits (`file_mode`). */
      readonly fileMode: number;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'tcp';
      /** `localhost` or a loopback address; null (every address) is refused like any other. */
      readonly host: string | null;
      /** 0 lets the system choose. */
      readonly port: number;
      readonly timeoutMs: number;
    };

export interface ControlServerOptions extends ControlAnswers {
  readonly endpoints: readonly ControlEndpoint[];
}

export type OpenedControlServer =
  | { readonly kind: 'open'; readonly server: ControlServer }
  | { readonly kind: 'failed'; readonly endpoint: string; readonly reason: string };

/** Most clients at a time over all endpoints, so that a runaway script cannot use up the descriptors. */
const SESSIONS_MAX = 64;
const CLOSE_GRACE_MS = 2_000;

/** Over all endpoints, so that a session has one name in what is remembered of changes. */
let sessionsSoFar = 0;

/** Opens every endpoint, or none. */
export async function openControlServer(options: ControlServerOptions): Promise<OpenedControlServer> {
  const server = new ControlServer(options);
  for (const endpoint of options.endpoints) {
    const reason = await server.listen(endpoint);
    if (reason === null) continue;
    await server.close();
    return { kind: 'failed', endpoint: endpointName(endpoint), reason };
  }
  return { kind: 'open', server };
}

export class ControlServer {
  readonly #answers: ControlAnswers;
  readonly #servers: Server[] = [];
  readonly #socketFiles: SocketFile[] = [];
  readonly #sessions = new Map<Socket, ControlSession>();
  readonly #endpoints: string[] = [];

  constructor(answers: ControlAnswers) {
    this.#answers = answers;
  }

  /** The open endpoints as a client names them: a path, or address:port with the port that was chosen. */
  get endpoints(): readonly string[] {
    return this.#endpoints;
  }

  /** Opens one more endpoint. @returns null, or why it could not be opened */
  async listen(endpoint: ControlEndpoint): Promise<string | null> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accept(socket, place, endpoint.timeoutMs);
    });
    let place = endpointName(endpoint);
    if (endpoint.kind === 'unix') {
      const file = await listenAtPath(server, endpoint.path, endpoint.fileMode);
      if (typeof file === 'string') return file;
      this.#socketFiles.push(file);
      this.#endpoints.push(endpoint.path);
    } else {
      const host = loopbackAddress(endpoint.host);
      if (host === null) return 'the console has no authentication yet, so it listens on loopback addresses only';
      const failure = await listening(server, { host, port: endpoint.port });
      if (failure !== null) return failure;
      place = endpointName({ ...endpoint, port: (server.address() as AddressInfo).port });
      this.#endpoints.push(place);
    }
    this.#servers.push(server);
    return null;
  }

  /** Opens nothing new, lets running answers end (two seconds at most), then closes all and removes the socket files. */
  async close(): Promise<void> {
    for (const file of this.#socketFiles.splice(0)) file.remove();
    const closed = this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
    for (const session of this.#sessions.values()) session.finish();
    const impatience = setTimeout(() => {
      for (const socket of this.#sessions.keys()) socket.destroy();
    }, CLOSE_GRACE_MS);
    await Promise.all(closed);
    clearTimeout(impatience);
  }

  #accept(socket: Socket, place: string, timeoutMs: number): void {
    if (this.#sessions.size >= SESSIONS_MAX) {
      socket.on('error', () => {});
      socket.write(frameText(`there are ${SESSIONS_MAX} console sessions already`, 'refused'));
      socket.destroySoon();
      return;
    }
    const session = { name: `${place} (session ${++sessionsSoFar})` };
    this.#sessions.set(socket, new ControlSession(socket, this.#answers, session, timeoutMs));
    socket.on('close', () => this.#sessions.delete(socket));
  }
}

const LOOPBACKS = [parseIpBlock('127.0.0.0/8')!, parseIpBlock('::1')!];

function loopbackAddress(host: string | null): string | null {
  if (host === null) return null;
  if (host === 'localhost') return '127.0.0.1';
  const address = parseIpAddress(host);
  return address !== null && LOOPBACKS.some((block) => isInBlock(address, block)) ? host : null;
}

function endpointName(endpoint: ControlEndpoint): string {
  if (endpoint.kind === 'unix') return endpoint.path;
  const host = endpoint.host ?? '*';
  return `${host.includes(':') ? `[${host}]` : host}:${endpoint.port}`;
}
