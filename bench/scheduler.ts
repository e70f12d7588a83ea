// CPU and memory of the scheduler alone: very many queued messages over very many domains against few over few, ten each,
// delivered over the same number of connections by receivers that take no time. Nothing is sent and nothing is stored.
// Then what queues cost in which nothing is due.
// Usage: node bench/scheduler.ts [DOMAINS] [--json]   (default: 100,000)
import { PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { printMeasurement } from './measurement.ts';
import { configurationOf, type Place, ScheduledRelay } from './scheduled-relay.ts';
import { Words } from './words.ts';

const FEW_DOMAINS = 100;
const words = new Words(process.argv.slice(2), [], ['json']);
const say = words.has('json') ? (): void => {} : console.log;
const MANY_DOMAINS = Number(words.rest[0] ?? 100_000);
const PER_DOMAIN = 10;
const CONNECTIONS = 50;
/** In each of the two measurements. */
const DELIVERIES = MANY_DOMAINS * PER_DOMAIN;
const RUNS = Math.min(1_000_000, DELIVERIES);
const HOUR_MS = 3_600_000;

const configuration = configurationOf(
  `Server_Max_Outbound_Connections = ${CONNECTIONS}\nMax_Outbound_Connections = 20`,
);
/** The domains in turn. */
const among =
  (domains: number) =>
  (index: number): Place => ['default', `domain-${index % domains}.example`];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function microsecondsSince(cpu: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(cpu);
  return user + system;
}

let collectingMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collectingMs += duration;
}).observe({ entryTypes: ['gc'] });

/** The observer hears of what was collected. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

interface Cost {
  /** Wall clock, in microseconds, without the pauses of the garbage collector; and those. */
  own: number;
  collecting: number;
}

async function add(cost: Cost, run: () => void): Promise<void> {
  await settled();
  const [collectedMs, startedAt] = [collectingMs, performance.now()];
  run();
  const tookMs = performance.now() - startedAt;
  await settled();
  const pausesMs = collectingMs - collectedMs;
  cost.own += (tookMs - pausesMs) * 1000;
  cost.collecting += pausesMs * 1000;
}

function octetsInUse(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Figures {
  readonly queued: number;
  readonly queueing: Cost;
  readonly delivering: Cost;
  readonly looks: number;
  readonly connections: number;
  readonly octets: number;
}

/** Few messages are measured as often as it takes, each time with a scheduler of their own. */
async function measure(domains: number): Promise<Figures> {
  const queued = domains * PER_DOMAIN;
  const rounds = Math.ceil(DELIVERIES / queued);
  const [queueing, delivering]: [Cost, Cost] = [
    { own: 0, collecting: 0 },
    { own: 0, collecting: 0 },
  ];
  let [looks, connections, octets] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const before = round === 0 ? octetsInUse() : 0;
    const relay = new ScheduledRelay(configuration);
    await add(queueing, () => relay.queue(queued, among(domains)));
    if (round === 0) octets = octetsInUse() - before;
    await add(delivering, () => relay.deliver());
    if (relay.delivered !== queued) throw new Error(`${relay.delivered} were delivered`);
    looks += relay.looks;
    connections += relay.opened;
  }
  const delivered = rounds * queued;
  const perMessage = ({ own, collecting }: Cost): Cost => ({
    own: own / delivered,
    collecting: collecting / delivered,
  });
  return {
    queued,
    queueing: perMessage(queueing),
    delivering: perMessage(delivering),
    looks: looks / delivered,
    connections: connections / delivered,
    octets: octets / queued,
  };
}

const COLUMNS: readonly (readonly [heading: string, digits: number, of: (figures: Figures) => number])[] = [
  ['queue', 2, ({ queueing }) => queueing.own],
  ['(gc)', 2, ({ queueing }) => queueing.collecting],
  ['deliver', 2, ({ delivering }) => delivering.own],
  ['(gc)', 2, ({ delivering }) => delivering.collecting],
  ['looks', 3, ({ looks }) => looks],
  ['connections', 3, ({ connections }) => connections],
  ['octets', 0, ({ octets }) => octets],
];
const line = (first: string, cells: readonly string[]): string =>
  [first.padStart(20), ...cells.map((cell) => cell.padStart(12))].join('');

await measure(FEW_DOMAINS); // warm
const few = await measure(FEW_DOMAINS);
const many = await measure(MANY_DOMAINS);
say('of one message: microseconds, looks at its queue, connections, octets of memory while it waits');
say(
  line(
    'messages / domains',
    COLUMNS.map(([heading]) => heading),
  ),
);
for (const [domains, figures] of [
  [FEW_DOMAINS, few],
  [MANY_DOMAINS, many],
] as const) {
  const cells = COLUMNS.map(([, digits, of]) => of(figures).toFixed(digits));
  say(line(`${figures.queued} / ${domains}`, cells));
}
say(
  line(
    'factor',
    COLUMNS.map(([, , of]) => (of(many) / of(few)).toFixed(2)),
  ),
);

/** What events cost that concern none of the queues, in nanoseconds; the least of five. */
function leastIdle(relay: ScheduledRelay): number {
  const rounds = Array.from({ length: 5 }, () => {
    const cpu = process.cpuUsage();
    for (let run = 0; run < RUNS; run++) relay.runIdle();
    return (microsecondsSince(cpu) * 1000) / RUNS;
  });
  return Math.min(...rounds);
}
const nothing = leastIdle(new ScheduledRelay(configuration));
const idle = new ScheduledRelay(configuration);
const before = octetsInUse();
idle.queue(DELIVERIES, among(DELIVERIES), HOUR_MS);
const perQueue = (octetsInUse() - before) / DELIVERIES;
const beside = leastIdle(idle);
say(
  `an event that concerns none of ${DELIVERIES} queues with one delayed message each: ${beside.toFixed(0)} ns, with no queues ${nothing.toFixed(0)} ns`,
);
say(`such a queue with its message: ${perQueue.toFixed(0)} octets`);
if (words.has('json')) {
  const ofFigures = ({ queueing, delivering }: Figures, domains: string): Record<string, number> => ({
    [`queueing_${domains}_us`]: queueing.own,
    [`delivering_${domains}_us`]: delivering.own,
  });
  // A thousand messages are too few to tell their memory from that of all else.
  const others = {
    octets_many_domains: many.octets,
    idle_event_ns: beside,
    idle_event_without_queues_ns: nothing,
    octets_of_a_queue: perQueue,
  };
  printMeasurement('queue', { ...ofFigures(few, 'few_domains'), ...ofFigures(many, 'many_domains'), ...others });
}
