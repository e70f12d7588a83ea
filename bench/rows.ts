// The rows of figures that are published: what runs in each, how it is started, and which of its figures a table shows.
// Every contestant is a command that prints one line of JSON: a measuring program of this folder, or `bench/bench relay`.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const HARNESS = join(HERE, 'bench');

export const PEERS = ['postfix', 'exim', 'opensmtpd', 'haraka'] as const;
export type Peer = (typeof PEERS)[number];

/** `full` for figures that count, `tiny` to see that a row works. */
export type Scale = 'full' | 'tiny';

export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The peer that has to be set up. */
  readonly peer?: Peer;
  /** Run by `bench/bench`, which needs smtp-source and smtp-sink. */
  readonly isRelay?: boolean;
}

export interface Column {
  readonly figure: string;
  readonly title: string;
  readonly digits: number;
  /** Adds a column that compares with Headgate: `more` for figures that should be great, `less` for those that cost. */
  readonly ratio?: 'more' | 'less';
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly rounds: number;
  /** Null: every figure of every contestant, one a line. */
  readonly columns: readonly Column[] | null;
  contestants(scale: Scale): readonly Contestant[];
}

const RATE: Column = { figure: 'msgs_per_s', title: 'messages/s', digits: 0, ratio: 'more' };
const CPU: Column = { figure: 'cpu_ms_per_msg', title: 'CPU ms per message', digits: 3, ratio: 'less' };
const RELAY_COLUMNS: readonly Column[] = [
  RATE,
  CPU,
  { figure: 'rss_mb', title: 'RSS MB', digits: 0 },
  { figure: 'pss_mb', title: 'PSS MB', digits: 0 },
];

// ---- source, server, sink

interface Load {
  readonly words: readonly string[];
  /** Messages of Headgate and of the tools alone; peers get a share. */
  readonly messages: number;
  readonly peerMessages: number;
}

const TINY_MESSAGES = 40;
const RELAY_TIMEOUT = ['--timeout', '600'];

function relayed(scale: Scale, name: string, label: string, { words, messages, peerMessages }: Load): Contestant {
  const isPeer = (PEERS as readonly string[]).includes(name);
  const count = scale === 'tiny' ? TINY_MESSAGES : isPeer ? peerMessages : messages;
  const listen = `127.0.0.1:${Number(process.env['BENCH_PORT_BASE'] ?? 24600) + 50}`;
  const start = `'${join(HERE, 'headgate.sh')}'`;
  const server = name === 'headgate' ? ['--name', name, '--start', start, '--listen', listen] : [name];
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
    isRelay: true,
    ...(isPeer ? { peer: name as Peer } : {}),
  };
}

function relayRow(id: string, title: string, load: Load): Row {
  const names = ['direct', 'headgate', ...PEERS];
  const contestants = (scale: Scale): Contestant[] => names.map((name) => relayed(scale, name, name, load));
  return { id, title, rounds: 5, columns: RELAY_COLUMNS, contestants };
}

const KEPT_20: Load = { words: ['--sessions', '20', '--size', '2048'], messages: 100_000, peerMessages: 10_000 };
const KEPT_100: Load = { words: ['--sessions', '100', '--size', '2048'], messages: 100_000, peerMessages: 10_000 };
const LARGE: Load = { words: ['--sessions', '20', '--size', '51200'], messages: 30_000, peerMessages: 5_000 };
const TLS: Load = { words: [...KEPT_20.words, '--sink', 'postfix', '--tls'], messages: 50_000, peerMessages: 10_000 };
const NEW_CONNECTIONS: Load = {
  words: [...KEPT_20.words, '--per-connection'],
  messages: 30_000,
  peerMessages: 5_000,
};
/** Every domain has mail: three messages of Headgate, one of a peer. */
const DOMAINS: Load = {
  words: ['--sessions', '100', '--size', '2048', '--domains', '50000'],
  messages: 150_000,
  peerMessages: 50_000,
};

// ---- programs of this folder

const program = (name: string, file: string, words: readonly string[], flags: readonly string[] = []): Contestant => ({
  name,
  command: [process.execPath, ...flags, join(HERE, file), ...words, '--json'],
});

const measured = (file: string, name: string, words: readonly string[]): Contestant => ({
  ...program(name, file, [name, ...words]),
  ...(name === 'headgate' ? {} : { peer: name as Peer }),
});

const scaled = (scale: Scale, full: string, tiny: string): readonly string[] =>
  (scale === 'full' ? full : tiny).split(' ').filter(Boolean);

const DELAY_COLUMNS: readonly Column[] = [
  { figure: 'peak_per_s', title: 'peak/s', digits: 0 },
  { figure: 'accepted_per_s', title: 'paced/s', digits: 0 },
  { figure: 'latency_p50_ms', title: 'p50 ms', digits: 2 },
  { figure: 'latency_p90_ms', title: 'p90 ms', digits: 2 },
  { figure: 'latency_p99_ms', title: 'p99 ms', digits: 2 },
  { figure: 'latency_max_ms', title: 'longest ms', digits: 1 },
  { ...CPU, title: 'CPU ms per message at that rate' },
];

const LIMIT_COLUMNS: readonly Column[] = [
  { figure: 'busy_share_mean', title: 'busy share, mean', digits: 3 },
  { figure: 'busy_share_min', title: 'of the worst domain', digits: 3 },
  { figure: 'connections_peak', title: 'most connections of a domain', digits: 0 },
  RATE,
  CPU,
];

export const ROWS: readonly Row[] = [
  relayRow('relay-20', '2 KB over 20 kept connections', KEPT_20),
  relayRow('relay-100', '2 KB over 100 kept connections', KEPT_100),
  relayRow('relay-50k', '50 KB over 20 kept connections', LARGE),
  relayRow('relay-new', '2 KB, one message per connection, 20 at once', NEW_CONNECTIONS),
  relayRow('domains', '2 KB to 50,000 domains in turn, 100 kept connections', DOMAINS),
  {
    id: 'tls',
    title: 'Outgoing STARTTLS to a Postfix smtpd that discards, 2 KB over 20 kept connections in',
    rounds: 5,
    columns: RELAY_COLUMNS,
    contestants: (scale) => [
      { ...relayed(scale, 'headgate', 'headgate', TLS), peer: 'postfix' }, // the receiver
      relayed(scale, 'postfix', 'postfix', TLS),
      {
        ...relayed(scale, 'postfix', 'postfix, connections not reused', TLS),
        environment: { POSTFIX_TLS_REUSE: 'no' },
      },
    ],
  },
  {
    id: 'parts',
    title: 'The three parts alone, and the whole in the same run',
    rounds: 3,
    columns: null,
    contestants: (scale) => [
      program('receive', 'receive.ts', scaled(scale, '100000', '50')),
      program('commit', 'spool.ts', scaled(scale, '', '--share 0.0005')),
      program('send', 'send.ts', scaled(scale, '100000', '50')),
      relayed(scale, 'headgate', 'relay, 20 sessions', KEPT_20),
      relayed(scale, 'headgate', 'relay, 100 sessions', KEPT_100),
    ],
  },
  {
    id: 'hot-parts',
    title: 'Ledger, queue and resolution alone',
    rounds: 3,
    columns: null,
    contestants: (scale) => [
      program('ledger', 'ledger.ts', scaled(scale, '4', '0.002')),
      program('queue', 'scheduler.ts', scaled(scale, '100000', '110'), ['--max-old-space-size=12000']),
      program('resolution', 'configuration.ts', scaled(scale, '', '200 20 --questions 2000'), ['--expose-gc']),
    ],
  },
  {
    id: 'limit',
    title: 'A limit that binds: 100 domains, 5 connections each, 200 ms for every reply',
    rounds: 3,
    columns: LIMIT_COLUMNS,
    contestants: (scale) =>
      ['headgate', 'postfix'].map((name) =>
        measured('limit.ts', name, scaled(scale, '', '--domains 3 --per-domain 100 --delay 40')),
      ),
  },
  {
    id: 'latency',
    title: 'From the 250 in to the final dot out, at half of the peak rate, 2 KB, 100 sessions',
    rounds: 3,
    columns: DELAY_COLUMNS,
    contestants: (scale) =>
      ['headgate', ...PEERS].map((name) => {
        const burst = name === 'headgate' ? '--burst 50000' : '--burst 5000';
        return measured('latency.ts', name, scaled(scale, burst, '--burst 60 --seconds 0.5 --sessions 5'));
      }),
  },
  {
    id: 'queued',
    title: 'Two million queued messages: memory and start',
    rounds: 1,
    columns: null,
    contestants: (scale) => [
      program('headgate', 'queue.ts', scaled(scale, '--messages 2000000', '--messages 400 --rest 0.2')),
    ],
  },
];
