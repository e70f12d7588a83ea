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
  /** Run by `bench/bench`, which needs smtp-source and smtp-sink, and prints a line of its own. */
  readonly isRelay?: boolean;
  /** Another program that needs them. */
  readonly needsTools?: boolean;
  /** Lines that this version of Headgate has to know. */
  readonly configuration?: string;
}

export interface Column {
  readonly figure: string;
  readonly title: string;
  readonly digits: number;
  /** Adds a column that compares with Headgate: `more` for figures that should be great, `less` for those that cost. */
  readonly ratio?: 'more' | 'less';
}

/** The median of a figure of a contestant; null where it was not measured. */
type MedianOf = (contestant: string, figure: string) => number | null;

export interface ColumnLayout {
  readonly kind: 'columns';
  readonly columns: readonly Column[];
  /** Lines that are worked out from the medians of the others. */
  readonly derived?: (median: MedianOf) => readonly DerivedLine[];
}

export interface DerivedLine {
  readonly name: string;
  readonly figures: Readonly<Record<string, number | null>>;
  readonly digits: number;
}

/**
 * How a table shows a row: a line for each contestant; or every figure of every contestant, one a line; or the same with
 * each size compared with the first; or a line for each figure and a column for each contestant.
 */
export type Layout = ColumnLayout | { readonly kind: 'figures' | 'growth' | 'side by side' };

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly rounds: number;
  readonly layout: Layout;
  contestants(scale: Scale): readonly Contestant[];
}

const ROUNDS = 5;

const RATE: Column = { figure: 'msgs_per_s', title: 'messages/s', digits: 0, ratio: 'more' };
const CPU: Column = { figure: 'cpu_ms_per_msg', title: 'CPU ms per message', digits: 3, ratio: 'less' };
const RELAY_COLUMNS: readonly Column[] = [
  { figure: 'messages', title: 'messages a round', digits: 0 },
  RATE,
  CPU,
  { figure: 'rss_mb', title: 'RSS MB', digits: 0 },
  { figure: 'pss_mb', title: 'PSS MB', digits: 0 },
];

// ---- source, server, sink

interface Load {
  readonly words: readonly string[];
  /** Of Headgate, the tools alone, and every server that is not named in `less`. */
  readonly messages: number;
  /** Of servers that would take longer than two minutes, or for which a minute is enough. */
  readonly less?: Readonly<Partial<Record<Peer, number>>>;
}

const TINY_MESSAGES = 40;
const RELAY_TIMEOUT = ['--timeout', '600'];

/** A tenth of the messages is not measured. */
function relayed(scale: Scale, name: string, label: string, { words, messages, less = {} }: Load): Contestant {
  const isPeer = (PEERS as readonly string[]).includes(name);
  const count = scale === 'tiny' ? TINY_MESSAGES : (less[name as Peer] ?? messages);
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

function relayRow(id: string, title: string, load: Load, rounds = ROUNDS): Row {
  const names = ['direct', 'headgate', ...PEERS];
  const contestants = (scale: Scale): Contestant[] => names.map((name) => relayed(scale, name, name, load));
  return { id, title, rounds, layout: { kind: 'columns', columns: RELAY_COLUMNS }, contestants };
}

const everyPeer = (count: number): Readonly<Record<Peer, number>> => ({
  postfix: count,
  exim: count,
  opensmtpd: count,
  haraka: count,
});

const KEPT = { messages: 50_000, less: { exim: 10_000, opensmtpd: 10_000 } };
const KEPT_20: Load = { ...KEPT, words: ['--sessions', '20', '--size', '2048'] };
const KEPT_100: Load = { ...KEPT, words: ['--sessions', '100', '--size', '2048'] };
const LARGE: Load = { words: ['--sessions', '20', '--size', '51200'], messages: 20_000, less: everyPeer(5_000) };
const TLS: Load = {
  words: [...KEPT_20.words, '--sink', 'postfix', '--tls'],
  messages: 30_000,
  less: everyPeer(10_000),
};
const NEW_CONNECTIONS: Load = {
  words: [...KEPT_20.words, '--per-connection'],
  messages: 20_000,
  less: { ...everyPeer(5_000), postfix: 20_000 },
};
/** Every domain has mail of Headgate and of the faster peers. */
const DOMAINS: Load = {
  words: ['--sessions', '100', '--size', '2048', '--domains', '50000'],
  messages: 50_000,
  less: { exim: 10_000, opensmtpd: 10_000 },
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

/** The loads of bench/loads.ts and bench/bare.ts, as columns. */
const LOAD_COLUMNS: readonly Column[] = [
  { figure: '2k_20_cpu_ms', title: '2 KB, 20 sessions', digits: 4 },
  { figure: '2k_100_cpu_ms', title: '2 KB, 100 sessions', digits: 4 },
  { figure: '50k_20_cpu_ms', title: '50 KB, 20 sessions', digits: 4 },
];
const BARE_PARTS = ['receive', 'commit', 'send'];

/** The bare parts together, and Headgate in proportion. */
function bareSums(median: MedianOf): readonly DerivedLine[] {
  const line = (name: string, digits: number, value: (figure: string) => number): DerivedLine => ({
    name,
    digits,
    figures: Object.fromEntries(LOAD_COLUMNS.map(({ figure }) => [figure, value(figure)])),
  });
  const of = (name: string, figure: string): number => median(name, figure) ?? Number.NaN;
  const sum = (figure: string): number => BARE_PARTS.reduce((total, part) => total + of(part, figure), 0);
  return [
    line('the three parts, summed', 4, sum),
    line('headgate, times that sum', 2, (figure) => of('headgate', figure) / sum(figure)),
    line('headgate, times the bare relay', 2, (figure) => of('headgate', figure) / of('bare relay', figure)),
  ];
}

function connectionCosts(median: MedianOf): readonly DerivedLine[] {
  const kept = median('headgate', '2k_20_cpu_ms') ?? Number.NaN;
  const more = (figure: string): number => (median('headgate', figure) ?? Number.NaN) - kept;
  return [
    {
      name: 'more than kept ones: one connection',
      digits: 4,
      figures: { new_in_cpu_ms: more('new_in_cpu_ms'), new_out_cpu_ms: more('new_out_cpu_ms') },
    },
  ];
}

/** `bench/loads.ts`: one server under several loads. */
function loaded(scale: Scale, label: string, server: string, loads: string, options = ''): Contestant {
  const more = options === '' ? [] : ['--options', options];
  const count = scale === 'full' ? '50000' : '40';
  return {
    ...program(label, 'loads.ts', [server, ...loads.split(' '), '--messages', count, ...more]),
    needsTools: true,
    ...(options === '' ? {} : { configuration: options }),
  };
}

function growing(scale: Scale, dimension: string): Contestant {
  const tiny = scale === 'tiny' ? ['10', '20', '--messages', '200'] : [];
  const grown = program(dimension, 'growth.ts', [dimension, ...tiny], ['--max-old-space-size=12000']);
  return dimension === 'clients' ? { ...grown, needsTools: true } : grown;
}

export const ROWS: readonly Row[] = [
  relayRow('relay-20', '2 KB over 20 kept connections', KEPT_20),
  relayRow('relay-100', '2 KB over 100 kept connections', KEPT_100),
  relayRow('relay-50k', '50 KB over 20 kept connections', LARGE),
  relayRow('relay-new', '2 KB, one message per connection, 20 at once', NEW_CONNECTIONS),
  {
    id: 'connections',
    title: 'What a connection costs: CPU ms per message, 2 KB, 20 sessions',
    rounds: ROUNDS,
    layout: {
      kind: 'columns',
      columns: [
        { figure: '2k_20_cpu_ms', title: 'all connections kept', digits: 4 },
        { figure: 'new_in_cpu_ms', title: 'one in for each message', digits: 4 },
        { figure: 'new_out_cpu_ms', title: 'one out for each message', digits: 4 },
      ],
      derived: connectionCosts,
    },
    contestants: (scale) => [loaded(scale, 'headgate', 'headgate', '2k_20 new_in new_out')],
  },
  {
    id: 'bare',
    title: 'The bare relay, its parts, and Headgate: CPU ms per message',
    rounds: ROUNDS,
    layout: { kind: 'columns', columns: LOAD_COLUMNS, derived: bareSums },
    contestants: (scale) => [
      ...BARE_PARTS.map((part) => ({
        ...program(part, 'bare.ts', [part, ...scaled(scale, '', '--messages 50')]),
        needsTools: true,
      })),
      loaded(scale, 'bare relay', 'bare', '2k_20 2k_100 50k_20'),
      loaded(scale, 'headgate', 'headgate', '2k_20 2k_100 50k_20'),
    ],
  },
  {
    id: 'profile',
    title: 'Where CPU and system calls go: microseconds of CPU, and calls, for a message',
    rounds: 1,
    layout: { kind: 'side by side' },
    contestants: (scale) =>
      [
        ['2 KB at 100 sessions', 'headgate', '--sessions 100'],
        ['the bare relay', 'bare', '--sessions 100'],
        ['2 KB at 20 sessions', 'headgate', '--sessions 20'],
        ['a connection in for each', 'headgate', '--sessions 20 --per-connection'],
        ['50 KB at 20 sessions', 'headgate', '--sessions 20 --size 51200'],
        ['the bare relay at 50 KB', 'bare', '--sessions 20 --size 51200'],
      ].map(([label, server, load]) => ({
        ...program(label!, 'profile.ts', [server!, ...load!.split(' '), ...scaled(scale, '', '--messages 60')]),
        needsTools: true,
      })),
  },
  {
    id: 'shards',
    title: 'Two shards against one',
    rounds: ROUNDS,
    layout: {
      kind: 'columns',
      columns: [
        { figure: '2k_20_msgs_per_s', title: '2 KB, 20 sessions: messages/s', digits: 0 },
        { figure: '2k_20_cpu_ms', title: 'CPU ms per message', digits: 3 },
        { figure: '2k_100_msgs_per_s', title: '100 sessions: messages/s', digits: 0 },
        { figure: '2k_100_cpu_ms', title: 'CPU ms per message', digits: 3 },
      ],
    },
    contestants: (scale) => [
      loaded(scale, 'one shard', 'headgate', '2k_20 2k_100', 'Shards = 1'),
      loaded(scale, 'two shards', 'headgate', '2k_20 2k_100', 'Shards = 2'),
    ],
  },
  {
    id: 'growth',
    title: 'Costs that must not grow',
    rounds: 1,
    layout: { kind: 'growth' },
    contestants: (scale) =>
      ['queued', 'domains', 'bindings', 'stanzas', 'outbound', 'clients'].map((dimension) => growing(scale, dimension)),
  },
  relayRow('domains', '2 KB to 50,000 domains in turn, 100 kept connections', DOMAINS, 3),
  {
    id: 'tls',
    title: 'Outgoing STARTTLS to a Postfix smtpd that discards, 2 KB over 20 kept connections in',
    rounds: 3,
    layout: { kind: 'columns', columns: RELAY_COLUMNS },
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
    title: 'The three parts of Headgate alone',
    rounds: 3,
    layout: { kind: 'figures' },
    contestants: (scale) => [
      program('receive', 'receive.ts', scaled(scale, '100000', '50')),
      program('commit', 'spool.ts', scaled(scale, '', '--share 0.0005')),
      program('send', 'send.ts', scaled(scale, '100000', '50')),
    ],
  },
  {
    id: 'hot-parts',
    title: 'Ledger, queue and resolution alone',
    rounds: 3,
    layout: { kind: 'figures' },
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
    layout: { kind: 'columns', columns: LIMIT_COLUMNS },
    contestants: (scale) =>
      ['headgate', 'postfix'].map((name) =>
        measured('limit.ts', name, scaled(scale, '', '--domains 3 --per-domain 100 --delay 40')),
      ),
  },
  {
    id: 'latency',
    title: 'From the 250 in to the final dot out, at half of the peak rate, 2 KB, 100 sessions',
    rounds: 3,
    layout: { kind: 'columns', columns: DELAY_COLUMNS },
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
    layout: { kind: 'figures' },
    contestants: (scale) => [
      program('headgate', 'queue.ts', scaled(scale, '--messages 2000000', '--messages 400 --rest 0.2')),
    ],
  },
];
