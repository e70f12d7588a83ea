// CPU of sending alone: the SMTP client and its sockets carry messages whose content lies in memory over kept connections
// to a receiver in another process: smtp-sink (Postfix) where it is installed, else one of our own.
//
//   node bench/send.ts [MESSAGES] [--json]     100,000 of 2 KB, and a fifth of that of 50 KB
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Disposition } from '../src/core/mail/disposition.ts';
import { NO_TLS } from '../src/core/mail/tls-policy.ts';
import type { ClientActions, ClientSettings, Transaction } from '../src/core/smtp/client-actions.ts';
import { ClientSession } from '../src/core/smtp/client-session.ts';
import type { Connection, ConnectionEvents, StoredContent } from '../src/engine/ports.ts';
import { SocketConnector } from '../src/shell/net/connector.ts';
import { Receiver } from './arrivals.ts';
import { printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const CONNECTIONS = 20;
const SMTP_SINK = '/usr/sbin/smtp-sink';
const MINUTE_MS = 60_000;

type Manner = ClientSettings['pipelining'];

/** What is left of a run, shared by its connections. */
interface Load {
  readonly stored: StoredContent;
  readonly transaction: Transaction;
  readonly settings: ClientSettings;
  left: number;
  open: number;
  readonly done: () => void;
  readonly failed: (reason: string) => void;
}

/** One connection and its session, as engine/outbound-session.ts has them, without queues. */
class Sender implements ConnectionEvents, ClientActions<Transaction> {
  readonly tls = NO_TLS;
  readonly terms = { method: 'esmtp', login: null, xclient: 'no', key: '' } as const;
  readonly settings: ClientSettings;
  readonly #load: Load;
  readonly #session: ClientSession<Transaction>;
  readonly #port: Connection;

  constructor(connector: SocketConnector, port: number, load: Load) {
    this.settings = load.settings;
    this.#load = load;
    this.#session = new ClientSession(this);
    this.#port = connector.connect({ address: '127.0.0.1', family: 4, port, localAddress: null }, this);
  }

  // ---- what happens to the connection
  connected(): void {
    this.#session.connected();
  }
  failed({ code }: { readonly code: string }): void {
    this.#load.failed(`no connection: ${code}`);
  }
  received(text: string): void {
    this.#session.received(text);
  }
  secured(): void {}
  tlsFailed(): void {}
  tlsGivenUp(): void {}
  ended(): void {
    this.#session.peerEnded();
  }
  closed(): void {
    this.#session.closed();
    this.#load.open -= 1;
    if (this.#load.open === 0) this.#load.done();
  }
  contentLost(): void {
    this.#load.failed('the content lies in memory');
  }

  // ---- what the session wants
  write(text: string): void {
    this.#port.write(text);
  }
  writeContent(): void {
    this.#port.writeContent(this.#load.stored);
  }
  flush(): void {
    this.#port.flush();
  }
  end(): void {
    this.#port.end();
  }
  reset(): void {
    this.#port.reset();
  }
  startTls(): void {
    this.#load.failed('TLS was not asked for');
  }
  keyedMd5(): never {
    throw new Error('nobody logs in');
  }
  setDeadline(): void {}
  next(whileBusy: boolean): Transaction | 'idle' | 'leave' {
    if (this.#load.left === 0) return whileBusy ? 'idle' : 'leave';
    this.#load.left -= 1;
    return this.#load.transaction;
  }
  leaving(): void {}
  ready(): void {}
  hostFailed(reply: string): void {
    this.#load.failed(reply);
  }
  attempted(_: Transaction, [outcome]: readonly Disposition[]): void {
    if (outcome!.kind !== 'delivered') this.#load.failed(`a message came to nothing: ${outcome!.reply}`);
  }
  returned(): void {
    this.#load.failed('the receiver hung up');
  }
}

const LINE = `${'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(2)}\r\n`;

function contentOf(octets: number) {
  const headerSection = `From: <a@sender.example>\r\nTo: <b@receiver.example>\r\nSubject: benchmark\r\n`;
  return { headerSection, body: [Buffer.from(`${LINE.repeat(Math.ceil(octets / LINE.length))}.\r\n`)] };
}

function sendThrough(port: number, manner: Manner, octets: number, messages: number): Promise<void> {
  const content = contentOf(octets);
  const recipient = { messageId: '1', mailbox: 'b@receiver.example', routingDomain: 'receiver.example', binding: '' };
  const reversePath = 'a@sender.example';
  const envelope = { batchId: '1', receivedAt: 0, reversePath, recipients: [recipient], eightBit: false, size: octets };
  const stored = { envelope: { ...envelope, protocol: 'esmtp' }, sequence: 1 } as unknown as StoredContent;
  const held = { headerSection: Buffer.from(content.headerSection, 'latin1'), body: content.body, done: () => {} };
  const connector = new SocketConnector({ inMemory: () => held, read: (_, done) => done(content) });
  return new Promise((resolve, reject) => {
    const load: Load = {
      stored,
      transaction: { reversePath, mailboxes: [recipient.mailbox], size: octets, eightBit: false, client: null },
      settings: {
        ehloHostname: 'bench.example',
        pipelining: manner,
        transformsEightBit: false,
        timeouts: {
          ehloMs: MINUTE_MS,
          mailFromMs: MINUTE_MS,
          rcptToMs: MINUTE_MS,
          bodyMs: MINUTE_MS,
          rsetMs: MINUTE_MS,
        },
        idleTimeoutMs: 0,
      },
      left: messages,
      open: CONNECTIONS,
      done: resolve,
      failed: (reason) => reject(new Error(reason)),
    };
    for (let index = 0; index < CONNECTIONS; index++) new Sender(connector, port, load);
  });
}

// ---- the receiver

interface Sink {
  readonly name: string;
  readonly port: number;
  close(): Promise<void>;
}

async function openSink(): Promise<Sink> {
  if (!existsSync(SMTP_SINK)) {
    const receiver = await Receiver.open('takes');
    return { name: 'our own receiver', port: receiver.port, close: () => receiver.close() };
  }
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []; // it refuses to run as root
  const child = spawn(SMTP_SINK, [...user, `127.0.0.1:${port}`, '1024'], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill()); // also when it was an error that ended us
  const close = async (): Promise<void> => {
    child.kill();
  };
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 100) throw new Error('smtp-sink does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { name: 'smtp-sink', port, close };
}

/** smtp-sink cannot be told to choose a port. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

// ---- measuring

process.once('SIGTERM', () => process.exit(1));

const words = new Words(process.argv.slice(2), [], ['json']);
const messages = Number(words.rest[0] ?? 100_000);
const figures: Record<string, number> = {};
const sink = await openSink();
try {
  if (!words.has('json')) console.log(`to ${sink.name}, ${CONNECTIONS} connections; CPU ms per message and messages/s`);
  for (const [size, octets, share] of [
    ['2k', 2_048, 1],
    ['50k', 51_200, 0.2],
  ] as const) {
    for (const manner of ['no', 'envelope', 'overlap'] as const) {
      const count = Math.ceil(messages * share);
      await sendThrough(sink.port, manner, octets, Math.ceil(count / 10));
      const [cpu, at] = [process.cpuUsage(), performance.now()];
      await sendThrough(sink.port, manner, octets, count);
      const { user, system } = process.cpuUsage(cpu);
      const cost = (user + system) / 1000 / count;
      const rate = count / ((performance.now() - at) / 1000);
      figures[`send_${size}_${manner}_cpu_ms`] = cost;
      if (!words.has('json'))
        console.log(
          `${size.padStart(5)} ${manner.padEnd(10)}${cost.toFixed(4).padStart(10)}${rate.toFixed(0).padStart(9)}`,
        );
    }
  }
} finally {
  await sink.close();
}
if (words.has('json')) printMeasurement('send', figures);
