// Rows in which source, server and sink are three programs: how much mail goes through, and what a message costs.
import { type Contestant, PEERS, type Scale } from './contestant.ts';
import type { Column, DerivedLine, Goal, MedianOf } from './layout.ts';
import { each, type Load, relayed } from './relays.ts';
import { ROUNDS, type Row } from './row.ts';

export const RATE: Column = { figure: 'msgs_per_s', title: 'messages/s', digits: 0, ratio: 'more' };
export const CPU: Column = { figure: 'cpu_ms_per_msg', title: 'CPU ms per message', digits: 3, ratio: 'less' };
const COLUMNS: readonly Column[] = [
  { figure: 'messages', title: 'messages a round', digits: 0 },
  RATE,
  CPU,
  { figure: 'rss_mb', title: 'RSS MiB', digits: 0 },
  { figure: 'pss_mb', title: 'PSS MiB', digits: 0 },
];

const SLOWER = ['exim', 'opensmtpd', 'haraka'] as const;
const SIZE_2K = ['--size', '2048'];
const KEPT_20: Load = {
  words: ['--sessions', '20', ...SIZE_2K],
  messages: 50_000,
  less: each(SLOWER, 10_000),
};
const KEPT_100: Load = {
  words: ['--sessions', '100', ...SIZE_2K],
  messages: 50_000,
  less: each(SLOWER, 10_000),
};
const LARGE: Load = {
  words: ['--sessions', '20', '--size', '51200'],
  messages: 50_000,
  less: { ...each(SLOWER, 3_000), postfix: 5_000 },
};
const NEW_IN: Load = {
  words: [...KEPT_20.words, '--per-connection'],
  messages: 20_000,
  less: { ...each(SLOWER, 2_000), postfix: 10_000 },
};
const NEW_OUT: Load = { words: KEPT_20.words, messages: 20_000 };
const DOMAINS: Load = {
  words: ['--sessions', '100', ...SIZE_2K, '--domains', '50000'],
  messages: 50_000,
  less: each(PEERS, 10_000),
};
const TLS: Load = {
  words: [...KEPT_20.words, '--sink', 'postfix', '--tls'],
  messages: 30_000,
  less: each(PEERS, 10_000),
};

const TWO_SHARDS = { label: 'headgate with two shards', options: 'Shards = 2' };
const ONE_OUT = { label: 'headgate with one out for each', options: 'Max_Deliveries_Per_Connection = 1' };
const BARE = { label: 'the bare relay' };

const CPU_FIGURE = CPU.figure;

/** Headgate's rate beside that of another. */
const faster = (other: string, times: number): Goal => ({
  what: `messages/s, times those of ${other}`,
  bound: { atLeast: times },
  digits: 2,
  value: (median) => median('headgate', 'msgs_per_s') / median(other, 'msgs_per_s'),
});

/** Another's CPU beside Headgate's. */
const cheaper = (other: string, times: number): Goal => ({
  what: `CPU per message of ${other}, times Headgate's`,
  bound: { atLeast: times },
  digits: 2,
  value: (median) => median(other, CPU_FIGURE) / median('headgate', CPU_FIGURE),
});

/** What a connection adds to a message over kept ones. */
function connectionCosts(median: MedianOf): readonly DerivedLine[] {
  const kept = median('headgate', CPU_FIGURE, 'relay-20');
  const line = (name: string, label: string): DerivedLine => ({
    name,
    figures: { [CPU_FIGURE]: median(label, CPU_FIGURE) - kept },
  });
  return [line('of that, one connection in', 'headgate'), line('of that, one connection out', ONE_OUT.label)];
}

const layout = { kind: 'columns', columns: COLUMNS } as const;

export const RELAY_20: Row = {
  id: 'relay-20',
  title: '2 KB over 20 kept connections',
  rounds: ROUNDS,
  roundMinutes: 3,
  layout,
  goals: [faster('postfix', 6), cheaper('postfix', 12), ...SLOWER.map((peer) => faster(peer, 5))],
  contestants: (scale) => withVariants(scale, KEPT_20),
};

export const RELAY_100: Row = {
  id: 'relay-100',
  title: '2 KB over 100 kept connections',
  rounds: ROUNDS,
  roundMinutes: 3,
  layout,
  goals: [faster('postfix', 12), cheaper('postfix', 12), ...SLOWER.map((peer) => faster(peer, 7))],
  contestants: (scale) => withVariants(scale, KEPT_100),
};

export const RELAY_50K: Row = {
  id: 'relay-50k',
  title: '50 KB over 20 kept connections',
  rounds: ROUNDS,
  roundMinutes: 1.5,
  layout,
  goals: [faster('postfix', 7), cheaper('postfix', 10)],
  contestants: (scale) => [
    ...['direct', 'headgate'].map((name) => relayed(scale, name, LARGE)),
    relayed(scale, 'bare', LARGE, BARE),
    ...PEERS.map((name) => relayed(scale, name, LARGE)),
  ],
};

export const RELAY_NEW: Row = {
  id: 'relay-new',
  title: '2 KB, one message per connection, 20 at once',
  rounds: ROUNDS,
  roundMinutes: 1.5,
  layout: { ...layout, derived: connectionCosts },
  goals: [faster('postfix', 3)],
  contestants: (scale) => [
    ...['direct', 'headgate', ...PEERS].map((name) => relayed(scale, name, NEW_IN)),
    relayed(scale, 'headgate', NEW_OUT, ONE_OUT),
  ],
};

/** All servers, and Headgate in other ways beside them. */
function withVariants(scale: Scale, load: Load): readonly Contestant[] {
  return [
    relayed(scale, 'direct', load),
    relayed(scale, 'headgate', load),
    relayed(scale, 'headgate', load, TWO_SHARDS),
    relayed(scale, 'bare', load, BARE),
    ...PEERS.map((name) => relayed(scale, name, load)),
  ];
}

const BARE_PARTS = ['receive', 'commit', 'send'];
/** Of the parts, which have all three, and where the whole was measured. */
const BARE_LOADS = [
  { figure: '2k_20_cpu_ms', title: '2 KB, 20 sessions', row: 'relay-20' },
  { figure: '2k_100_cpu_ms', title: '2 KB, 100 sessions', row: 'relay-100' },
  { figure: '50k_20_cpu_ms', title: '50 KB, 20 sessions', row: 'relay-50k' },
] as const;

function bareLines(median: MedianOf): readonly DerivedLine[] {
  const line = (name: string, of: (load: (typeof BARE_LOADS)[number]) => number): DerivedLine => ({
    name,
    figures: Object.fromEntries(BARE_LOADS.map((load) => [load.figure, of(load)])),
  });
  const sum = (figure: string): number => BARE_PARTS.reduce((total, part) => total + median(part, figure), 0);
  const relay = (row: string): number => median(BARE.label, CPU_FIGURE, row);
  const headgate = (row: string): number => median('headgate', CPU_FIGURE, row);
  return [
    line('the three parts, summed', ({ figure }) => sum(figure)),
    line('the bare relay', ({ row }) => relay(row)),
    line('headgate', ({ row }) => headgate(row)),
    { ...line('headgate, times the parts', ({ figure, row }) => headgate(row) / sum(figure)), digits: 2 },
    { ...line('headgate, times the bare relay', ({ row }) => headgate(row) / relay(row)), digits: 2 },
  ];
}

export const bareRow = (contestants: (scale: Scale) => readonly Contestant[]): Row => ({
  id: 'bare',
  title: 'The bare relay, its parts, and Headgate: CPU ms per message',
  rounds: ROUNDS,
  roundMinutes: 1,
  from: BARE_LOADS.map(({ row }) => row),
  layout: {
    kind: 'columns',
    columns: BARE_LOADS.map(({ figure, title }) => ({ figure, title, digits: 4 })),
    derived: bareLines,
  },
  goals: BARE_LOADS.map(({ title, row }) => ({
    what: `CPU per message, times the bare relay's (${title})`,
    bound: { atMost: 2 },
    digits: 2,
    value: (median) => median('headgate', CPU_FIGURE, row) / median(BARE.label, CPU_FIGURE, row),
  })),
  contestants,
});

/** Nothing of its own: what the rows of kept connections have. */
export const SHARDS: Row = {
  id: 'shards',
  title: 'Two shards against one',
  rounds: 0,
  roundMinutes: 0,
  from: ['relay-20', 'relay-100'],
  layout: {
    kind: 'columns',
    columns: [
      { figure: 'relay-20 msgs_per_s', title: '20 sessions: messages/s', digits: 0 },
      { figure: 'relay-20 cpu_ms_per_msg', title: 'CPU ms per message', digits: 3 },
      { figure: 'relay-100 msgs_per_s', title: '100 sessions: messages/s', digits: 0 },
      { figure: 'relay-100 cpu_ms_per_msg', title: 'CPU ms per message', digits: 3 },
    ],
    derived: shardLines,
  },
  contestants: () => [],
};

function shardLines(median: MedianOf): readonly DerivedLine[] {
  const figures = (of: (row: string, figure: string) => number): DerivedLine['figures'] =>
    Object.fromEntries(
      ['relay-20', 'relay-100'].flatMap((row) =>
        ['msgs_per_s', CPU_FIGURE].map((figure) => [`${row} ${figure}`, of(row, figure)]),
      ),
    );
  const of =
    (label: string) =>
    (row: string, figure: string): number =>
      median(label, figure, row);
  return [
    { name: 'one shard', figures: figures(of('headgate')) },
    { name: 'two shards', figures: figures(of(TWO_SHARDS.label)) },
    {
      name: 'two, times one',
      digits: 2,
      figures: figures((row, figure) => of(TWO_SHARDS.label)(row, figure) / of('headgate')(row, figure)),
    },
  ];
}

export const MANY_DOMAINS: Row = {
  id: 'domains',
  title: '2 KB to 50,000 domains in turn, 100 kept connections',
  rounds: ROUNDS,
  roundMinutes: 1,
  layout,
  contestants: (scale) => ['direct', 'headgate', 'postfix'].map((name) => relayed(scale, name, DOMAINS)),
};

export const STARTTLS: Row = {
  id: 'tls',
  title: 'Outgoing STARTTLS to a Postfix smtpd that discards, 2 KB over 20 kept connections in',
  rounds: 3,
  roundMinutes: 2,
  layout,
  goals: [cheaper('postfix', 3)],
  contestants: (scale) => [
    { ...relayed(scale, 'headgate', TLS), peer: 'postfix' }, // the receiver
    relayed(scale, 'postfix', TLS),
    relayed(scale, 'postfix', TLS, {
      label: 'postfix, connections not reused',
      environment: { POSTFIX_TLS_REUSE: 'no' },
    }),
  ],
};
