// Logging in to receivers over TLS: what goes on the wire, whose connection it is, and where the password never is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { certificate } from '../support/certificates.ts';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { type Act, openScriptedReceiver, type ScriptedReceiver } from '../support/scripted-receiver.ts';

const ADDRESS = '127.0.3.1';
const EHLO = '250-x\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN';
const PASSWORD = 'correct-horse';
const AUTH_LINE = `AUTH PLAIN ${Buffer.from(`\0me\0${PASSWORD}`).toString('base64')}`;
const LOGIN = `TLS = required
  Outbound_SMTP_Auth_Type = PLAIN
  Outbound_SMTP_Auth_User = "me"
  Outbound_SMTP_Auth_Pass = "${PASSWORD}"`;

interface Site {
  readonly receiver: ScriptedReceiver;
  readonly headgate: Headgate;
}

/** A receiver for three domains; mail for the first logs in. */
async function openSite(t: TestContext, auth: Act | readonly Act[] = '235 2.7.0 welcome'): Promise<Site> {
  const receiver = await openScriptedReceiver(t, ADDRESS, { ehlo: EHLO, auth }, () => {}, certificate('receiver'));
  const route = `Routes = ( "smtp://${ADDRESS}?port=${receiver.port}" )`;
  const headgate = await Headgate.start(
    t,
    `Idle_Timeout = 60
Generate_Bounces = false
Domain "one.example" { ${route}
  ${LOGIN}
}
Domain "two.example" { ${route} TLS = required }
Domain "three.example" { ${route}
  ${LOGIN}
}
`,
  );
  return { receiver, headgate };
}

/** Sends one message to each domain in turn, and waits until each is delivered. */
async function deliver({ headgate }: Site, ...domains: readonly string[]): Promise<void> {
  for (const domain of domains) {
    const before = headgate.mainlog.lines().filter(isRecord('D')).length;
    await inject(headgate.port, [{ domain, messages: 1 }]);
    await headgate.mainlog.waitFor(isRecord('D'), before + 1);
  }
}

const verbs = ({ receiver }: Site): string[][] =>
  receiver.connections.map(({ commands }) => commands.map((line) => line.split(/[ :]/)[0]!));

test('a connection that logged in carries the mail of its domain only', { timeout: 60_000 }, async (t) => {
  const site = await openSite(t);
  await deliver(site, 'one.example', 'two.example', 'three.example', 'one.example', 'two.example');
  const opening = ['EHLO', 'STARTTLS', 'EHLO'];
  const message = ['MAIL', 'RCPT', 'DATA'];
  assert.deepEqual(verbs(site), [
    [...opening, 'AUTH', ...message, ...message],
    [...opening, ...message, ...message],
    [...opening, 'AUTH', ...message],
  ]);
  assert.deepEqual(
    site.receiver.connections.map(({ commands }) => commands.find((line) => line.startsWith('AUTH'))),
    [AUTH_LINE, undefined, AUTH_LINE],
  );
});

test('with another password the connection is not used again', { timeout: 60_000 }, async (t) => {
  const site = await openSite(t);
  await deliver(site, 'one.example');
  const answer = await site.headgate.console('config set domain one.example outbound_smtp_auth_pass other');
  assert.match(answer.text, /^Outbound_SMTP_Auth_Pass = "\*{8}"$/m);
  await deliver(site, 'one.example');
  assert.equal(site.receiver.connections.length, 2);
  assert.equal(site.receiver.connections[0]!.commands.at(-1), 'QUIT');
  assert.ok(site.receiver.connections[1]!.commands.includes(`AUTH PLAIN ${btoa('\0me\0other')}`));
});

test('a refused login costs nobody else anything, and is tried no more for a while', { timeout: 60_000 }, async (t) => {
  const site = await openSite(t, `535 5.7.8 no, not ${PASSWORD}`);
  const { headgate } = site;
  await inject(headgate.port, [{ domain: 'one.example', messages: 2 }]);
  const [line] = await headgate.mainlog.waitFor(isRecord('T'));
  assert.deepEqual(fieldsOf(line!).slice(9, 10), ['11']);
  assert.equal(fieldsOf(line!).slice(13).join('@'), '535 5.7.8 no, not ********');
  await deliver(site, 'two.example');
  const { text } = await headgate.console('why default one.example');
  assert.match(text, /535 5\.7\.8 no, not \*{8}/);
  assert.equal(site.receiver.connections.length, 2);
});

test('the password is in no answer, log or dump, and is written back', { timeout: 60_000 }, async (t) => {
  const site = await openSite(t);
  const { headgate } = site;
  await deliver(site, 'one.example');
  await headgate.console('config set domain new.example outbound_smtp_auth_pass correct-horse');
  for (const line of [
    'config show domain one.example',
    'config showrecurse',
    'config get domain one.example outbound_smtp_auth_pass',
    'config eval domain one.example outbound_smtp_auth_pass',
    'config locate domain one.example outbound_smtp_auth_pass',
    'config explain domain one.example outbound_smtp_auth_pass',
    'config explain --json domain one.example outbound_smtp_auth_pass',
    `config diff ${headgate.configurationFile}`,
    `config diff --json ${headgate.configurationFile}`,
    'config replay',
    'why default one.example',
    'show outbound',
    'domain one.example',
  ]) {
    const { text } = await headgate.console(line);
    assert.ok(!text.includes(PASSWORD), `${line}: ${text}`);
  }
  const dump = await runHeadgate(['config', 'showrecurse', '-c', headgate.configurationFile]);
  assert.match(dump.stdout, /Outbound_SMTP_Auth_Pass = "\*{8}"/);
  assert.ok(!dump.stdout.includes(PASSWORD));

  assert.equal((await headgate.console('config writeback')).failed, false);
  assert.match(
    readFileSync(headgate.configurationFile, 'utf8'),
    /new\.example" \{\s+Outbound_SMTP_Auth_Pass = "correct-horse"/,
  );
  await headgate.stop();
  for (const file of filesBelow(headgate.directory)) {
    if (file === headgate.configurationFile) continue;
    assert.ok(!readFileSync(file, 'latin1').includes(PASSWORD), file);
  }
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
