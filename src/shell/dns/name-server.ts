// One server: the ways to it, and whether it lately answered at all.
import type { ServerAddress } from './resolv-conf.ts';
import { TcpLane } from './tcp-lane.ts';
import { UdpLane } from './udp-lane.ts';

/** So many questions in a row without any sign of life, and the other servers are asked first for a while. */
const SILENCES_MAX = 3;
const REST_MS = 10_000;

export class NameServer {
  readonly udp: UdpLane;
  readonly tcp: TcpLane;
  #silences = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(server: ServerAddress) {
    this.udp = new UdpLane(server);
    this.tcp = new TcpLane(server);
  }

  noteAnswer(): void {
    this.#silences = 0;
    this.#restsUntil = Number.NEGATIVE_INFINITY;
  }

  noteSilence(): void {
    this.#silences += 1;
    if (this.#silences >= SILENCES_MAX) this.#restsUntil = performance.now() + REST_MS;
  }

  get isResting(): boolean {
    return performance.now() < this.#restsUntil;
  }
}

/** In the order of the file, resting servers last. */
export function orderOfServers(servers: readonly NameServer[]): NameServer[] {
  return [...servers.filter((server) => !server.isResting), ...servers.filter((server) => server.isResting)];
}
