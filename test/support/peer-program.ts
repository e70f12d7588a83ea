// Programs of other people that the server has to get along with. They are not part of the repository: tests that need
// one that is not installed are skipped and say so.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

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
