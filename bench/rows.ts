// The rows of figures that are published, the most important first. Every contestant is a command that prints one line of
// JSON: a measuring program of this folder, or `bench/bench relay`.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Contestant, PEERS, type Peer, type Scale } from './contestant.ts';
import type { Column, Goal, MedianOf } from './layout.ts';
import {
  bareRow,
  CPU,
  MANY_DOMAINS,
  RATE,
  RELAY_20,
  RELAY_50K,
  RELAY_100,
  RELAY_NEW,
  SHARDS,
  STARTTLS,
} from './relay-rows.ts';
import { ROUNDS, type Row } from './row.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
/** Of peers where the goal is Headgate's alone. */
const PEER_ROUNDS = 2;

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

const QUEUED_FEW = 'a hundred thousand';
const QUEUED_MANY = 'three million';
/** Between the one and the other, by the same figure of both. */
const furtherOctets = (what: string, figure: string): Goal => ({
  what: `octets for each further message up to ${QUEUED_MANY}, ${what}`,
  bound: { atMost: 400 },
  digits: 0,
  value: (median) => {
    const more = median(QUEUED_MANY, 'messages') - median(QUEUED_FEW, 'messages');
    return ((median(QUEUED_MANY, figure) - median(QUEUED_FEW, figure)) * 2 ** 20) / more;
  },
});
const ownGoal = (contestant: string, figure: string, what: string, bound: Goal['bound'], digits: number): Goal => ({
  what,
  bound,
  digits,
  value: (median) => median(contestant, figure),
});

const queueAndDeliver = (median: MedianOf, domains: 'few' | 'many'): number =>
  median('queue', `queueing_${domains}_domains_us`) + median('queue', `delivering_${domains}_domains_us`);

function growing(scale: Scale, dimension: string): Contestant {
  const tiny = scale === 'tiny' ? ['10', '20', '--messages', '200'] : [];
  const grown = program(dimension, 'growth.ts', [dimension, ...tiny], ['--max-old-space-size=12000']);
  return dimension === 'clients' ? { ...grown, needsTools: true } : grown;
}

export const ROWS: readonly Row[] = [
  RELAY_20,
  RELAY_100,
  RELAY_50K,
  RELAY_NEW,
  bareRow((scale) =>
    ['receive', 'commit', 'send'].map((part) => ({
      ...program(part, 'bare.ts', [part, ...scaled(scale, '', '--messages 50')]),
      needsTools: true,
    })),
  ),
  SHARDS,
  {
    id: 'latency',
    title: 'From the 250 in to the final dot out, at half of the peak rate, 2 KB, 100 sessions',
    rounds: ROUNDS,
    roundMinutes: 2,
    layout: { kind: 'columns', columns: DELAY_COLUMNS },
    goals: [
      ownGoal('headgate', 'latency_p50_ms', 'p50 of Headgate in ms', { atMost: 10 }, 2),
      ownGoal('headgate', 'latency_p99_ms', 'p99 of Headgate in ms', { atMost: 100 }, 2),
    ],
    contestants: (scale) =>
      ['headgate', ...PEERS].map((name) => {
        const isOwn = name === 'headgate';
        const full = `--burst ${isOwn ? 50_000 : 3_000} --seconds 10`;
        const contestant = measured('latency.ts', name, scaled(scale, full, '--burst 60 --seconds 0.5 --sessions 5'));
        return isOwn ? contestant : { ...contestant, rounds: PEER_ROUNDS };
      }),
  },
  {
    id: 'limit',
    title: 'A limit that binds: 100 domains, 5 connections each, 200 ms for every reply',
    rounds: ROUNDS,
    roundMinutes: 1.5,
    layout: { kind: 'columns', columns: LIMIT_COLUMNS },
    goals: [ownGoal('headgate', 'busy_share_mean', 'busy share of Headgate', { atLeast: 0.97 }, 3)],
    contestants: (scale) =>
      ['headgate', 'postfix'].map((name) => {
        const contestant = measured('limit.ts', name, scaled(scale, '', '--domains 3 --per-domain 100 --delay 40'));
        return name === 'headgate' ? contestant : { ...contestant, rounds: PEER_ROUNDS };
      }),
  },
  {
    id: 'profile',
    title: 'Where CPU and system calls go: microseconds of CPU, and calls, for a message',
    rounds: 1,
    roundMinutes: 3,
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
  MANY_DOMAINS,
  {
    id: 'parts',
    title: 'The three parts of Headgate alone',
    rounds: ROUNDS,
    roundMinutes: 1,
    layout: { kind: 'figures' },
    contestants: (scale) => [
      program('receive', 'receive.ts', scaled(scale, '20000', '50')),
      program('commit', 'spool.ts', scaled(scale, '--share 0.2', '--share 0.0005')),
      program('send', 'send.ts', scaled(scale, '40000', '50')),
    ],
  },
  {
    id: 'slots',
    title: 'Sixteen shards that all want the same slots, simulated',
    rounds: 1,
    roundMinutes: 0.2,
    layout: { kind: 'figures' },
    contestants: (scale) => [program('each slot', 'slots.ts', scaled(scale, '', '--steps 2000 --seeds 1'))],
  },
  {
    id: 'growth',
    title: 'Costs that must not grow',
    rounds: 1,
    roundMinutes: 4,
    layout: { kind: 'growth' },
    contestants: (scale) =>
      ['queued', 'domains', 'bindings', 'stanzas', 'outbound', 'clients'].map((dimension) => growing(scale, dimension)),
  },
  STARTTLS,
  {
    id: 'hot-parts',
    title: 'Ledger, queue and resolution alone',
    rounds: 3,
    roundMinutes: 3,
    layout: { kind: 'figures' },
    goals: [
      {
        what: 'nanoseconds of the ledger among 1,000,000 counters, times those among 10',
        bound: { atMost: 3 },
        digits: 2,
        value: (median) => median('ledger', 'ledger_1000000_ns') / median('ledger', 'ledger_10_ns'),
      },
      {
        what: 'microseconds to queue and deliver among 100,000 domains, times those among 100',
        bound: { atMost: 3 },
        digits: 2,
        value: (median) => queueAndDeliver(median, 'many') / queueAndDeliver(median, 'few'),
      },
    ],
    contestants: (scale) => [
      program('ledger', 'ledger.ts', scaled(scale, '1', '0.002')),
      program('queue', 'scheduler.ts', scaled(scale, '100000', '110'), ['--max-old-space-size=12000']),
      program('resolution', 'configuration.ts', scaled(scale, '', '200 20 --questions 2000'), ['--expose-gc']),
    ],
  },
  {
    id: 'queued',
    title: 'Queued messages: memory and start',
    rounds: 1,
    roundMinutes: 20,
    layout: { kind: 'figures' },
    goals: [
      ownGoal(QUEUED_FEW, 'rss_mb_full', `RSS MiB with ${QUEUED_FEW} queued`, { atMost: 200 }, 0),
      ownGoal(QUEUED_FEW, 'rss_mb_restarted', `RSS MiB with ${QUEUED_FEW} queued, restarted`, { atMost: 200 }, 0),
      furtherOctets('as they came', 'rss_mb_full'),
      furtherOctets('restarted', 'rss_mb_restarted'),
    ],
    contestants: (scale) =>
      (
        [
          [QUEUED_FEW, '100000'],
          [QUEUED_MANY, '3000000'],
        ] as const
      ).map(([name, count]) =>
        program(name, 'queue.ts', scaled(scale, `--messages ${count}`, '--messages 400 --rest 0.2')),
      ),
  },
];
