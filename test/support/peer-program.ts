// Programs of other people that the server has to get along with. They are not part of the repository: tests that need
// one that is not installed are skipped and say so.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const IS_ROOT = process.getuid?.() === 0;
/** Where `bench/bench setup` unpacks what conflicts with Postfix; `bench/bench` has the same words. */
const UNPACKED = process.env['HEADGATE_BENCH_DIR'] ?? join(tmpdir(), 'mta-bench');

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Full path of a program, or null when it is not on this machine. `sbin` is looked at too, as a mail server's user would. */
export function findProgram(name: string): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  for (const directory of directories) if (existsSync(`${directory}/${name}`)) return `${directory}/${name}`;
  return null;
}

/** For the `skip` of a test. */
export function skipWithout(...names: readonly string[]): string | false {
  const missing = names.filter((name) => findProgram(name) === null);
  return missing.length === 0
    ? false
    : `NOT RUN: ${missing.join(' and ')} not installed (Debian packages postfix, swaks, unbound and ldnsutils; .ci/run installs them)`;
}

/** Full path of a program of a package that was unpacked. */
export function unpackedProgram(path: string): string {
  return join(UNPACKED, path);
}

/** For a program that was unpacked: libraries that were unpacked beside it come first. */
export function unpackedEnvironment(path: string): NodeJS.ProcessEnv {
  const libraries = join(unpackedProgram(path), '../../lib');
  const names = existsSync(libraries) ? readdirSync(libraries).filter((name) => name.endsWith('-linux-gnu')) : [];
  if (names.length === 0) return process.env;
  return { ...process.env, LD_LIBRARY_PATH: names.map((name) => join(libraries, name)).join(':') };
}

/** For the `skip` of a test with a server that was unpacked. @param users whom it becomes */
export function skipWithoutUnpacked(name: string, path: string, users: readonly string[]): string | false {
  if (!IS_ROOT) return `NOT RUN: ${name} starts as root only`;
  if (!existsSync(unpackedProgram(path))) {
    return `NOT RUN: no ${unpackedProgram(path)} ("bench/bench setup ${name}" unpacks it, below HEADGATE_BENCH_DIR; .ci/run does)`;
  }
  const missing = users.filter((user) => spawnSync('id', [user], { stdio: 'ignore' }).status !== 0);
  return missing.length === 0
    ? false
    : `NOT RUN: no user ${missing.join(' and ')} ("bench/bench setup ${name}" adds it)`;
}

/** Runs a program to its end. @returns its status, and what it wrote to both outputs */
export async function runProgram(name: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(findProgram(name) ?? name, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
