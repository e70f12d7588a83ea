// What the figures were measured on, whether the machine is idle, and which ports are free on it.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PEERS, type Peer } from './contestant.ts';
import { BENCH_DIRECTORY } from './subject.ts';

const run = promisify(execFile);
const HERE = dirname(fileURLToPath(import.meta.url));
const SYNC_COUNT = 100;
const BUSY_MS = 300;

/** Share of all processors that was in use during a third of a second; time that a host did not give us counts. */
export async function busyShare(): Promise<number> {
  const read = (): [busy: number, all: number] => {
    const [user, nice, system, idle, wait, interrupt, soft, steal] = readFileSync('/proc/stat', 'latin1')
      .split('\n')[0]!
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number) as [number, number, number, number, number, number, number, number];
    const busy = user + nice + system + interrupt + soft + steal;
    return [busy, busy + idle + wait];
  };
  const [busy, all] = read();
  await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
  const [busyNow, allNow] = read();
  return allNow > all ? (busyNow - busy) / (allNow - all) : 0;
}

/** Versions of the peers that are set up. */
export async function peerVersions(): Promise<ReadonlyMap<Peer, string>> {
  const { stdout } = await run(join(HERE, 'bench'), ['versions']);
  const versions = new Map<Peer, string>();
  for (const peer of PEERS) {
    const version = new RegExp(`^${peer}: (\\S.*)$`, 'm').exec(stdout)?.[1];
    if (version !== undefined) versions.set(peer, version);
  }
  return versions;
}

export async function machineFacts(versions: ReadonlyMap<Peer, string>): Promise<Record<string, string>> {
  mkdirSync(BENCH_DIRECTORY, { recursive: true });
  const [cpu] = cpus();
  const sync = await run(process.execPath, [join(HERE, 'lib', 'fsync.mjs'), BENCH_DIRECTORY, String(SYNC_COUNT)]);
  const { append_fdatasync } = JSON.parse(sync.stdout) as { append_fdatasync: { median_ms: number; p99_ms: number } };
  const { stdout } = await run('df', ['--output=fstype', BENCH_DIRECTORY]);
  return {
    processors: `${cpus().length} x ${cpu?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    'queues on': `${stdout.trim().split('\n').at(-1)}, 4 KB append and sync ${append_fdatasync.median_ms} ms (p99 ${append_fdatasync.p99_ms})`,
    'Node of Headgate': process.version,
    ...Object.fromEntries(versions),
  };
}

/** A base for `bench/bench` from which all ports that it uses are free; below those that the system gives out by itself. */
export async function freePortBase(): Promise<number> {
  for (let base = 20_000; base < 32_000; base += 100) {
    const ports = [10, 20, 30, 40, 50, 99].map((offset) => base + offset);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
  throw new Error('no hundred ports below 32000 are free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
