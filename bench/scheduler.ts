// CPU and memory of the scheduler alone: very many queued messages over very many domains against few over few, ten each,
// delivered over the same number of connections by receivers that take no time. Nothing is sent and nothing is stored.
// Then what queues cost in which nothing is due.
// Usage: node bench/scheduler.ts [DOMAINS] [--json]   (default: 100,000)
import { PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Moment, monoMs, wallMs } from '../src/core/base/moment.ts';
import { seededRandom } from '../src/core/base/random.ts';
import { Timers } from '../src/core/base/timers.ts';
import { loadConfiguration } from '../src/core/config/load.ts';
import type { Actions } from '../src/core/delivery/actions.ts';
import { OutboundConnection } from '../src/core/delivery/outbound-connection.ts';
import { Scheduler } from '../src/core/delivery/scheduler.ts';
import { deliverySettings, nodeLimits } from '../src/core/delivery/settings-of.ts';
import { Ledger } from '../src/core/limits/ledger.ts';
import { ThrottleMemory } from '../src/core/limits/throttle-memory.ts';
import { ThrottleTable } from '../src/core/limits/throttle-table.ts';
import type { Route } from '../src/core/mail/hosts.ts';
import { makeTask, type Task } from '../src/core/queue/task.ts';
import { printMeasurement } from './measurement.ts';
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
/** What each event takes of the time that the scheduler sees. */
const EVENT_MS = 0.05;
const HOUR_MS = 3_600_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A scheduler whose connections are established, served and closed as soon as it is asked to go on. */
class Relay implements Actions {
  at: Moment = { mono: monoMs(0), wall: wallMs(1_764_000_000_000) };
  delivered = 0;
  opened = 0;
  /** How often a queue was looked at that wants connections. */
  looks = 0;
  readonly timers = new Timers();
  readonly scheduler: Scheduler;
  readonly #routes = new Map<string, Route>();
  readonly #busy: { readonly connection: OutboundConnection; task: Task | null }[] = [];
  #sequence = 0;

  constructor() {
    const text = `Server_Max_Outbound_Connections = ${CONNECTIONS}\nMax_Outbound_Connections = 20`;
    const loaded = loadConfiguration('bench.conf', () => ({ text }), { version: 1 });
    if (loaded.kind === 'problems') throw new Error(JSON.stringify(loaded.problems));
    const { configuration } = loaded;
    const ledger = new Ledger();
    const limits = nodeLimits(configuration, 1_000_000);
    const node = {
      total: ledger.addUniversal('node', limits.total),
      descriptors: ledger.addUniversal('descriptors', limits.descriptors),
      ordinary: ledger.refer('ordinary'),
    };
    const nowhere = { reserve: () => {}, writeAll: () => {} };
    const memory = new ThrottleMemory({ records: [], isDamaged: false }, this.at);
    this.scheduler = new Scheduler({
      ledger,
      throttles: new ThrottleTable(this.timers, memory, nowhere, false),
      timers: this.timers,
      random: seededRandom(1),
      node,
      nodeLimits: limits,
      actions: this,
      settingsOf: (binding, domain) => deliverySettings(configuration, binding, domain, 'bench.example'),
    });
  }

  /** Ten messages for each domain, as they come from clients: one event each, the domains in turn. */
  queue(domains: number, perDomain: number, dueInMs: number): void {
    for (let round = 0; round < perDomain; round++) {
      for (let index = 0; index < domains; index++) {
        const task = this.#task(`domain-${index}.example`, dueInMs);
        const queue = this.scheduler.queues.queueFor('default', task.stored.envelope.recipients[0]!.routingDomain);
        if (dueInMs === 0) this.scheduler.addActive(queue, task);
        else this.scheduler.addDelayed(queue, task, this.at);
        this.scheduler.run(this.at);
      }
    }
  }

  #task(domain: string, dueInMs: number): Task {
    this.#sequence += 1;
    const id = `00/00-00001-${this.#sequence.toString(16).padStart(8, '0')}`;
    const envelope = {
      batchId: id,
      receivedAt: this.at.wall,
      reversePath: `bounces-${this.#sequence}@sender.example`,
      recipients: [
        { messageId: id, mailbox: `someone-${this.#sequence}@${domain}`, routingDomain: domain, binding: 'default' },
      ],
      eightBit: false,
      size: 2_048,
      protocol: 'esmtp',
    };
    return makeTask({ envelope, sequence: this.#sequence }, [0], 0, wallMs(this.at.wall + dueInMs));
  }

  /** Delivers everything. Each connection has its turn: the answer to its message, or that it is there. */
  deliver(): void {
    const busy = this.#busy;
    while (busy.length > 0) {
      for (let place = 0; place < busy.length; ) if (this.#advance(place)) place++;
    }
  }

  /** @returns whether the place is in use by a connection that had its turn */
  #advance(place: number): boolean {
    const { scheduler } = this;
    const session = this.#busy[place]!;
    const { connection, task } = session;
    this.at = { mono: monoMs(this.at.mono + EVENT_MS), wall: wallMs(this.at.wall + EVENT_MS) };
    this.timers.advance(this.at.mono);
    if (task === null) {
      scheduler.hostAnswered(connection);
    } else {
      scheduler.taskEnded(connection, task, true);
      connection.queue.countDelivered();
      this.delivered += 1;
    }
    const next = scheduler.next(connection, this.at, false);
    if (typeof next === 'object') {
      session.task = next;
      scheduler.run(this.at);
      return true;
    }
    if (next === 'idle') scheduler.startLeaving(connection);
    scheduler.run(this.at);
    scheduler.closed(connection);
    this.#busy[place] = this.#busy.at(-1)!;
    this.#busy.pop();
    scheduler.run(this.at);
    return false;
  }

  /** What events cost that concern none of the queues. @returns nanoseconds */
  runIdle(): number {
    const cpu = process.cpuUsage();
    for (let run = 0; run < RUNS; run++) {
      this.at = { mono: monoMs(this.at.mono + 0.001), wall: this.at.wall };
      this.timers.advance(this.at.mono);
      this.scheduler.run(this.at);
    }
    return (microsecondsSince(cpu) * 1000) / RUNS;
  }

  open(...[queue, candidate, claim, allocation]: Parameters<Actions['open']>): OutboundConnection {
    this.opened += 1;
    const connection = new OutboundConnection('', queue, candidate, claim, allocation, this.at.mono);
    this.#busy.push({ connection, task: null });
    return connection;
  }
  routeOf({ domain }: { readonly domain: string }): Route {
    this.looks += 1;
    let route = this.#routes.get(domain);
    if (route === undefined) {
      const number = this.#routes.size;
      const address = `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}`;
      const host = `mx.${domain}`;
      route = { kind: 'hosts', candidates: [{ host, address, family: 4, port: 25, preference: 10 }], ttlMs: HOUR_MS };
      this.#routes.set(domain, route);
    }
    return route;
  }
  resume(): never {
    throw new Error('idle connections are closed at once');
  }
  quit(): never {
    throw new Error('idle connections are closed at once');
  }
  attemptFailed(): never {
    throw new Error('nothing fails');
  }
  hasLocalAddress(): boolean {
    return true;
  }
  descriptorsExhausted(): never {
    throw new Error('there are descriptors');
  }
}

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
    const relay = new Relay();
    await add(queueing, () => relay.queue(domains, PER_DOMAIN, 0));
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

const leastIdle = (relay: Relay): number => Math.min(...Array.from({ length: 5 }, () => relay.runIdle()));
const nothing = leastIdle(new Relay());
const idle = new Relay();
const before = octetsInUse();
idle.queue(DELIVERIES, 1, HOUR_MS);
const perQueue = (octetsInUse() - before) / DELIVERIES;
const beside = leastIdle(idle);
say(
  `an event that concerns none of ${DELIVERIES} queues with one delayed message each: ${beside.toFixed(0)} ns, with no queues ${nothing.toFixed(0)} ns`,
);
say(`such a queue with its message: ${perQueue.toFixed(0)} octets`);
if (words.has('json')) {
  const ofFigures = ({ queueing, delivering, octets }: Figures, domains: string): Record<string, number> => ({
    [`queueing_${domains}_us`]: queueing.own,
    [`delivering_${domains}_us`]: delivering.own,
    [`octets_${domains}`]: octets,
  });
  const others = { idle_event_ns: beside, idle_event_without_queues_ns: nothing, octets_of_a_queue: perQueue };
  printMeasurement('queue', { ...ofFigures(few, 'few_domains'), ...ofFigures(many, 'many_domains'), ...others });
}
