// The server under test, started by the programs here that need more of it than `bench/bench` asks: Headgate in a directory
// of its own with any configuration, or a peer that `bench/bench peer` starts. Queues are on the disk of
// HEADGATE_BENCH_DIR.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = dirname(fileURLToPath(import.meta.url));
const TICKS_PER_SECOND = 100;
const PAGE_OCTETS = 4096;
/** Characters that are kept of what a server writes to stderr. */
const COMPLAINTS_MAX = 4_000;

export const BENCH_DIRECTORY =
  process.env['HEADGATE_BENCH_DIR'] ?? join(process.env['TMPDIR'] ?? tmpdir(), 'mta-bench');

/** What runs, so that it does not outlive us when we are told to end. */
const running = new Set<Subject>();
let isWatching = false;

function watch(subject: Subject): void {
  running.add(subject);
  if (isWatching) return;
  isWatching = true;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      await Promise.allSettled(Array.from(running, (one) => one.stop()));
      process.exit(1);
    });
  }
}

export interface Subject {
  readonly name: string;
  readonly port: number;
  /** User and system time of all its processes so far; null where the system keeps no account of them. */
  cpuSeconds(): number | null;
  /** Resident memory of all its processes. */
  residentOctets(): number;
  stop(): Promise<void>;
}

const HEADGATE = join(HERE, '..', 'bin', 'headgate');

/** @returns what Headgate has against these lines of configuration, or null */
export async function complaintAbout(configuration: string): Promise<string | null> {
  mkdirSync(BENCH_DIRECTORY, { recursive: true });
  const directory = mkdtempSync(join(BENCH_DIRECTORY, 'check-'));
  const file = join(directory, 'headgate.conf');
  writeFileSync(file, `${configuration}\n`);
  try {
    await run(HEADGATE, ['config', 'check', file]);
    return null;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    return `${stderr}${stdout}`.trim().split('\n')[0]!.replace(`${file}:`, '');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export class HeadgateSubject implements Subject {
  readonly name = 'headgate';
  readonly directory: string;
  #child: ChildProcess | null = null;
  port = 0;
  /** Seconds until it was ready for the first time, with an empty spool. */
  firstStartSeconds = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param configuration what is special about it, at global scope */
  static async start(configuration: string): Promise<HeadgateSubject> {
    mkdirSync(BENCH_DIRECTORY, { recursive: true });
    const subject = new HeadgateSubject(mkdtempSync(join(BENCH_DIRECTORY, 'headgate-')));
    watch(subject);
    const { directory } = subject;
    const logs = ['mainlog', 'rejectlog', 'paniclog'].map((name) => `  ${name} = "${directory}/${name}.ec"`);
    writeFileSync(
      join(directory, 'headgate.conf'),
      `Hostname = "headgate.bench"
Spoolbase = "${directory}/spool"
Pidfile = "${directory}/pid"
ec_logger {
${logs.join('\n')}
}
ESMTP_Listener {
  Relay_Hosts = ( 127.0.0.0/8 )
  Listen "127.0.0.1:0" {}
}
${configuration}`,
    );
    try {
      subject.firstStartSeconds = await subject.launch();
    } catch (error) {
      await subject.stop();
      throw error;
    }
    return subject;
  }

  /** @returns seconds until it was ready */
  async launch(): Promise<number> {
    const startedAt = performance.now();
    const words = ['start', '-c', join(this.directory, 'headgate.conf')];
    const child = spawn(HEADGATE, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-COMPLAINTS_MAX);
    });
    const ready = new Promise<true>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const port = /^headgate: listening on .*:(\d+)$/.exec(line)?.[1];
        if (port !== undefined) this.port = Number(port);
        if (line === 'headgate: ready') resolve(true);
      });
    });
    if ((await Promise.race([ready, once(child, 'exit')])) !== true)
      throw new Error(`Headgate did not start: ${complaints}`);
    return (performance.now() - startedAt) / 1000;
  }

  /** SIGTERM, and waits for the end; everything stays on disk. @returns seconds that it took */
  async halt(): Promise<number> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return 0;
    const startedAt = performance.now();
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    return (performance.now() - startedAt) / 1000;
  }

  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child!.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  residentOctets(): number {
    return residentOctetsOf(this.#child!.pid!);
  }

  async stop(): Promise<void> {
    running.delete(this);
    await this.halt();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A peer with its usual configuration of bench/peers, which relays everything to one port. */
export class PeerSubject implements Subject {
  readonly name: string;
  readonly port: number;

  private constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
  }

  /** @param environment see bench/README.md: POSTFIX_CONC, POSTFIX_EXTRA and so on */
  static async start(name: string, sinkPort: number, environment: NodeJS.ProcessEnv = {}): Promise<PeerSubject> {
    const env = { ...process.env, ...environment, SINK_PORT: String(sinkPort) };
    const { stdout } = await run(join(HERE, 'bench'), ['peer', name, 'start'], { env });
    const port = / listens on 127\.0\.0\.1:(\d+)/.exec(stdout)?.[1];
    if (port === undefined) throw new Error(`${name} did not start: ${stdout}`);
    const subject = new PeerSubject(name, Number(port));
    watch(subject);
    return subject;
  }

  cpuSeconds(): number | null {
    const group = this.#group();
    if (group === '') return null;
    const usage = /^usage_usec (\d+)/m.exec(read(join(group, 'cpu.stat')))?.[1];
    if (usage !== undefined) return Number(usage) / 1e6;
    const nanoseconds = read(join(group, 'cpuacct.usage'));
    return nanoseconds === '' ? null : Number(nanoseconds) / 1e9;
  }

  residentOctets(): number {
    const pids = read(join(this.#group(), 'cgroup.procs')).split('\n').filter(Boolean);
    return pids.reduce((sum, pid) => sum + residentOctetsOf(Number(pid)), 0);
  }

  async stop(): Promise<void> {
    running.delete(this);
    await run(join(HERE, 'bench'), ['peer', this.name, 'stop']);
  }

  #group(): string {
    return read(join(BENCH_DIRECTORY, 'run', this.name, 'cgroup')).trim();
  }
}

function residentOctetsOf(pid: number): number {
  return Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE_OCTETS;
}

/** Empty for what is not there. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
