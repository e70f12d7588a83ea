// CPU of reception alone: a listener whose session takes every message and keeps none. The clients are another process:
// smtp-source (Postfix) where it is installed, and a client of our own that also pipelines.
// Usage: node bench/receive.ts [MESSAGES] [--json]   (default: 100,000 of 2 KB and a fifth of that of 50 KB)
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { DataOutcome, DataRules, InboundConnection, InboundEvents } from '../src/engine/ports.ts';
import { openListener } from '../src/shell/net/listener.ts';
import { printMeasurement } from './measurement.ts';
import { Words } from './words.ts';

const SELF = fileURLToPath(import.meta.url);
const SESSIONS = 20;
const RULES: DataRules = { maxSize: 52_428_800, loneLineEnds: 'refuse' };

/** How much a client says before it waits for the answer. */
type Manner = 'lock step' | 'pipelined envelope' | 'overlap';

class TakeAll implements InboundEvents {
  static taken = 0;
  readonly #connection: InboundConnection;

  constructor(connection: InboundConnection) {
    this.#connection = connection;
    connection.reply('220 bench ESMTP\r\n');
  }

  line(text: string): void {
    const connection = this.#connection;
    switch (text.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        connection.reply('250-bench\r\n250 PIPELINING\r\n');
        break;
      case 'DATA':
        connection.readData(RULES);
        connection.reply('354 go on\r\n');
        break;
      case 'QUIT':
        connection.reply('221 bye\r\n');
        connection.close();
        break;
      default:
        connection.reply('250 ok\r\n');
    }
  }

  lineTooLong(): void {
    throw new Error('no line is too long here');
  }

  data(outcome: DataOutcome): void {
    if (outcome.kind === 'refused') throw new Error(outcome.rule);
    TakeAll.taken += 1;
    this.#connection.reply('250 taken\r\n');
    this.#connection.proceed();
  }

  closed(): void {}
}

// ---- our own client

function messageOf(octets: number): string {
  const header = `From: <a@sender.example>\r\nTo: <b@receiver.example>\r\nDate: Mon, 1 Jan 2026 00:00:00 +0000\r\nMessage-Id: <1@sender.example>\r\nSubject: benchmark\r\n\r\n`;
  const line = `${'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(2)}\r\n`;
  return header + line.repeat(Math.ceil((octets - header.length) / line.length));
}

/** Each step is written once the replies to the one before are there. */
function stepsOf(manner: Manner, message: string): { text: string; replies: number }[] {
  const envelope = ['MAIL FROM:<a@sender.example>\r\n', 'RCPT TO:<b@receiver.example>\r\n', 'DATA\r\n'];
  const body = `${message}.\r\n`;
  if (manner === 'lock step') return [...envelope, body].map((text) => ({ text, replies: 1 }));
  if (manner === 'pipelined envelope') {
    return [
      { text: envelope.join(''), replies: 3 },
      { text: body, replies: 1 },
    ];
  }
  return [{ text: body + envelope.join(''), replies: 4 }];
}

function runClient(port: number, manner: Manner, octets: number, messages: number): void {
  const steps = stepsOf(manner, messageOf(octets));
  const opening = manner === 'overlap' ? stepsOf('pipelined envelope', '').slice(0, 1) : [];
  let left = messages;
  for (let session = 0; session < SESSIONS; session++) {
    const script = [{ text: 'EHLO bench\r\n', replies: 3 }, ...opening]; // lines, of which the greeting is one
    let awaited = 0;
    let step = steps.length;
    const next = (): void => {
      const scripted = script.shift();
      if (scripted === undefined && step >= steps.length) {
        if (left <= 0) {
          socket.end('QUIT\r\n');
          return;
        }
        left -= 1;
        step = 0;
      }
      const { text, replies } = scripted ?? steps[step++]!;
      awaited += replies;
      socket.write(text, 'latin1');
    };
    const buffer = Buffer.alloc(65_536);
    const socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (read) => {
          for (let at = buffer.indexOf(10); at >= 0 && at < read; at = buffer.indexOf(10, at + 1)) awaited -= 1;
          if (awaited === 0) next();
          return true;
        },
      },
    });
    socket.once('connect', next);
  }
}

// ---- measuring

const exited = (command: string, words: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });

const words = new Words(process.argv[2] === 'client' ? [] : process.argv.slice(2), [], ['json']);
const say = words.has('json') ? (): void => {} : console.log;
const figures: Record<string, number> = {};
const problems: string[] = [];

async function measure(name: string, octets: number, run: (messages: number) => Promise<boolean>, messages: number) {
  if (!(await run(Math.ceil(messages / 10)))) {
    problems.push(`${name}: not installed, or did not succeed`);
    say(`${name.padEnd(38)} not installed, or did not succeed`);
    return;
  }
  const taken = TakeAll.taken;
  const [cpu, at] = [process.cpuUsage(), performance.now()];
  await run(messages);
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - at) / 1000;
  const count = TakeAll.taken - taken;
  const perMessage = (microseconds: number): string => (microseconds / 1000 / count).toFixed(4).padStart(10);
  const cost = perMessage(used.user + used.system) + perMessage(used.user) + perMessage(used.system);
  const rate = Math.round(count / seconds);
  const key = name.replaceAll(/[^a-z]+/g, '_');
  figures[`${key}_${octets === 2_048 ? '2k' : '50k'}_cpu_ms`] = (used.user + used.system) / 1000 / count;
  say(name.padEnd(38) + String(octets).padStart(8) + String(count).padStart(9) + cost + String(rate).padStart(9));
}

if (process.argv[2] === 'client') {
  const [port, manner, octets, messages] = process.argv.slice(3) as [string, Manner, string, string];
  runClient(Number(port), manner, Number(octets), Number(messages));
} else {
  const opened = await openListener({ host: '127.0.0.1', port: 0, accept: (connection) => new TakeAll(connection) });
  if (opened.kind === 'failed') throw new Error(opened.reason);
  const { listener } = opened;
  const endpoint = `inet:127.0.0.1:${listener.port}`;
  say(`${'client'.padEnd(38)}  octets messages  CPU ms/m      user       sys    msg/s`);
  for (const [octets, share] of [
    [2_048, 1],
    [51_200, 0.2],
  ] as const) {
    const messages = Math.ceil(Number(words.rest[0] ?? 100_000) * share);
    const source = (words: readonly string[]) => (count: number) =>
      exited('/usr/sbin/smtp-source', [...words, '-s', `${SESSIONS}`, '-l', `${octets}`, '-m', `${count}`, endpoint]);
    await measure('smtp-source -d, lock step', octets, source(['-d']), messages);
    await measure('smtp-source, a connection per message', octets, source([]), Math.ceil(messages / 4));
    for (const manner of ['lock step', 'pipelined envelope', 'overlap'] as const) {
      const own = (count: number): Promise<boolean> =>
        exited(process.execPath, [SELF, 'client', `${listener.port}`, manner, `${octets}`, `${count}`]);
      await measure(`own client, ${manner}`, octets, own, messages);
    }
  }
  listener.close();
  if (words.has('json')) printMeasurement('receive', figures, problems);
}
