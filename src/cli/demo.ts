// `headgate demo`: the whole product on this machine in under a minute. A receiver on loopback, the server as a child
// process on examples/demo.conf, mail by three bindings, a live view of connections against limits, and a verdict of
// what the receiver counted. Needs no root, no network and no configuration; leaves nothing behind.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoConfiguration } from './demo-configuration.ts';
import { DemoServer } from './demo-server.ts';
import { type BindingOutcome, formatVerdict, violationsOf } from './demo-verdict.ts';
import { DemoView } from './demo-view.ts';
import { type SendResult, sendMail } from './send-client.ts';
import { TEST_ID_HEADER } from './sink-arrivals.ts';
import type { SinkBehaviour } from './sink-behaviour.ts';
import { openSink, type Sink } from './sink-server.ts';

const USAGE = `\
usage: headgate demo [--seconds N]

Runs the first example of the documentation of Max_Outbound_Connections (examples/demo.conf) against a receiver on this
machine, with mail for about N seconds (20; 3 to 30), and compares what the receiver counted with the limits.
Exit status: 0 every limit was reached, none passed, and every message arrived; 1 otherwise.
`;

interface DemoBinding {
  readonly name: string;
  /** Its Bind_Address in examples/demo.conf. */
  readonly source: string;
  /** The words of the console that name its scope. */
  readonly scope: string;
  /** What the documentation says of the example. */
  readonly limit: number;
}

const BINDINGS: readonly DemoBinding[] = [
  { name: 'example', source: '127.0.0.2', scope: 'binding_group group1 binding example', limit: 15 },
  { name: 'other', source: '127.0.0.3', scope: 'binding_group group1 binding other', limit: 5 },
  { name: 'outside', source: '127.0.0.4', scope: 'binding outside', limit: 30 },
];

const RECEIVER_ADDRESS = '127.0.0.10';
const DOMAIN = 'example.com';
/** Every message takes 100 ms on average, so that connections are needed side by side. */
const SLOW: Partial<SinkBehaviour> = { delays: { final: { from: 60, to: 140 } } };
const MESSAGES_PER_CONNECTION_SECOND = 10;
/** So many times the limit waits before delivery begins: from 16 on a limit is used up (docs/limits.md). */
const WAITING_PER_LIMIT = 20;
const FRAME_MS = 200;
/** Over which messages per second are averaged. */
const RATE_MS = 2_000;
/** From the start of the server; it is stopped then, whatever has arrived. */
const DEADLINE_MS = 50_000;

/** @param argv what follows `headgate demo` @returns the exit status: 0, 1 (a violation, or it could not run), 2 */
export async function runDemo(argv: readonly string[]): Promise<number> {
  const [flag, value = '', surplus] = argv;
  if (flag === '--help' || flag === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  const seconds = flag === undefined ? 20 : Number(/^\d{1,2}$/.exec(value)?.[0]);
  if ((flag !== undefined && flag !== '--seconds') || surplus !== undefined || !(seconds >= 3 && seconds <= 30)) {
    process.stderr.write(
      `headgate demo: found ${[...argv].join(' ')}; expected nothing, or --seconds and a number from 3 to 30 (--help)\n`,
    );
    return 2;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
  process.stdout.on('error', () => interruption.abort()); // nobody watches any more
  const directory = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
  let sink: Sink | null = null;
  let server: DemoServer | null = null;
  try {
    sink = await openSink({
      listen: [{ address: RECEIVER_ADDRESS, port: 0, behaviour: SLOW }],
      idHeader: TEST_ID_HEADER,
    });
    const receiver = { address: RECEIVER_ADDRESS, port: sink.portOf(sink.endpoints[0]!) };
    await writeFile(join(directory, 'demo.conf'), demoConfiguration({ directory, receiver }));
    server = await DemoServer.start(directory);
    return await new Demo(sink, server, directory, seconds, interruption.signal).run();
  } catch (error) {
    process.stderr.write(`headgate demo: ${explain(error as NodeJS.ErrnoException)}\n`);
    return 1;
  } finally {
    await server?.stop();
    await sink?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

class Demo {
  readonly #sink: Sink;
  readonly #server: DemoServer;
  readonly #directory: string;
  readonly #seconds: number;
  readonly #interruption: AbortSignal;
  readonly #startedAt = performance.now();
  readonly #view = new DemoView(process.stdout);
  readonly #resultsByBinding = new Map<string, SendResult>();
  /** When so many messages had come from a source, for messages per second. */
  readonly #history: { readonly at: number; readonly delivered: readonly number[] }[] = [];
  #phase = 'taking mail';

  constructor(sink: Sink, server: DemoServer, directory: string, seconds: number, interruption: AbortSignal) {
    this.#sink = sink;
    this.#server = server;
    this.#directory = directory;
    this.#seconds = seconds;
    this.#interruption = interruption;
  }

  async run(): Promise<number> {
    this.#introduce();
    const resolved = await Promise.all(BINDINGS.map((binding) => this.#resolvedLimit(binding)));
    const stop = new AbortController();
    const watching = this.#watch(stop.signal);
    const trouble: string[] = [];
    try {
      const ended = await Promise.race([this.#flow(stop.signal), this.#cutShort(), this.#server.exited, watching]);
      if (ended !== undefined) trouble.push(ended.trimEnd());
    } catch (error) {
      trouble.push((error as Error).message.trimEnd());
    }
    stop.abort();
    await watching.catch(() => {}); // it told the race, or the server is gone
    await this.#server.stop();
    if (this.#interruption.aborted) {
      process.stderr.write('headgate demo: interrupted\n');
      return 1;
    }
    await this.#sink.whenConnections(0);
    const outcomes = BINDINGS.map((binding, index) => this.#outcome(binding, resolved[index]!));
    for (const { name } of BINDINGS) {
      const result = this.#resultsByBinding.get(name);
      if (result === undefined || result.accepted.size < this.#messagesOf(name)) {
        trouble.push(`${name}: the server did not take all mail${result?.failure ? ` (${result.failure})` : ''}`);
      }
    }
    process.stdout.write(`\n${formatVerdict(outcomes, trouble)}`);
    return trouble.length === 0 && outcomes.every((outcome) => violationsOf(outcome).length === 0) ? 0 : 1;
  }

  #introduce(): void {
    const total = BINDINGS.reduce((sum, { name }) => sum + this.#messagesOf(name), 0);
    process.stdout.write(`\
Headgate demo: ${total} messages to ${DOMAIN} by ${BINDINGS.length} bindings, limits as in examples/demo.conf
server    process ${this.#server.pid}, takes mail at 127.0.0.1:${this.#server.port}, files in ${this.#directory}
receiver  ${this.#sink.endpoints[0]}, answers each message after 60 to 140 ms

`);
  }

  /** Sends everything, lets it go when enough waits, and returns when it has arrived. */
  async #flow(stop: AbortSignal): Promise<undefined> {
    await this.#server.ask('config set suspend_delivery true'); // until enough waits for the limits to be used up
    const sent = BINDINGS.map((binding) => this.#send(binding, stop));
    await Promise.race([this.#untilEnoughWaits(stop), Promise.all(sent)]);
    await this.#server.ask('config set suspend_delivery false');
    this.#phase = 'taking and delivering mail';
    const results = await Promise.all(sent);
    this.#phase = 'delivering mail';
    const total = results.reduce((sum, { accepted }) => sum + accepted.size, 0);
    await this.#sink.when(() => this.#sink.arrivals.distinct >= total);
    return undefined;
  }

  async #send({ name }: DemoBinding, signal: AbortSignal): Promise<SendResult> {
    const result = await sendMail({
      target: { address: '127.0.0.1', port: this.#server.port },
      messages: this.#messagesOf(name),
      sessions: 10,
      domains: [DOMAIN],
      bindings: [name],
      idPrefix: name,
      signal,
    });
    this.#resultsByBinding.set(name, result);
    return result;
  }

  async #untilEnoughWaits(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const figures = await this.#server.figuresByBinding();
      if (BINDINGS.every(({ name, limit }) => (figures.get(name)?.queued ?? 0) >= WAITING_PER_LIMIT * limit)) return;
      await pause(FRAME_MS / 4);
    }
  }

  /** Draws until it is stopped; fails when the server does. */
  async #watch(stop: AbortSignal): Promise<undefined> {
    while (!stop.aborted) {
      const figures = await this.#server.figuresByBinding();
      const delivered = BINDINGS.map(({ source }) => this.#sink.counts.of({ source }).messages);
      const now = performance.now();
      this.#history.push({ at: now, delivered });
      while (this.#history.length > 1 && this.#history[1]!.at < now - RATE_MS) this.#history.shift();
      const oldest = this.#history[0]!;
      const spanSeconds = Math.max(FRAME_MS, now - oldest.at) / 1000;
      this.#view.show({
        seconds: (now - this.#startedAt) / 1000,
        phase: this.#phase,
        bindings: BINDINGS.map(({ name, source, limit }, index) => ({
          name,
          limit,
          open: this.#sink.counts.of({ source }).now,
          queued: figures.get(name)?.queued ?? 0,
          delivered: delivered[index]!,
          perSecond: (delivered[index]! - oldest.delivered[index]!) / spanSeconds,
        })),
      });
      await pause(FRAME_MS);
    }
    return undefined;
  }

  /** A signal, or too much time. */
  #cutShort(): Promise<string> {
    return new Promise((resolve) => {
      if (this.#interruption.aborted) resolve('it was interrupted');
      this.#interruption.addEventListener('abort', () => resolve('it was interrupted'));
      setTimeout(() => resolve(`not everything had arrived after ${DEADLINE_MS / 1000} s`), DEADLINE_MS).unref();
    });
  }

  #outcome({ name, source, limit }: DemoBinding, resolved: number): BindingOutcome {
    const accepted = this.#resultsByBinding.get(name)?.accepted ?? new Map<string, readonly string[]>();
    const { peak, messages } = this.#sink.counts.of({ source });
    const arrived = accepted.size - this.#sink.arrivals.check(accepted).missing.length;
    return { name, source, limit, resolved, peak, accepted: accepted.size, arrived, fromSource: messages };
  }

  /** As much as its connections can deliver in the time. */
  #messagesOf(name: string): number {
    const { limit } = BINDINGS.find((binding) => binding.name === name)!;
    return limit * MESSAGES_PER_CONNECTION_SECOND * this.#seconds;
  }

  async #resolvedLimit({ scope }: DemoBinding): Promise<number> {
    const answer = await this.#server.ask(`config eval ${scope} domain ${DOMAIN} max_outbound_connections`);
    return Number(/= (-?\d+)$/m.exec(answer)?.[1]);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function explain(error: NodeJS.ErrnoException): string {
  if (error.code !== 'EADDRNOTAVAIL') return error.message;
  return `${RECEIVER_ADDRESS} is no address of this machine; the demo needs all of 127.0.0.0/8, as Linux has it`;
}
