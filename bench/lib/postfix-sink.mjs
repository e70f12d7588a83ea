// A Postfix that takes everything over STARTTLS and discards it, as the receiver of a run. It prints "mesg=N uniq=U" lines
// at most every 10 ms, out of its log: a message has one recipient, and smtpd says of each that it discards.
// usage: node postfix-sink.mjs PORT DIRECTORY CERTIFICATE ; root, since Postfix starts as nobody else. SIGTERM ends both.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
const [port, directory, pem] = process.argv.slice(2);
const postconf = name => spawnSync('postconf', ['-d', '-h', name], { encoding: 'utf8' }).stdout.trim();
const conf = `${directory}/conf`, log = `${directory}/queue/mail.log`;
fs.rmSync(directory, { recursive: true, force: true });
for (const d of [conf, `${directory}/data`, `${directory}/queue`]) fs.mkdirSync(d, { recursive: true, mode: 0o755 });
spawnSync('chown', [postconf('mail_owner'), `${directory}/data`]);
fs.copyFileSync(pem, `${conf}/certificate.pem`);
fs.writeFileSync(`${conf}/main.cf`, `compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/data
maillog_file = ${log}
maillog_file_prefixes = ${directory}
myhostname = sink.bench.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_client_access static:DISCARD
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = ${conf}/certificate.pem
smtpd_tls_key_file = ${conf}/certificate.pem
smtpd_tls_session_cache_database = btree:$data_directory/smtpd_scache
default_process_limit = 200
in_flow_delay = 0
`);
fs.writeFileSync(`${conf}/master.cf`, `127.0.0.1:${port} inet n - n - - smtpd
pickup  unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr    unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce  unix - - n - 0 bounce
error   unix - - n - - error
discard unix - - n - - discard
anvil   unix - - n - 1 anvil
tlsmgr  unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`);
fs.writeFileSync(log, '');
// In a group of its own: a signal to ours would end its start script and leave what that has just started.
const postfix = spawn('postfix', ['-c', conf, 'start-fg'], { stdio: ['ignore', 2, 2], detached: true });
let isStopping = false;
function stop() { // again, when it is not up yet
  isStopping = true;
  if (postfix.exitCode === null && spawnSync('postfix', ['-c', conf, 'stop']).status !== 0) setTimeout(stop, 100);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
postfix.on('exit', code => process.exit(isStopping ? 0 : (code ?? 1)));

const fd = fs.openSync(log, 'r'), chunk = Buffer.alloc(1 << 20); const seen = new Set();
let mesg = 0, rest = '';
setInterval(() => {
  const before = mesg;
  for (let n; (n = fs.readSync(fd, chunk, 0, chunk.length, null)) > 0;) {
    const lines = (rest + chunk.latin1Slice(0, n)).split('\n'); rest = lines.pop();
    for (const line of lines) { const to = / NOQUEUE: discard: RCPT .* to=<([^>]*)>/.exec(line)?.[1]; if (to !== undefined) { mesg++; seen.add(to); } }
  }
  if (mesg !== before) process.stdout.write(`mesg=${mesg} uniq=${seen.size}\n`);
}, 10);
