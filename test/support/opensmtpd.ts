// OpenSMTPD for tests, out of Debian's package, unpacked by `bench/bench setup opensmtpd`: it would take the place of
// Postfix if it were installed. The path of its spool is compiled in, so it runs in a mount namespace of its own, in which
// that path is a directory of the test. Messages go to a program that reads and forgets them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { certificateFile } from './certificates.ts';
import { startOnFreePort, whenGreeted } from './free-port.ts';
import { LogFile } from './log-file.ts';
import { skipWithoutUnpacked, unpackedEnvironment, unpackedProgram } from './peer-program.ts';
import type { RealReceiver, ReceiverEvent } from './real-receiver.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** `opensmtpd` is that of this machine's Debian, `opensmtpd-11` that of Debian 11 with the OpenSSL it was made for. */
export type OpensmtpdTree = 'opensmtpd' | 'opensmtpd-11';

const programOf = (tree: OpensmtpdTree): string => `${tree}/usr/sbin/smtpd`;
const NAMESPACE = ['--mount', '--propagation', 'private'];

/** For the `skip` of a test. */
export function skipWithoutOpensmtpd(tree: OpensmtpdTree): string | false {
  const skip = skipWithoutUnpacked('opensmtpd', programOf(tree), ['opensmtpd', 'opensmtpq', 'nobody']);
  if (skip !== false) return skip;
  const { status } = spawnSync('unshare', [...NAMESPACE, 'true'], { stdio: 'ignore' });
  return status === 0 ? false : 'NOT RUN: OpenSMTPD needs a mount namespace, which unshare does not get here';
}

/** What makes the namespace before it becomes smtpd. $1 is the directory of the test, $2 the program, $3 that of its parts. */
const SURROUNDINGS = `set -e
mkdir -p /var/spool/smtpd /var/lib/opensmtpd/empty
mount --bind "$1/spool" /var/spool/smtpd
mount --bind "$1/empty" /var/lib/opensmtpd/empty
mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"
if [ ! -d /usr/libexec/opensmtpd ]; then
  mount -t tmpfs none /usr/libexec
  cp -a "$3" /usr/libexec/opensmtpd
fi
exec "$2" -d -f "$1/smtpd.conf"`;

export async function startOpensmtpd(t: TestContext, tree: OpensmtpdTree): Promise<RealReceiver> {
  let child: ChildProcess | null = null;
  t.after(async () => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM'); // it takes its other processes along, and waits for them
    await once(child, 'close');
  });
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  for (const name of ['spool', 'empty']) mkdirSync(join(directory, name), 0o711);
  // Its resolver asks for the name of every client: it has no name servers, only the file of hosts.
  writeFileSync(join(directory, 'resolv.conf'), 'lookup file\n');
  // A key that others may read does not load, and versions before 7 know only RSA for sure.
  copyFileSync(certificateFile('rsa'), join(directory, 'certificate.pem'));
  chmodSync(join(directory, 'certificate.pem'), 0o600);
  const program = unpackedProgram(programOf(tree));
  const parts = join(program, '../../libexec/opensmtpd');
  const log = new LogFile(join(directory, 'log'));
  const port = await startOnFreePort('opensmtpd', async (candidate) => {
    writeFileSync(join(directory, 'smtpd.conf'), settings(directory, candidate));
    const output = openSync(log.path, 'w');
    const words = [...NAMESPACE, 'sh', '-c', SURROUNDINGS, 'sh', directory, program, parts];
    child = spawn('unshare', words, { stdio: ['ignore', output, output], env: unpackedEnvironment(programOf(tree)) });
    closeSync(output);
    const started = child;
    const isRunning = await whenGreeted(candidate, () => started.exitCode !== null);
    if (!isRunning) console.error(log.lines().join('\n'));
    return isRunning;
  });
  return { port, certificate: 'rsa', log, read: readOpensmtpdLog };
}

function settings(directory: string, port: number): string {
  return `pki opensmtpd.test cert "${directory}/certificate.pem"
pki opensmtpd.test key "${directory}/certificate.pem"
smtp limit max-mails 1000000
listen on 127.0.0.1 port ${port} hostname opensmtpd.test tls pki opensmtpd.test
table everybody { "@" = "nobody" }
action "forget" mda "cat >/dev/null" virtual <everybody>
match from any for any action "forget"
`;
}

/** Every line begins with the id of a session; a message is stored when its final dot is answered. */
function readOpensmtpdLog(lines: readonly string[]): readonly ReceiverEvent[] {
  const events: ReceiverEvent[] = [];
  const encrypted = new Set<string>();
  for (const line of lines) {
    const [session, what] = /([0-9a-f]{16}) smtp (.*)/.exec(line)?.slice(1) ?? [];
    if (session === undefined || what === undefined) continue;
    const [word] = what.split(' ');
    if (word === 'connected') events.push({ kind: 'connected' });
    else if (word === 'disconnected') events.push({ kind: 'closed' });
    else if (/^tls ciphers=TLSv1\.[23]:/.test(what)) encrypted.add(session);
    else if (word === 'envelope') {
      const recipient = / to=<([^>]*)>/.exec(what)![1]!;
      events.push({ kind: 'arrived', recipient, isEncrypted: encrypted.has(session) });
    }
  }
  return events;
}
