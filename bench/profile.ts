// Where the CPU of a message goes, and how many system calls it makes: a server relays from smtp-source to smtp-sink twice,
// once with the sampling profiler of V8, once under strace.
//
//   node bench/profile.ts headgate|bare [--messages 50000] [--sessions 20] [--size 2048] [--per-connection] [--top N] [--json]
//
// Samples are counted while the load runs, and their share of the busy time of the main thread is taken of the CPU that the
// system counted for that thread. Self time goes to the folder of the function; that of functions of the runtime goes to the
// runtime, apart from the writes to sockets, which are almost all of it the system's. What the profiler calls "(program)" is
// outside of JavaScript: waiting for events, and reading sockets. --top: the functions with the most self time, on the terminal.
// A fifth of --messages under strace; without it there are no figures of calls.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printMeasurement } from './measurement.ts';
import { answers, freePort, openSmtpSink, runSource, type SmtpSink } from './smtp-tools.ts';
import { BENCH_DIRECTORY } from './subject.ts';
import { Words } from './words.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const STRACE = '/usr/bin/strace';
const TICKS_PER_SECOND = 100;
const STRACE_SHARE = 0.2;
const SAMPLE_MICROSECONDS = 250;

/** The parts, by the folders whose functions belong to them; the first that fits. */
const PARTS: readonly (readonly [part: string, paths: RegExp])[] = [
  ['records and logs', /\/src\/(core\/records|shell\/logs)\//],
  ['spool', /\/src\/shell\/spool\/|\/bare\/commit-log/],
  ['limits, queues, scheduling', /\/src\/core\/(limits|queue|delivery|routing|config)\//],
  [
    'smtp in',
    /\/(server-[a-z]+|inbound[a-z-]*|listener|data-reader|header-section|line-end-fixer)\.ts|\/bare\/receiver/,
  ],
  ['smtp in', /\/src\/core\/reception\//],
  ['smtp out', /\/(client-[a-z]+|outbound[a-z-]*|connector|reply-reader|running-transaction)\.ts|\/bare\/sender/],
  ['smtp, of both', /\/src\/(core\/smtp|shell\/net)\//],
  ['the rest of Headgate', /\/src\/|\/bench\//],
];
const GARBAGE = 'garbage collection';
const WRITES = 'runtime: writes to sockets';
const RUNTIME = 'runtime: JavaScript';
const PROGRAM = 'runtime and system: reads, events';
const OTHER_THREADS = 'other threads: disk, compiler, collector';
const PART_ORDER = [...new Set(PARTS.map(([part]) => part)), GARBAGE, WRITES, RUNTIME, PROGRAM, OTHER_THREADS];
/** Functions of the runtime that are a write to a socket or stand directly in front of it. */
const WRITE_NAMES =
  /^(write(v|Buffer|Buffers|Utf8String|Latin1String|AsciiString|Ucs2String)|handleWriteReq|writeGeneric)$/;
/** Calls, by what they do. */
const CALLS: readonly (readonly [name: string, calls: RegExp])[] = [
  ['reads', /^(read|readv|recvfrom|recvmsg|pread64|preadv2?)$/],
  ['writes', /^(write|writev|sendto|sendmsg|sendmmsg|pwrite64|pwritev2?)$/],
  ['writes to the spool and syncs', /^(pwritev2?|pwrite64|fsync|fdatasync)$/],
  ['waits for events', /^epoll_p?wait2?$/],
  ['wakes and sleeps of threads', /^futex$/],
];

const words = new Words(process.argv.slice(2), ['messages', 'sessions', 'size', 'top'], ['per-connection', 'json']);
const server = words.rest[0] ?? 'headgate';
const messages = words.number('messages', 50_000);
const load = {
  sessions: words.number('sessions', 20),
  size: words.number('size', 2_048),
  isPerConnection: words.has('per-connection'),
};

interface Server {
  readonly child: ChildProcess;
  readonly directory: string;
  readonly port: number;
}

async function start(sink: SmtpSink, options: string): Promise<Server> {
  mkdirSync(BENCH_DIRECTORY, { recursive: true });
  const directory = mkdtempSync(join(BENCH_DIRECTORY, 'profile-'));
  const port = await freePort();
  const command = server === 'bare' ? [process.execPath, join(HERE, 'bare.ts'), 'relay'] : [join(HERE, 'headgate.sh')];
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      BENCH_PEER_DIR: directory,
      LISTEN: `127.0.0.1:${port}`,
      SINK_PORT: `${sink.port}`,
      NODE_OPTIONS: options,
    },
  });
  running = { child, directory, port };
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 400 || child.exitCode !== null) throw new Error(`${server} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return running;
}

async function stop({ child, directory }: Server): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  rmSync(directory, { recursive: true, force: true });
  running = null;
}

async function relay(sink: SmtpSink, { port }: Server, count: number): Promise<void> {
  const before = sink.taken();
  if (!(await runSource({ port, messages: count, ...load }))) throw new Error('smtp-source did not succeed');
  while (sink.taken() < before + count) await new Promise((resolve) => setTimeout(resolve, 10));
}

// ---- the profile

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Microseconds on the system's monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

function partOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string | null {
  if (functionName === '(idle)') return null;
  if (functionName === '(garbage collector)') return GARBAGE;
  if (functionName === '(program)') return PROGRAM;
  if (url === '' || url.startsWith('node:')) return WRITE_NAMES.test(functionName) ? WRITES : RUNTIME;
  return PARTS.find(([, paths]) => paths.test(url))?.[0] ?? RUNTIME;
}

/** CPU of each thread, in microseconds; the first is the main one. */
function threadTimes(pid: number): readonly [main: number, others: number] {
  let [main, others] = [0, 0];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const used = ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
    if (Number(thread) === pid) main += used;
    else others += used;
  }
  return [main, others];
}

const clockMicroseconds = (): number => Number(process.hrtime.bigint()) / 1000;

async function profile(sink: SmtpSink): Promise<Record<string, number>> {
  const profiles = mkdtempSync(join(BENCH_DIRECTORY, 'profiles-'));
  try {
    const flags = `--cpu-prof --cpu-prof-dir=${profiles} --cpu-prof-interval=${SAMPLE_MICROSECONDS}`;
    const subject = await start(sink, flags);
    await relay(sink, subject, Math.ceil(messages / 10));
    const [from, mainBefore, othersBefore] = [clockMicroseconds(), ...threadTimes(subject.child.pid!)];
    await relay(sink, subject, messages);
    const [to, main, others] = [clockMicroseconds(), ...threadTimes(subject.child.pid!)];
    await stop(subject);
    const files = readdirSync(profiles).map(
      (name) => JSON.parse(readFileSync(join(profiles, name), 'utf8')) as Profile,
    );
    const busiest = files.toSorted((one, other) => other.samples.length - one.samples.length)[0];
    if (busiest === undefined) throw new Error('no profile was written');
    const byPart = selfTimes(busiest, from, to);
    const busy = byPart.values().reduce((sum, time) => sum + time, 0);
    const figures: Record<string, number> = {};
    for (const part of PART_ORDER) {
      const share = (byPart.get(part) ?? 0) / busy;
      const cost = part === OTHER_THREADS ? others - othersBefore : share * (main - mainBefore);
      figures[`CPU: ${part}`] = cost / messages;
    }
    return { 'CPU: all': (main + others - mainBefore - othersBefore) / messages, ...figures };
  } finally {
    rmSync(profiles, { recursive: true });
  }
}

function selfTimes({ nodes, samples, timeDeltas, startTime }: Profile, from: number, to: number): Map<string, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byPart = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const took = timeDeltas[index]!;
    at += took;
    if (at < from || at > to) continue;
    const frame = frames.get(id)!;
    const part = partOf(frame);
    if (part === null) continue;
    byPart.set(part, (byPart.get(part) ?? 0) + took);
    const place = `${frame.functionName || '(anonymous)'} ${frame.url.replace(/^.*\/(src|bench)\//, '$1/')}:${frame.lineNumber + 1}`;
    byFunction.set(place, (byFunction.get(place) ?? 0) + took);
  }
  const top = words.number('top', 0);
  const busy = byPart.values().reduce((sum, time) => sum + time, 0);
  if (top > 0 && !words.has('json')) {
    const sorted = [...byFunction].sort((one, other) => other[1] - one[1]).slice(0, top);
    for (const [place, time] of sorted) console.log(`${((100 * time) / busy).toFixed(2).padStart(6)} %  ${place}`);
  }
  return byPart;
}

// ---- calls

async function calls(sink: SmtpSink): Promise<Record<string, number>> {
  if (!existsSync(STRACE)) return {};
  const subject = await start(sink, '');
  const count = Math.ceil(messages * STRACE_SHARE);
  await relay(sink, subject, Math.ceil(count / 5));
  const file = join(subject.directory, 'strace');
  const tracer = spawn(STRACE, ['-c', '-f', '-qq', '-o', file, '-p', `${subject.child.pid}`], { stdio: 'ignore' });
  await attached(subject.child.pid!);
  await relay(sink, subject, count);
  const ended = once(tracer, 'exit');
  tracer.kill('SIGINT');
  await ended;
  const counts = new Map<string, number>();
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields.length >= 5 && /^\d/.test(fields[0]!)) counts.set(fields.at(-1)!, Number(fields[3]));
  }
  await stop(subject);
  counts.delete('total');
  const sum = (wanted: (name: string) => boolean): number =>
    counts.entries().reduce((total, [name, calls]) => total + (wanted(name) ? calls : 0), 0) / count;
  return {
    'calls: all': sum(() => true),
    ...Object.fromEntries(CALLS.map(([name, names]) => [`calls: ${name}`, sum((call) => names.test(call))])),
    'calls: others': sum((call) => CALLS.every(([, names]) => !names.test(call))),
  };
}

/** Every thread has its tracer. */
async function attached(pid: number): Promise<void> {
  const threads = (): readonly string[] => readdirSync(`/proc/${pid}/task`);
  const isTraced = (thread: string): boolean =>
    !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1'));
  for (let tries = 0; !threads().every(isTraced); tries++) {
    if (tries === 200) throw new Error('strace cannot attach to the server');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let running: Server | null = null;
process.once('SIGTERM', () => process.exit(1));
process.once('exit', () => running?.child.kill());

const sink = await openSmtpSink();
if (sink === null) throw new Error('smtp-sink is not installed');
try {
  const figures = { ...(await profile(sink)), ...(await calls(sink)) };
  if (words.has('json')) printMeasurement(server, figures);
  else for (const [name, value] of Object.entries(figures)) console.log(name.padEnd(48), value.toFixed(2).padStart(8));
} finally {
  if (running !== null) await stop(running);
  sink.close();
}
