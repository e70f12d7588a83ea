// The bare relay: the least that takes mail, has it on stable storage and sends it, without limits, queues, policy or records.
// Its three parts alone, and all of them together as a server, say what a message costs at least with this runtime.
//
//   node bench/bare.ts receive|commit|send [--messages 50000] [--json]      three loads, CPU ms per message
//   node bench/bare.ts relay                    a start command for `bench/bench`; LISTEN, SINK_PORT, BENCH_PEER_DIR
//
// --messages: of 2 KB; a fifth of that of 50 KB. receive needs smtp-source, send needs smtp-sink (Postfix).
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommitLog } from './bare/commit-log.ts';
import { listen } from './bare/receiver.ts';
import { Sender } from './bare/sender.ts';
import { printMeasurement } from './measurement.ts';
import { openSmtpSink, runSource } from './smtp-tools.ts';
import { BENCH_DIRECTORY } from './subject.ts';
import { Words } from './words.ts';

const CONNECTIONS_OUT = 20;
/** The names are figures of the row `bare` (bench/relay-rows.ts). */
const LOADS = [
  { name: '2k_20', size: 2_048, sessions: 20, share: 1 },
  { name: '2k_100', size: 2_048, sessions: 100, share: 1 },
  { name: '50k_20', size: 51_200, sessions: 20, share: 0.2 },
] as const;
type BareLoad = (typeof LOADS)[number];

/** Runs so many messages and returns when they are through. */
type Run = (messages: number) => Promise<void>;

const words = new Words(process.argv.slice(2), ['messages'], ['json']);
const part = words.rest[0];
const messages = words.number('messages', 50_000);

function contentOf(octets: number): readonly Buffer[] {
  const header = 'From: <a@sender.example>\r\nTo: <b@receiver.example>\r\nSubject: benchmark\r\n\r\n';
  const line = `${'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(2)}\r\n`;
  return [Buffer.from(`${header}${line.repeat(Math.ceil((octets - header.length) / line.length))}.\r\n`)];
}

async function measured(runFor: (load: BareLoad) => Run): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const load of LOADS) {
    const run = runFor(load);
    const count = Math.ceil(messages * load.share);
    await run(Math.ceil(count / 10));
    const [cpu, startedAt] = [process.cpuUsage(), performance.now()];
    await run(count);
    const { user, system } = process.cpuUsage(cpu);
    figures[`${load.name}_cpu_ms`] = (user + system) / 1000 / count;
    figures[`${load.name}_msgs_per_s`] = count / ((performance.now() - startedAt) / 1000);
  }
  return figures;
}

async function measureReceive(): Promise<Record<string, number>> {
  const server = await listen(0, (_, done) => done());
  const { port } = server.address() as { port: number };
  try {
    return await measured(({ size, sessions }) => async (count) => {
      if (!(await runSource({ port, messages: count, sessions, size })))
        throw new Error('smtp-source is not installed, or did not succeed');
    });
  } finally {
    server.close();
  }
}

/** As many workers as there are sessions: append, wait, settle, and again. */
async function measureCommit(): Promise<Record<string, number>> {
  mkdirSync(BENCH_DIRECTORY, { recursive: true });
  const directory = mkdtempSync(join(BENCH_DIRECTORY, 'bare-'));
  const log = new CommitLog(directory);
  try {
    return await measured(({ size, sessions }) => {
      const content = contentOf(size);
      return (count) =>
        new Promise((resolve) => {
          let [started, done] = [0, 0];
          const next = (): void => {
            if (started === count) return;
            started += 1;
            log.append(content, (record) => {
              log.settle(record);
              done += 1;
              if (done === count) resolve();
              else next();
            });
          };
          for (let worker = 0; worker < sessions; worker++) next();
        });
    });
  } finally {
    log.close();
    rmSync(directory, { recursive: true });
  }
}

async function measureSend(): Promise<Record<string, number>> {
  const sink = await openSmtpSink();
  if (sink === null) throw new Error('smtp-sink is not installed');
  const sender = new Sender(sink.port, CONNECTIONS_OUT);
  try {
    return await measured(({ size, sessions }) => {
      const content = contentOf(size);
      // Two for each connection wait at least, so that none is without the next message.
      const inHand = Math.max(sessions, 3 * CONNECTIONS_OUT);
      return (count) =>
        new Promise((resolve) => {
          let [started, done] = [0, 0];
          const next = (): void => {
            if (started === count) return;
            started += 1;
            sender.send(content, () => {
              done += 1;
              if (done === count) resolve();
              else next();
            });
          };
          for (let index = 0; index < inHand; index++) next();
        });
    });
  } finally {
    sender.end();
    sink.close();
  }
}

async function relay(): Promise<void> {
  const { LISTEN, SINK_PORT, BENCH_PEER_DIR } = process.env;
  if (LISTEN === undefined || SINK_PORT === undefined || BENCH_PEER_DIR === undefined)
    throw new Error('relay is started by bench/bench: LISTEN, SINK_PORT or BENCH_PEER_DIR is not set');
  const log = new CommitLog(BENCH_PEER_DIR);
  const sender = new Sender(Number(SINK_PORT), CONNECTIONS_OUT);
  await listen(Number(LISTEN.slice(LISTEN.lastIndexOf(':') + 1)), (content, done) => {
    log.append(content, (record) => {
      done();
      sender.send(content, () => log.settle(record));
    });
  });
  process.once('SIGTERM', () => process.exit());
}

process.once('SIGTERM', () => process.exit(1));
if (part === 'relay') {
  await relay();
} else {
  const measure = { receive: measureReceive, commit: measureCommit, send: measureSend }[part ?? ''];
  if (measure === undefined) throw new Error(`${part}: expected receive, commit, send or relay`);
  const figures = await measure();
  if (words.has('json')) printMeasurement(part!, figures);
  else console.log(figures);
}
