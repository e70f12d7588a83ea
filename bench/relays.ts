// The contestants that `bench/bench` runs: source, server, sink.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contestant, PEERS, type Peer, type Scale } from './contestant.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const HARNESS = join(HERE, 'bench');
const HEADGATE = `'${join(HERE, 'headgate.sh')}'`;
const BARE = `exec '${process.execPath}' '${join(HERE, 'bare.ts')}' relay`;
/** From BENCH_PORT_BASE, below the port of the sink. */
const SERVER_PORT_OFFSET = 50;

export interface Load {
  readonly words: readonly string[];
  /** Of every server that is not named in `less`, and of the tools alone. */
  readonly messages: number;
  /** Of servers that would take too long. */
  readonly less?: Readonly<Partial<Record<Peer, number>>>;
}

/** What differs from Headgate, or the peer, as it usually is. */
interface Variant {
  readonly label: string;
  /** Lines of Headgate's configuration, at global scope. */
  readonly options?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const TINY_MESSAGES = 40;
const RELAY_TIMEOUT = ['--timeout', '300'];
const OWN_STARTS: Readonly<Record<string, string>> = { headgate: HEADGATE, bare: BARE };

/**
 * A tenth of the messages is not measured.
 * @param name `direct`, `headgate`, `bare` or a peer
 */
export function relayed(scale: Scale, name: string, load: Load, variant: Variant = { label: name }): Contestant {
  const { words, messages, less = {} } = load;
  const { label, options, environment = {} } = variant;
  const isPeer = (PEERS as readonly string[]).includes(name);
  const count = scale === 'tiny' ? TINY_MESSAGES : (less[name as Peer] ?? messages);
  const listen = `127.0.0.1:${Number(process.env['BENCH_PORT_BASE'] ?? 24600) + SERVER_PORT_OFFSET}`;
  const start = OWN_STARTS[name];
  const server = start === undefined ? [name] : ['--name', name, '--start', start, '--listen', listen];
  const counts = ['--messages', String(count), '--warmup', String(Math.ceil(count / 10))];
  return {
    name: label,
    command: [
      HARNESS,
      ...(name === 'direct' ? ['direct'] : ['relay', ...server]),
      ...words,
      ...counts,
      ...RELAY_TIMEOUT,
    ],
    environment: options === undefined ? environment : { ...environment, HEADGATE_OPTIONS: options },
    isRelay: true,
    ...(isPeer ? { peer: name as Peer } : {}),
    ...(options === undefined ? {} : { configuration: options }),
  };
}

/** The same number for each. */
export const each = (peers: readonly Peer[], count: number): Readonly<Partial<Record<Peer, number>>> =>
  Object.fromEntries(peers.map((peer) => [peer, count]));
