// Exim for tests, the binary of Debian's package exim4-daemon-light, unpacked by `bench/bench setup exim`: it would take
// the place of Postfix if it were installed. Messages are taken and discarded behind the final dot.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { certificateFile } from './certificates.ts';
import { startOnFreePort } from './free-port.ts';
import { LogFile } from './log-file.ts';
import { runProgram, skipWithoutUnpacked, unpackedEnvironment, unpackedProgram } from './peer-program.ts';
import type { RealReceiver, ReceiverEvent } from './real-receiver.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const PROGRAM = 'exim/usr/sbin/exim4';
/** Its build names this user, and does not start where there is none. */
const USER = 'Debian-exim';

/** For the `skip` of a test. */
export function skipWithoutExim(): string | false {
  return skipWithoutUnpacked('exim', PROGRAM, [USER]);
}

export async function startExim(t: TestContext): Promise<RealReceiver> {
  let child: ChildProcess | null = null;
  t.after(async () => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  });
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  const [userId, groupId] = await Promise.all(['-u', '-g'].map((flag) => runProgram('id', [flag, USER])));
  for (const name of ['spool', 'log']) {
    mkdirSync(join(directory, name));
    chownSync(join(directory, name), Number(userId!.output), Number(groupId!.output));
  }
  const program = unpackedProgram(PROGRAM);
  const env = unpackedEnvironment(PROGRAM);
  const log = new LogFile(join(directory, 'log', 'mainlog'));
  const port = await startOnFreePort('exim', async (candidate) => {
    const file = join(directory, 'exim.conf');
    writeFileSync(file, settings(program, directory));
    child = spawn(program, ['-C', file, '-bdf', '-oX', `[127.0.0.1]:${candidate}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    });
    const ended = once(child, 'close').then(() => false);
    // One log holds the lines of every try.
    const started = log.waitFor((line) => line.includes(`listening for SMTP on [127.0.0.1]:${candidate}`));
    return Promise.race([started.then(() => true), ended]);
  });
  return { port, certificate: 'receiver', log, read: readEximLog };
}

function settings(program: string, directory: string): string {
  return `exim_user = ${USER}
exim_group = ${USER}
primary_hostname = exim.test
exim_path = ${program}
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%slog
log_selector = +smtp_connection +received_recipients
disable_ipv6 = true
host_lookup =
rfc1413_hosts =
rfc1413_query_timeout = 0s
smtp_accept_max = 0
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
tls_advertise_hosts = *
tls_certificate = ${certificateFile('receiver')}
tls_privatekey = ${certificateFile('receiver')}
keep_environment =
acl_smtp_rcpt = take
acl_smtp_data = dispose
acl_smtp_quit = end
begin acl
take:
  accept hosts = 127.0.0.0/8
dispose:
  discard
end:
  accept logwrite = SMTP session ends
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
`;
}

/**
 * The line of a message tells how it came, and for whom. The line `closed by QUIT` comes after the session's close_notify, so
 * that the next connection may be logged before it: the line of the ACL for QUIT is taken for the end.
 */
function readEximLog(lines: readonly string[]): readonly ReceiverEvent[] {
  const events: ReceiverEvent[] = [];
  for (const line of lines) {
    if (/ SMTP connection from .*\(TCP\/IP connection count = \d+\)$/.test(line)) events.push({ kind: 'connected' });
    else if (line.endsWith(' SMTP session ends') || / SMTP connection from .* lost\b/.test(line))
      events.push({ kind: 'closed' });
    else if (line.includes(' <= ')) {
      const recipient = / for (\S+)$/.exec(line)?.[1];
      if (recipient === undefined) continue;
      events.push({ kind: 'arrived', recipient, isEncrypted: / P=esmtps X=TLS1\.[23]:/.test(line) });
    }
  }
  return events;
}
