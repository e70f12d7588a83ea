// TLS towards receivers, at a real server: what arrives encrypted, what waits and with which record, what goes in clear,
// and that one domain's wishes are not another's.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { StartTlsFault } from '../../src/cli/sink-tls.ts';
import type { CertificateName } from '../support/certificates.ts';
import { inject } from '../support/inject.ts';
import { fieldsOf, isFailure, isRecord } from '../support/records.ts';
import { EXCHANGER, offering, openTlsSite } from '../support/tls-site.ts';

const timeout = 60_000;

test('required: all mail arrives encrypted, over connections that are used again', { timeout }, async (t) => {
  const { receivers, headgate, messages } = await openTlsSite(
    t,
    offering(),
    'TLS = required TLS_Verify = host Max_Outbound_Connections = 3',
  );
  const accepted = await inject(headgate.port, [{ domain: 'one.example', messages: 60 }]);
  await receivers.whenArrived(accepted);
  assert.deepEqual([...new Set(messages.map(({ tls }) => tls))], ['TLSv1.3']);
  const { total, handshakes, violations } = receivers.sink.snapshot();
  assert.ok(total.opened <= 3 && handshakes === total.opened);
  assert.equal(violations, 0);
  assert.equal((await headgate.mainlog.waitFor(isRecord('D'), 60)).length, 60);
});

interface Waits {
  readonly title: string;
  readonly options: string;
  readonly certificate?: CertificateName;
  readonly fault?: StartTlsFault;
  readonly isOffered?: false;
  readonly stage: string;
  readonly reply: RegExp;
}
const NOT_TRUSTED = /@451 4\.7\.5 \[internal\] SSL cert must be signed by a valid CA: /;
const WAITS: readonly Waits[] = [
  {
    title: 'required and not offered',
    options: 'TLS = required',
    isOffered: false,
    stage: '11',
    reply: /@451 4\.7\.6 \[internal\] STARTTLS required but not advertised$/,
  },
  {
    title: 'required and refused',
    options: 'TLS = required',
    fault: 'refuse',
    stage: '16',
    reply: /@451 4\.7\.5 \[internal\] no tls go-ahead: 454 4\.7\.0 no TLS for now$/,
  },
  {
    title: 'required and a handshake that fails',
    options: 'TLS = required',
    fault: 'fail',
    stage: '17',
    reply: /@451 4\.7\.5 \[internal\] TLS negotiation failed: /,
  },
  {
    title: 'required and a handshake that does not end',
    options: 'TLS = required EHLO_Timeout = 1',
    fault: 'stall',
    stage: '17',
    reply: /@451 4\.7\.5 \[internal\] TLS negotiation failed: no end of the handshake in time$/,
  },
  {
    title: 'ifavailable without the fallback, and a handshake that fails',
    options: 'TLS = ifavailable TLS_Ifavailable_fallback = false',
    fault: 'fail',
    stage: '17',
    reply: /@451 4\.7\.5 \[internal\] TLS negotiation failed: /,
  },
  {
    title: 'ifavailable, and a reply in clear behind the go-ahead: no fallback helps who sits in between',
    options: 'TLS = ifavailable',
    fault: 'inject',
    stage: '17',
    reply: /@451 4\.7\.5 \[internal\] TLS negotiation failed: octets in clear behind the go-ahead$/,
  },
  {
    title: 'verify ca, signed by itself',
    options: 'TLS = required TLS_Verify = ca',
    certificate: 'self-signed',
    stage: '17',
    reply: NOT_TRUSTED,
  },
  {
    title: 'verify ca, out of date',
    options: 'TLS = required TLS_Verify = ca',
    certificate: 'expired',
    stage: '17',
    reply: NOT_TRUSTED,
  },
  {
    title: 'verify host, another name',
    options: 'TLS = ifavailable TLS_Verify = host',
    certificate: 'other',
    stage: '17',
    reply: /@451 4\.7\.5 \[internal\] SSL certificate subject does not match host$/,
  },
];
for (const { title, options, certificate, fault, isOffered = true, stage, reply } of WAITS) {
  test(`${title}: it waits, and the other domain of the exchanger does not`, { timeout }, async (t) => {
    const behaviour = isOffered ? offering(certificate, fault) : {};
    const { receivers, headgate, messages } = await openTlsSite(t, behaviour, `Domain "one.example" { ${options} }`);
    await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]);
    const [record] = await headgate.mainlog.waitFor(isRecord('T', 'one.example'), 1);
    assert.equal(fieldsOf(record!)[9], stage);
    assert.match(record!, reply);
    const others = await inject(headgate.port, [{ domain: 'two.example', messages: 20 }]);
    await receivers.whenArrived(others);
    assert.deepEqual([...new Set(messages.map(({ recipients }) => recipients[0]!.split('@')[1]))], ['two.example']);
    receivers.behave(offering());
    const later = await inject(headgate.port, [{ domain: 'two.example', messages: 1 }]);
    await receivers.whenArrived(later);
    assert.equal(headgate.mainlog.lines().filter(isFailure).length, 1);
  });
}

const GOES: readonly [string, Parameters<typeof offering>, string, readonly (string | null)[]][] = [
  ['ifavailable and offered', [], 'TLS = ifavailable', ['TLSv1.3']],
  ['verify ca, another name', ['other'], 'TLS = required TLS_Verify = ca', ['TLSv1.3']],
  ['verify optional, signed by itself', ['self-signed'], 'TLS = required TLS_Verify = optional', ['TLSv1.3']],
  ['no verification, out of date', ['expired'], 'TLS = required', ['TLSv1.3']],
  ['TLS 1.2 only, RSA', ['rsa'], 'TLS = required TLS_Protocols = "+ALL:-TLSv1.3"', ['TLSv1.2']],
  ['no', [], 'TLS = no', [null]],
  ['the fallback after a refusal', ['receiver', 'refuse'], 'TLS = ifavailable', [null]],
  ['the fallback after a failure', ['receiver', 'fail'], 'TLS = ifavailable', [null]],
  ['the fallback after silence', ['receiver', 'stall'], 'TLS = ifavailable EHLO_Timeout = 1', [null]],
];
for (const [title, offer, options, versions] of GOES) {
  test(`${title}: it goes, and no attempt has failed`, { timeout }, async (t) => {
    const { receivers, headgate, messages } = await openTlsSite(
      t,
      offering(...offer),
      `${options} Max_Outbound_Connections = 1`,
    );
    const accepted = await inject(headgate.port, [{ domain: 'one.example', messages: 10 }]);
    await receivers.whenArrived(accepted);
    assert.deepEqual([...new Set(messages.map(({ tls }) => tls))], versions);
    const delivered = await headgate.mainlog.waitFor(isRecord('D'), 10);
    assert.deepEqual([...new Set(delivered.map((line) => fieldsOf(line)[9]))], ['0'], 'no retries');
    assert.equal(headgate.mainlog.lines().filter(isFailure).length, 0);
    assert.equal(receivers.count(EXCHANGER).peak, 1);
    assert.equal(receivers.sink.snapshot().violations, 0);
  });
}

test('ifavailable and not offered: in clear, at once', { timeout }, async (t) => {
  const { receivers, headgate, messages } = await openTlsSite(t, {}, 'TLS = ifavailable Max_Outbound_Connections = 1');
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 5 }]));
  assert.ok(messages.every(({ tls }) => tls === null));
  assert.equal(receivers.sink.counts.total.opened, 1);
});

test('an idle connection is not used for mail that asks for more', { timeout }, async (t) => {
  const { receivers, headgate, messages } = await openTlsSite(
    t,
    offering(),
    'TLS = no Idle_Timeout = 600 Max_Outbound_Connections = 1 Migrate_Connections_Between_Sibling_Domains = true Domain "two.example" { TLS = required }',
  );
  const versionsOf = (domain: string) =>
    messages.filter(({ recipients }) => recipients[0]!.endsWith(domain)).map(({ tls }) => tls);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'two.example', messages: 1 }]));
  assert.deepEqual(versionsOf('two.example'), ['TLSv1.3']);
  assert.match((await headgate.console('config set tls required')).text, /./);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 3 }]));
  assert.deepEqual(versionsOf('one.example'), [null, 'TLSv1.3', 'TLSv1.3', 'TLSv1.3']);
});

test('a file that is no certificate stops the start and the reload, with its place', { timeout }, async (t) => {
  const { headgate, around } = await openTlsSite(t, offering(), 'TLS = required');
  headgate.configure(`${around}\nTLS_Certificate = "/no/such.pem"\n`);
  const { text, failed } = await headgate.console('config reload');
  assert.equal(failed, true);
  assert.match(text, /headgate\.conf:\d+:\d+: tls_certificate: found \/no\/such\.pem, no such file; expected /);
  await headgate.stop();
  await assert.rejects(headgate.start(), /status 78[\s\S]*headgate\.conf:\d+:19: tls_certificate: found/);
});
