// Costs that must not grow: the CPU of one message beside ever more of something. What is there but has nothing to do is to
// cost nothing; what has is to cost the same for each.
//
//   node --max-old-space-size=12000 bench/growth.ts DIMENSION [SIZE...] [--messages 200000] [--json]
//
// DIMENSION: queued     messages that wait for their next attempt, in 100 queues; messages are taken in and delivered, or
//                       delayed, beside them
//            domains    queues, each with four messages
//            bindings   2,000 queues spread over so many bindings
//            stanzas    Domain stanzas; 20,000 domains, each of which loses its queue when it is empty and gets another
//            outbound   connections open at once, over 1,000 domains
//            clients    open sessions without mail, beside the 20 of smtp-source, at a whole server; a tenth of --messages
//
// All but clients: the scheduler without anything around it (scheduled-relay.ts); CPU of its thread, collection of garbage on
// it included, in nanoseconds for each message.
import { connect, type Socket } from 'node:net';
import { printMeasurement, summaryOf } from './measurement.ts';
import { configurationOf, type Place, ScheduledRelay } from './scheduled-relay.ts';
import { openSmtpSink, runSource } from './smtp-tools.ts';
import { HeadgateSubject } from './subject.ts';
import { Words } from './words.ts';

const HOUR_MS = 3_600_000;
const ROUNDS = 3;
const LIMITS = 'Server_Max_Outbound_Connections = 50\nMax_Outbound_Connections = 20\n';
const PER_DOMAIN = 4;
const STANZA_DOMAINS = 20_000;
const BINDING_QUEUES = 2_000;
const TRANSACTION_MS = 5;

/** What is measured at one size: names of steps, and their nanoseconds for each message. */
type Costs = Readonly<Record<string, number>>;
type Measure = (size: number) => Promise<Costs>;

const words = new Words(process.argv.slice(2), ['messages'], ['json']);
const messages = words.number('messages', 200_000);

/** @returns nanoseconds of this thread for each of so many messages, collection of garbage on it included */
function timed(count: number, run: () => void): number {
  const cpu = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(cpu);
  return ((user + system) * 1000) / count;
}

const medianOf = (values: readonly number[]): number => summaryOf(values).median;

/** Each is the median of several rounds. */
async function rounds(round: () => Costs | Promise<Costs>): Promise<Costs> {
  const all: Costs[] = [];
  for (let index = 0; index < ROUNDS; index++) all.push(await round());
  return Object.fromEntries(Object.keys(all[0]!).map((step) => [step, medianOf(all.map((costs) => costs[step]!))]));
}

/** Takes all in, then delivers all; in several parts, when not all may wait at once. */
function throughput(relay: ScheduledRelay, placeOf: (index: number) => Place, atOnce = messages): Costs {
  let [queueing, delivering] = [0, 0];
  const parts = Math.ceil(messages / atOnce);
  for (let part = 0; part < parts; part++) {
    queueing += timed(atOnce * parts, () => relay.queue(atOnce, placeOf));
    delivering += timed(atOnce * parts, () => relay.deliver());
  }
  return { queueing, delivering };
}

const among =
  (domains: number) =>
  (index: number): Place => ['default', `domain-${index % domains}.example`];

const besideQueued: Measure = (size) => {
  const placeOf = among(100);
  // The clock of a thread goes by ticks of milliseconds: several schedulers take what one must not, to stay at its size.
  const relays = Array.from({ length: Math.ceil((2 * messages) / size) }, () => {
    const relay = new ScheduledRelay(configurationOf(LIMITS));
    relay.queue(size, placeOf, HOUR_MS);
    return relay;
  });
  const delayed = Math.ceil(messages / 5 / relays.length);
  const delayAll = (): void => {
    for (const relay of relays) relay.queue(delayed, placeOf, HOUR_MS);
  };
  return rounds(() => ({
    ...throughput(relays[0]!, placeOf),
    delaying: timed(delayed * relays.length, delayAll),
  }));
};

const overDomains: Measure = (domains) =>
  rounds(() => throughput(new ScheduledRelay(configurationOf(LIMITS)), among(domains), domains * PER_DOMAIN));

const overBindings: Measure = (bindings) => {
  const stanzas = Array.from({ length: bindings }, (_, index) => `Binding "binding-${index}" {}`);
  const configuration = configurationOf(`${LIMITS}${stanzas.join('\n')}`);
  const placeOf = (index: number): Place => {
    const queue = index % BINDING_QUEUES;
    return [`binding-${queue % bindings}`, `domain-${Math.floor(queue / bindings)}.example`];
  };
  return rounds(() => throughput(new ScheduledRelay(configuration), placeOf));
};

const amongStanzas: Measure = (stanzas) => {
  const lines = Array.from(
    { length: stanzas },
    (_, index) => `Domain "domain-${index}.example" { Retry_Interval = 600 }`,
  );
  const relay = new ScheduledRelay(configurationOf(`${LIMITS}${lines.join('\n')}`));
  return rounds(() => throughput(relay, among(STANZA_DOMAINS)));
};

const overConnections: Measure = (connections) => {
  const limits = `Server_Max_Outbound_Connections = ${connections}\nMax_Outbound_Connections = 20\n`;
  // A message takes as long however many go out at once, or connections would be handed on after fewer of them.
  const eventMs = TRANSACTION_MS / connections;
  return rounds(() => throughput(new ScheduledRelay(configurationOf(limits), eventMs), among(1_000)));
};

async function besideClients(size: number): Promise<Costs> {
  const sink = await openSmtpSink();
  if (sink === null) throw new Error('smtp-sink is not installed');
  const subject = await HeadgateSubject.start(`Gateway = "127.0.0.1"\nRemote_SMTP_Port = ${sink.port}\n`);
  const idle: Socket[] = [];
  try {
    // A hundred at a time, so that no queue of the listener overflows.
    while (idle.length < size) {
      const more = Array.from({ length: Math.min(100, size - idle.length) }, () => greeted(subject.port));
      idle.push(...(await Promise.all(more)));
    }
    const count = Math.ceil(messages / 10);
    const load = { port: subject.port, sessions: 20, size: 2_048 };
    const relayed = async (some: number): Promise<void> => {
      const before = sink.taken();
      if (!(await runSource({ ...load, messages: some }))) throw new Error('smtp-source did not succeed');
      while (sink.taken() < before + some) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await relayed(Math.ceil(count / 5));
    return await rounds(async () => {
      const cpu = subject.cpuSeconds();
      await relayed(count);
      return { relaying: ((subject.cpuSeconds() - cpu) * 1e9) / count };
    });
  } finally {
    for (const socket of idle) socket.destroy();
    await subject.stop();
    sink.close();
  }
}

/** A session that has its greeting. */
function greeted(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
  });
}

const DIMENSIONS: Readonly<Record<string, { readonly sizes: readonly number[]; readonly measure: Measure }>> = {
  queued: { sizes: [10_000, 100_000, 1_000_000, 5_000_000], measure: besideQueued },
  domains: { sizes: [100, 10_000, 100_000, 500_000], measure: overDomains },
  bindings: { sizes: [1, 20, 200, 2_000], measure: overBindings },
  stanzas: { sizes: [100, 1_000, 10_000, 100_000], measure: amongStanzas },
  outbound: { sizes: [100, 1_000, 10_000], measure: overConnections },
  clients: { sizes: [100, 1_000, 10_000], measure: besideClients },
};

const [name = '', ...wanted] = words.rest;
const dimension = DIMENSIONS[name];
if (dimension === undefined) throw new Error(`${name}: expected one of ${Object.keys(DIMENSIONS).join(', ')}`);
const sizes = wanted.length > 0 ? wanted.map(Number) : dimension.sizes;
if (name !== 'clients') await dimension.measure(sizes[0]!); // what runs first is not compiled yet
const costs: Costs[] = [];
for (const size of sizes) costs.push(await dimension.measure(size));
const figures = Object.fromEntries(
  Object.keys(costs[0]!).flatMap((step) => sizes.map((size, at) => [`${step}_beside_${size}_ns`, costs[at]![step]!])),
);
if (words.has('json')) printMeasurement(name, figures);
else console.table(figures);
