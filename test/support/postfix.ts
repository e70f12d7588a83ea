// Postfix for tests, an instance of its own that takes everything by smtpd and discards it. Debian package postfix.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { certificateFile } from './certificates.ts';
import { startOnFreePort } from './free-port.ts';
import { LogFile } from './log-file.ts';
import { IS_ROOT, runProgram, skipWithout } from './peer-program.ts';
import type { RealReceiver, ReceiverEvent } from './real-receiver.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** For the `skip` of a test. */
export function skipWithoutPostfix(): string | false {
  return IS_ROOT ? skipWithout('postfix', 'postconf') : 'NOT RUN: Postfix starts as root only';
}

/**
 * Its directories are below that of the test; nothing of the machine's own Postfix is used.
 * @param settings further lines of main.cf
 */
export async function startPostfix(t: TestContext, settings = ''): Promise<RealReceiver> {
  let stop = (): Promise<unknown> => Promise.resolve();
  t.after(() => stop()); // before its directory goes
  const directory = temporaryDirectory(t);
  const configuration = join(directory, 'etc');
  chmodSync(directory, 0o755);
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(directory, name), 0o755);
  const { output } = await runProgram('postconf', ['-d', '-h', 'daemon_directory', 'command_directory', 'mail_owner']);
  const [daemons, commands, owner] = output.trim().split('\n');
  const { output: ids } = await runProgram('id', ['-u', owner!]);
  const { output: groupIds } = await runProgram('id', ['-g', owner!]);
  chownSync(join(directory, 'data'), Number(ids), Number(groupIds));
  writeFileSync(join(configuration, 'main.cf'), mainSettings(directory, daemons!, commands!) + settings);
  const log = new LogFile(join(directory, 'maillog'));
  const port = await startOnFreePort('postfix', async (candidate) => {
    writeFileSync(join(configuration, 'master.cf'), services(candidate));
    stop = () => runProgram('postfix', ['-c', configuration, 'stop']);
    const started = await runProgram('postfix', ['-c', configuration, 'start']);
    if (started.code !== 0) console.error(started.output, ...log.lines());
    return started.code === 0;
  });
  await log.waitFor((line) => line.includes('daemon started'), 1);
  return { port, certificate: 'receiver', log, read: readPostfixLog };
}

function mainSettings(directory: string, daemons: string, commands: string): string {
  return `compatibility_level = 2
queue_directory = ${directory}/queue
data_directory = ${directory}/data
daemon_directory = ${daemons}
command_directory = ${commands}
maillog_file = ${directory}/maillog
maillog_file_prefixes = ${directory}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
alias_database =
default_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = ${certificateFile('receiver')}
smtpd_tls_key_file = ${certificateFile('receiver')}
smtpd_tls_loglevel = 1
`;
}

function services(port: number): string {
  const rows = [
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n - 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'discard unix - - n - - discard',
    'anvil unix - - n - 1 anvil',
    'error unix - - n - - error',
    'smtp unix - - n - - smtp',
    'postlog unix-dgram n - n - 1 postlogd',
  ];
  return `127.0.0.1:${port} inet n - n - - smtpd\n${rows.join('\n')}\n`;
}

/** One smtpd has one session at a time; a message goes by its queue id from there on. */
function readPostfixLog(lines: readonly string[]): readonly ReceiverEvent[] {
  const events: ReceiverEvent[] = [];
  const isEncryptedByProcess = new Map<string, boolean>();
  const isEncryptedByMessage = new Map<string, boolean>();
  for (const line of lines) {
    const [, program, process, text] = / postfix\/(\w+)\[(\d+)\]: (.*)/.exec(line) ?? [];
    if (program === undefined || process === undefined || text === undefined) continue;
    const [queueId] = text.split(':');
    if (text.startsWith('connect from')) {
      isEncryptedByProcess.set(process, false);
      events.push({ kind: 'connected' });
    } else if (text.includes('TLS connection established from')) {
      isEncryptedByProcess.set(process, true);
    } else if (text.startsWith('disconnect from')) {
      events.push({ kind: 'closed' });
    } else if (program === 'smtpd' && text.includes(': client=')) {
      assert.ok(queueId !== undefined);
      isEncryptedByMessage.set(queueId, isEncryptedByProcess.get(process) === true);
    } else if (program === 'discard' && text.includes('status=sent')) {
      const recipient = /: to=<([^>]*)>/.exec(text)![1]!;
      events.push({ kind: 'arrived', recipient, isEncrypted: isEncryptedByMessage.get(queueId!) === true });
    }
  }
  return events;
}
