// A name server on loopback over a zone that is a plain object, for tests of everything that asks DNS: UDP and TCP on one
// port that the system chooses. Entries may be late, silent, truncated, wrong or refused. Names are written in lower case.

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type Answer,
  AUTHENTIC_DATA,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  type TlsaData,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

/** What exists at a name, and how the server behaves about it. A name that the zone lacks does not exist (NXDOMAIN). */
export interface ZoneEntry {
  readonly MX?: readonly (readonly [preference: number, exchange: string])[];
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly CNAME?: string;
  /** Each as `usage selector matchingType hexadecimal`. */
  readonly TLSA?: readonly string[];
  readonly TXT?: readonly string[];
  /** The answer has the AD bit, as that of a resolver that has proved it. */
  readonly isAuthentic?: boolean;
  /** Seconds; 300 by default. */
  readonly ttl?: number;
  readonly delayMs?: number;
  /** Answers this code (0 to 15) and nothing else. */
  readonly rcode?: number;
  /** Answers no query over these. */
  readonly silentOver?: 'udp' | 'udp and tcp';
  /** Over UDP, only says that the answer is longer. */
  readonly isTruncated?: boolean;
  /** Sends these before the answer; a function sees the question. */
  readonly before?: (response: Packet) => readonly (Packet | Buffer)[];
  /** The answer in place of the one the zone gives. */
  readonly instead?: (response: Packet) => Packet | Buffer;
  /** Gives the CNAME alone, as a server does that knows nothing about the target. */
  readonly doesNotFollow?: boolean;
}

export type Zone = Record<string, ZoneEntry>;

export interface SeenQuery {
  readonly name: string;
  readonly type: string;
  readonly by: 'udp' | 'tcp';
  readonly id: number;
  /** Where it came from. */
  readonly port: number;
  readonly hasEdns: boolean;
}

/** TTL and minimum of the SOA under negative answers. */
export const SOA_TTL_SECONDS = 120;
export const SOA_MINIMUM_SECONDS = 60;

const ALIASES_MAX = 16;
const FORMERR = 1;
const NXDOMAIN = 3;

export class DnsServer {
  /** May be changed at any time. */
  zone: Zone;
  /** FORMERR for questions with EDNS. */
  refusesEdns = false;
  /** Every question, in the order they came. */
  readonly seen: SeenQuery[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #watchers = new Set<() => void>();

  private constructor(zone: Zone, udp: UdpSocket, tcp: Server) {
    this.zone = zone;
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (message, from) => this.#answerUdp(message, from));
    udp.on('error', () => {}); // an asker that went away
    tcp.on('connection', (socket) => this.#serve(socket));
  }

  /** @param host of the loopback */
  static async open(zone: Zone, host = '127.0.0.1'): Promise<DnsServer> {
    for (;;) {
      const tcp = createServer();
      tcp.listen(0, host);
      await once(tcp, 'listening');
      const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      udp.bind((tcp.address() as AddressInfo).port, host);
      // Somebody else may have the same port over UDP: then with another one.
      const isBound = await Promise.race([
        once(udp, 'listening').then(() => true),
        new Promise<boolean>((resolve) => udp.once('error', () => resolve(false))),
      ]);
      if (isBound) return new DnsServer(zone, udp, tcp);
      udp.close();
      tcp.close();
    }
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  /** The line of resolv.conf that names this server. */
  get nameserver(): string {
    const { address, port, family } = this.#tcp.address() as AddressInfo;
    return `nameserver ${family === 'IPv6' ? `[${address}]` : address}:${port}\n`;
  }

  /** `name type` of every question so far. */
  get questions(): string[] {
    return this.seen.map(({ name, type }) => `${name} ${type}`);
  }

  /** Resolves when so many questions have come since the start. */
  async seenCount(count: number): Promise<void> {
    while (this.seen.length < count)
      await new Promise<void>((resolve) => {
        this.#watchers.add(resolve);
      });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#connections) socket.destroy();
    const closed = Promise.all([once(this.#udp, 'close'), once(this.#tcp, 'close')]);
    this.#udp.close();
    this.#tcp.close();
    await closed;
  }

  #answerUdp(message: Buffer, from: RemoteInfo): void {
    this.#answer(message, 'udp', from.port, (response) => this.#udp.send(response, from.port, from.address));
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('error', () => {}); // an asker that went away
    let held = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const message = held.subarray(2, 2 + held.readUInt16BE(0));
        held = held.subarray(2 + message.length);
        this.#answer(message, 'tcp', socket.remotePort ?? 0, (response) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(response.length);
          socket.write(Buffer.concat([length, response]));
        });
      }
    });
  }

  #answer(message: Buffer, by: 'udp' | 'tcp', port: number, send: (response: Buffer) => void): void {
    const query = decode(message);
    const question = query.questions![0]!;
    const hasEdns = query.additionals!.some(({ type }) => type === 'OPT');
    this.seen.push({ name: question.name, type: question.type, by, id: query.id!, port, hasEdns });
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
    const entry = this.zone[question.name] ?? {};
    if (entry.silentOver === 'udp and tcp' || entry.silentOver === by) return;
    const respond = (): void => {
      const response = this.#respond(query, question, by, hasEdns);
      for (const extra of entry.before?.(response) ?? []) send(octetsOf(extra));
      send(octetsOf(entry.instead?.(response) ?? response));
    };
    if (entry.delayMs === undefined) {
      respond();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      respond();
    }, entry.delayMs);
    this.#timers.add(timer);
  }

  #respond(query: DecodedPacket, question: Question, by: 'udp' | 'tcp', hasEdns: boolean): Packet {
    const response: Packet & { questions: Question[] } = {
      type: 'response',
      id: query.id!,
      flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE,
      questions: [question],
    };
    const withCode = (rcode: number): Packet => ({ ...response, flags: response.flags! | rcode });
    if (this.refusesEdns && hasEdns) return withCode(FORMERR);
    const entry = this.zone[question.name];
    if (entry?.rcode !== undefined) return withCode(entry.rcode);
    if (entry?.isTruncated && by === 'udp') return { ...response, flags: response.flags! | TRUNCATED_RESPONSE };
    const { answers, isThere, isWhole, isAuthentic } = this.#resolve(question);
    if (isAuthentic) response.flags! |= AUTHENTIC_DATA;
    const authorities = isWhole && !answers.some(({ type }) => type === question.type) ? [SOA] : [];
    return { ...(isThere ? response : withCode(NXDOMAIN)), answers, authorities };
  }

  /** The records of the name and of the names it is an alias of. */
  #resolve({ name, type }: Question): {
    answers: Answer[];
    isThere: boolean;
    isWhole: boolean;
    isAuthentic: boolean;
  } {
    const answers: Answer[] = [];
    let at = name;
    let isAuthentic = true;
    for (let count = 0; count < ALIASES_MAX; count++) {
      const entry = this.zone[at];
      if (entry === undefined) return { answers, isThere: false, isWhole: true, isAuthentic: false };
      isAuthentic &&= entry.isAuthentic === true;
      answers.push(...recordsOf(at, entry, type));
      if (entry.CNAME === undefined) return { answers, isThere: true, isWhole: true, isAuthentic };
      answers.push({ type: 'CNAME', name: at, ttl: entry.ttl ?? 300, data: entry.CNAME });
      if (entry.doesNotFollow || type === 'CNAME') return { answers, isThere: true, isWhole: false, isAuthentic };
      at = entry.CNAME;
    }
    return { answers, isThere: true, isWhole: true, isAuthentic };
  }
}

function recordsOf(name: string, entry: ZoneEntry, wanted: string): Answer[] {
  const ttl = entry.ttl ?? 300;
  if (wanted === 'MX')
    return (entry.MX ?? []).map(([preference, exchange]) => ({
      type: 'MX',
      name,
      ttl,
      data: { preference, exchange },
    }));
  if (wanted === 'A') return (entry.A ?? []).map((data) => ({ type: 'A', name, ttl, data }));
  if (wanted === 'TXT') return (entry.TXT ?? []).map((data) => ({ type: 'TXT', name, ttl, data: [data] }));
  if (wanted === 'TLSA') return (entry.TLSA ?? []).map((text) => ({ type: 'TLSA', name, ttl, data: tlsaData(text) }));
  if (wanted === 'AAAA') return (entry.AAAA ?? []).map((data) => ({ type: 'AAAA', name, ttl, data }));
  return [];
}

function tlsaData(text: string): TlsaData {
  const [usage, selector, matchingType, data] = text.split(' ');
  return {
    usage: Number(usage),
    selector: Number(selector),
    matchingType: Number(matchingType),
    certificate: Buffer.from(data!, 'hex'),
  };
}

/** Of the root, so that it is above every name. */
const SOA: Answer = {
  type: 'SOA',
  name: '.',
  ttl: SOA_TTL_SECONDS,
  data: {
    mname: 'ns.example',
    rname: 'host.example',
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: SOA_MINIMUM_SECONDS,
  },
};

const octetsOf = (response: Packet | Buffer): Buffer => (Buffer.isBuffer(response) ? response : encode(response));
