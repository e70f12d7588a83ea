// A validating resolver for tests: Unbound with zones of its own, signed by ldns-signzone with keys made for the test and
// named as trust anchors. Zones go through the validator only as `auth-zone` for upstream; `local-zone` never would.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { startOnFreePort } from './free-port.ts';
import { findProgram, runProgram } from './peer-program.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface SignedZone {
  /** Without the final dot. */
  readonly name: string;
  /** Records in the form of zone files, relative to the name. */
  readonly records: string;
  readonly isSigned: boolean;
  /** Changes the zone after it was signed, as somebody would who cannot sign it. */
  readonly forge?: (signed: string) => string;
}

/** @returns the line of resolv.conf that names the resolver */
export async function startUnbound(t: TestContext, zones: readonly SignedZone[]): Promise<string> {
  let child: ChildProcess | null = null;
  t.after(async () => {
    if (child === null || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  const directory = temporaryDirectory(t);
  const anchors: string[] = [];
  for (const zone of zones) {
    const anchor = await writeZone(directory, zone);
    if (anchor !== null) anchors.push(anchor);
  }
  const port = await startOnFreePort('unbound', (candidate) => {
    const path = join(directory, 'unbound.conf');
    writeFileSync(path, configuration(directory, candidate, zones, anchors));
    child = spawn(findProgram('unbound')!, ['-d', '-c', path], { stdio: ['ignore', 'ignore', 'pipe'] });
    return hasStarted(child);
  });
  return `nameserver 127.0.0.1:${port}\n`;
}

/** @returns the DS record of a signed zone */
async function writeZone(directory: string, { name, records, isSigned, forge }: SignedZone): Promise<string | null> {
  const path = join(directory, `${name}.zone`);
  writeFileSync(
    path,
    `$ORIGIN ${name}.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n${records}\n`,
  );
  if (!isSigned) return null;
  const base = join(directory, (await runIn(directory, 'ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', name])).trim());
  await runIn(directory, 'ldns-signzone', ['-f', `${path}.signed`, path, base]);
  const signed = readFileSync(`${path}.signed`, 'utf8');
  writeFileSync(path, forge === undefined ? signed : forge(signed));
  return readFileSync(`${base}.ds`, 'utf8').trim().replaceAll('\t', ' ');
}

async function runIn(directory: string, name: string, args: readonly string[]): Promise<string> {
  const { code, output } = await runProgram('sh', [
    '-c',
    `cd "$0" && exec "$@"`,
    directory,
    findProgram(name)!,
    ...args,
  ]);
  if (code !== 0) throw new Error(`${name}: status ${code}\n${output}`);
  return output;
}

function configuration(
  directory: string,
  port: number,
  zones: readonly SignedZone[],
  anchors: readonly string[],
): string {
  return `server:
  interface: 127.0.0.1@${port}
  port: ${port}
  username: ""
  chroot: ""
  directory: "${directory}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-signaling: no
${anchors.map((anchor) => `  trust-anchor: "${anchor}"\n`).join('')}remote-control:
  control-enable: no
${zones
  .map(
    ({ name }) => `auth-zone:
  name: "${name}"
  zonefile: "${join(directory, `${name}.zone`)}"
  for-upstream: yes
  for-downstream: no
  fallback-enabled: no
`,
  )
  .join('')}`;
}

async function hasStarted(child: ChildProcess): Promise<boolean> {
  const lines = createInterface({ input: child.stderr! });
  const said: string[] = [];
  const started = new Promise<boolean>((resolve) => {
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('start of service')) resolve(true);
    });
  });
  const isRunning = await Promise.race([started, once(child, 'close').then(() => false)]);
  if (!isRunning) console.error(said.join('\n'));
  return isRunning;
}
