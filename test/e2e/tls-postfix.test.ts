// Postfix as a receiver, as it comes: STARTTLS, its certificate checked by name, sessions resumed, connections used again.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { certificateFile } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { runProgram, skipWithout } from '../support/peer-program.ts';
import { fieldsOf, isFailure, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MESSAGES = 120;
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? skipWithout('postfix', 'postconf') : 'NOT RUN: Postfix starts as root only';

test('smtpd of Postfix, required and verified', { skip, timeout: 120_000 }, async (t) => {
  const { port, log } = await startPostfix(t);
  const headgate = await Headgate.start(
    t,
    `TLS = required
     TLS_Verify = host
     TLS_Ca = "${certificateFile('authority')}"
     TLS_Certificate = "${certificateFile('sender')}"
     Domain "wild.example" { Routes = ( "smtp://127.0.0.1?port=${port}" ) Max_Outbound_Connections = 6 }
     Domain "x.wild.example" { Routes = ( "smtp://127.0.0.1?port=${port}" ) Max_Outbound_Connections = 6 Max_Deliveries_Per_Connection = 3 }\n`,
  );
  // The certificate is made out for *.wild.example: good for the name of the second domain, not for that of the first.
  await inject(headgate.port, [{ domain: 'wild.example', messages: 1 }]);
  const [refused] = await headgate.mainlog.waitFor(isRecord('T', 'wild.example'), 1);
  assert.match(refused!, /SSL certificate subject does not match host$/);
  await inject(headgate.port, [{ domain: 'x.wild.example', messages: MESSAGES }]);
  const delivered = await headgate.mainlog.waitFor(isRecord('D', 'x.wild.example'), MESSAGES);
  assert.deepEqual([...new Set(delivered.map((line) => fieldsOf(line)[9]))], ['0']);
  assert.equal(headgate.mainlog.lines().filter(isFailure).length, 1);
  const sent = await log.waitFor((line) => line.includes('status=sent'), MESSAGES);
  assert.equal(sent.length, MESSAGES);
  const handshakes = log.lines().filter((line) => line.includes('TLS connection established from'));
  assert.ok(handshakes.length >= MESSAGES / 3 / 2, `${handshakes.length} handshakes`);
  assert.ok(handshakes.every((line) => line.includes('TLSv1.3')));
  const broken = log.lines().filter((line) => /lost connection|SSL_accept error/.test(line));
  assert.equal(broken.length, 2, 'what the certificate was not good for was reset, and nothing else');
});

/** A Postfix of its own that takes everything and throws it away. */
async function startPostfix(t: TestContext): Promise<{ readonly port: number; readonly log: LogFile }> {
  let stop = (): Promise<unknown> => Promise.resolve();
  t.after(() => stop()); // before its directory goes
  const directory = temporaryDirectory(t);
  const port = await freePort();
  chmodSync(directory, 0o755);
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(directory, name), 0o755);
  const { output } = await runProgram('postconf', ['-d', '-h', 'daemon_directory', 'command_directory', 'mail_owner']);
  const [daemons, commands, owner] = output.trim().split('\n');
  const { output: ids } = await runProgram('id', ['-u', owner!]);
  const { output: groupIds } = await runProgram('id', ['-g', owner!]);
  chownSync(join(directory, 'data'), Number(ids), Number(groupIds));
  writeFileSync(
    join(directory, 'etc', 'main.cf'),
    `compatibility_level = 2
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
`,
  );
  const services = [
    'pickup unix n - n 60 1',
    'cleanup unix n - n - 0',
    'qmgr unix n - n 300 1',
    'tlsmgr unix - - n - 1',
  ];
  services.push('rewrite unix - - n - -', 'bounce unix - - n - 0', 'discard unix - - n - -', 'anvil unix - - n - 1');
  services.push('error unix - - n - -', 'postlog unix-dgram n - n - 1');
  const programs: Readonly<Record<string, string>> = { rewrite: 'trivial-rewrite', postlog: 'postlogd' };
  const rows = services.map((service) => {
    const [name] = service.split(' ');
    return `${service} ${programs[name!] ?? name}`;
  });
  writeFileSync(join(directory, 'etc', 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${rows.join('\n')}\n`);
  stop = () => runProgram('postfix', ['-c', join(directory, 'etc'), 'stop']);
  const started = await runProgram('postfix', ['-c', join(directory, 'etc'), 'start']);
  assert.equal(started.code, 0, started.output);
  const log = new LogFile(join(directory, 'maillog'));
  await log.waitFor((line) => line.includes('daemon started'), 1);
  return { port, log };
}
