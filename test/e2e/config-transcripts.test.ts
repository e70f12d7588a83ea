// The console sessions that the Momentum manual prints for `config`, against a running server, byte for byte but for the
// prompts and the blank lines between commands.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openSession } from '../support/console-session.ts';
import { Headgate, runHeadgate } from '../support/headgate.ts';

const CONFIGURATION = `
Message_Expiration = 86400
Domain earthlink.net {
  Message_Expiration = 900
}
Binding smtp-01 {
  EHLO_Hostname = "smtp-01.com"
  Domain relay.com {
    EHLO_Hostname = "relay.com"
  }
}
host "example.com" {}
Hot_Domains = ( "gmail.com" "hotmail.com" )
maintainer_pool = mpool
eventloop mpool {
  concurrency = 12
}
Logs {
  dir_mode = "0755"
  logfile = "/var/log/eccluster/%Y/%m/%d/%{l}/%{s}/%{n}"
  file_mode = "0640"
}
auth_ds {
  Scheme ecauth {
    QueryGroups {
    }
  }
}
`;

const UNSET_AND_DEFAULT = `
> config get blackhole
Option 'Blackhole' is not set in scope ''.
> config eval blackhole
Blackhole = 0
`;

const HOST_SCOPE = `
> config eval max_outbound_connections
Max_Outbound_Connections = 32
> config eval host example.com max_outbound_connections
Max_Outbound_Connections = -1
`;

const BOOLEANS = `
> config set suspend_delivery true
Suspend_Delivery = true
> config set suspend_delivery 1
Suspend_Delivery = 1
> config set suspend_delivery enabled
Suspend_Delivery = enabled
> config set suspend_delivery on
Suspend_Delivery = on
`;

/** The manual indents the bracket that closes Relay_Hosts, and no other one. */
const GET_AND_UNSET = `
> config get message_expiration
Message_Expiration = 86400
> config get domain earthlink.net message_expiration
        Message_Expiration = 900
> config unset domain earthlink.net message_expiration
"Message_Expiration" has been unset. Effective value is now:
        Message_Expiration = 86400
> config get binding smtp-01 ehlo_hostname
        EHLO_Hostname = "smtp-01.com"
> config get binding smtp-01 domain relay.com ehlo_hostname
        EHLO_Hostname = "relay.com"
> config unset binding smtp-01 domain relay.com ehlo_hostname
"EHLO_Hostname" has been unset. Effective value is now:
        EHLO_Hostname = "smtp-01.com"
> config set Relay_Hosts ( 10.0.0.1 10.0.0.2 )
Relay_Hosts = (
  10.0.0.1
  10.0.0.2
)
`;

const LISTS = `
> config eval hot_domains
Hot_Domains = (
  "gmail.com"
  "hotmail.com"
)
`;

const LOCATE_SCHEME = `
> config locate QueryGroups
QueryGroups
  is at auth_ds::Scheme:ecauth:QueryGroups::
> config locate Scheme ec.+
Scheme "ecauth"
  is at auth_ds::Scheme:ecauth:
`;

const OTHER_SCOPES = `
> config show Logs
dir_mode = "0755"
logfile = "/var/log/eccluster/%Y/%m/%d/%{l}/%{s}/%{n}"
file_mode = "0640"
> config eval maintainer_pool
Maintainer_pool = "mpool"
> config showrecurse eventloop mpool
concurrency = 12
`;

/**
 * The listeners of the manual are made in a transaction, so that no port is opened. Its second one asks for TLS, and is not
 * enabled: that loads, since nobody is let in there without it (docs/configuration.md, "Three kinds of options and stanzas").
 */
const LISTENER = `
> config locate Listen
Listen ":25"
  is at Esmtp_Listener::Listen:\\:25:
Listen ":587"
  is at Esmtp_Listener::Listen:\\:587:
Listen "127.0.0.1:2025"
  is at Control_Listener::Listen:127.0.0.1\\:2025:
Listen "/tmp/2025"
  is at Control_Listener::Listen:/tmp/2025:
> config show esmtp_listener
Listen ":25" { ... }
Listen ":587" { ... }
Idle_Time = 300
SMTP_Extensions = (
  "ENHANCEDSTATUSCODES"
)
`;

const LISTENER_WHOLE = `Esmtp_Listener {
  Listen ":25" {
  }
  Listen ":587" {
    Enable = false
    SMTP_Extensions = (
      "ENHANCEDSTATUSCODES"
      "STARTTLS"
      "AUTH LOGIN"
    )
    TLS_Key = "cert.key"
    TLS_Certificate = "cert.pem"
    TLS_Client_CA = "ca-bundle.crt"
    TLS_Ciphers = "DEFAULT"
  }
  Idle_Time = 300
  SMTP_Extensions = (
    "ENHANCEDSTATUSCODES"
  )
}
`;

const LISTENER_COMMANDS = `
config set esmtp_listener listen :25 enable true
config unset esmtp_listener listen :25 enable
config set esmtp_listener listen :587 enable false
config set esmtp_listener listen :587 smtp_extensions ( "ENHANCEDSTATUSCODES" "STARTTLS" "AUTH LOGIN" )
config set esmtp_listener listen :587 tls_key "cert.key"
config set esmtp_listener listen :587 tls_certificate "cert.pem"
config set esmtp_listener listen :587 tls_client_ca "ca-bundle.crt"
config set esmtp_listener listen :587 tls_ciphers "DEFAULT"
config set esmtp_listener idle_time 300
config set esmtp_listener smtp_extensions ( "ENHANCEDSTATUSCODES" )
`;

const CONTROL_COMMANDS = `
config set control_listener listen 127.0.0.1:2025 enable false
config set control_listener listen /tmp/2025 enable false
`;

async function check(t: TestContext, headgate: Headgate, ...transcripts: readonly string[]): Promise<void> {
  const session = await openSession(t, headgate.consolePath);
  for (const transcript of transcripts) {
    for (const exchange of transcript.split(/^> /m).slice(1)) {
      const line = exchange.slice(0, exchange.indexOf('\n'));
      assert.deepEqual(await session.ask(line), { text: exchange.slice(line.length + 1), failed: false }, line);
    }
  }
}

const linesOf = (commands: string): readonly string[] => commands.trim().split('\n');

test('values: not set, defaults, hosts, booleans, scopes, lists, modules', { timeout: 30_000 }, async (t) => {
  const headgate = await Headgate.start(t, CONFIGURATION);
  await check(t, headgate, UNSET_AND_DEFAULT, HOST_SCOPE, BOOLEANS, GET_AND_UNSET, LISTS, LOCATE_SCHEME, OTHER_SCOPES);
});

test('locate, show and showrecurse of the listeners', { timeout: 30_000 }, async (t) => {
  const headgate = await Headgate.start(t, CONFIGURATION);
  const session = await openSession(t, headgate.consolePath);
  await session.ask('config begin from scratch');
  for (const line of linesOf(LISTENER_COMMANDS)) assert.equal((await session.ask(line)).failed, false, line);
  const whole = await session.ask('config showrecurse');
  assert.equal(whole.text.slice(whole.text.indexOf('Esmtp_Listener')), LISTENER_WHOLE);
  for (const line of linesOf(CONTROL_COMMANDS)) assert.equal((await session.ask(line)).failed, false, line);
  for (const exchange of LISTENER.split(/^> /m).slice(1)) {
    const line = exchange.slice(0, exchange.indexOf('\n'));
    assert.deepEqual(await session.ask(line), { text: exchange.slice(line.length + 1), failed: false }, line);
  }
});

test('the block of the manual loads from a file, and its closed endpoint can be opened only without what it asks for', {
  timeout: 30_000,
}, async (t) => {
  const headgate = await Headgate.start(t, '');
  const file = join(headgate.directory, 'listeners.conf');
  writeFileSync(file, LISTENER_WHOLE);
  const checked = await runHeadgate(['config', 'check', file]);
  assert.equal(checked.code, 0, checked.stdout);
  const shown = await runHeadgate(['config', 'showrecurse', '-c', file]);
  assert.equal(shown.stdout, LISTENER_WHOLE);
  writeFileSync(file, LISTENER_WHOLE.replace('Enable = false', 'Enable = true'));
  const opened = await runHeadgate(['config', 'check', file]);
  assert.equal(opened.code, 78);
  assert.deepEqual(
    Array.from(
      opened.stdout.concat(opened.stderr).matchAll(/^.*:(\d+):\d+: (\w+): found .*not available/gm),
      ([, line, name]) => `${line} ${name}`,
    ),
    ['11 tls_key', '12 tls_certificate', '13 tls_client_ca'],
  );

  const session = await openSession(t, headgate.consolePath);
  const PLACE = 'esmtp_listener listen 127.0.0.1:1';
  for (const line of [`config set ${PLACE} enable false`, `config set ${PLACE} tls_key "k"`])
    assert.equal((await session.ask(line)).failed, false, line);
  for (const line of [`config set ${PLACE} enable true`, `config unset ${PLACE} enable`]) {
    const { text, failed } = await session.ask(line);
    assert.ok(failed, line);
    assert.match(text, /^tls_key: found "k"; expected none \(TLS for clients is not available in this version\)$/m);
  }
  await session.ask('config begin');
  assert.ok((await session.ask(`config set ${PLACE} enable true`)).failed, 'in a transaction, too');
});
