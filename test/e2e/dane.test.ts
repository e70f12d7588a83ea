// DANE at a real server: what arrives encrypted whatever the operator asked for, what waits, and that neither one domain's
// wishes nor one host's promises are another's. The resolver is the test's; test/e2e/dane-unbound.test.ts has a real one.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import { sinkTls } from '../../src/cli/sink-tls.ts';
import { certificate } from '../support/certificates.ts';
import { authorityRecord, openDaneSite, ownKeyRecord } from '../support/dane-site.ts';
import type { Zone, ZoneEntry } from '../support/dns-server.ts';
import { inject } from '../support/inject.ts';
import { isFailure, isRecord } from '../support/records.ts';
import { assertOneWaits, EXCHANGER, offering } from '../support/tls-site.ts';

const timeout = 60_000;
const OWN: ZoneEntry = { TLSA: [ownKeyRecord('receiver')] };
const OTHER: ZoneEntry = { TLSA: [ownKeyRecord('other')] };
const AUTHORITY: ZoneEntry = { TLSA: [authorityRecord()] };
const USELESS: ZoneEntry = { TLSA: [`1 0 1 ${'ab'.repeat(32)}`] };
/** Shows its authority too. */
const chain = (name: 'receiver' | 'other'): Partial<SinkBehaviour> => ({
  tls: sinkTls(certificate(name) + certificate('authority')),
});

interface Row {
  readonly title: string;
  readonly behaviour: Partial<SinkBehaviour>;
  readonly tlsa: ZoneEntry | null;
  readonly zone?: Zone;
  readonly options?: string;
}

const GOES: readonly (Row & { readonly version: string | null })[] = [
  { title: 'the key that it names', behaviour: offering(), tlsa: OWN, version: 'TLSv1.3' },
  {
    title: 'that, although TLS = required TLS_Verify = host would not have it',
    behaviour: offering('self-signed'),
    tlsa: { TLSA: [ownKeyRecord('self-signed')] },
    options: 'TLS = required TLS_Verify = host',
    version: 'TLSv1.3',
  },
  {
    title: 'the key that it names, out of date',
    behaviour: offering('expired'),
    tlsa: { TLSA: [ownKeyRecord('expired')] },
    version: 'TLSv1.3',
  },
  {
    title: 'one of several',
    behaviour: offering(),
    tlsa: { TLSA: [...OTHER.TLSA!, ...OWN.TLSA!] },
    version: 'TLSv1.3',
  },
  { title: 'the authority that it names', behaviour: chain('receiver'), tlsa: AUTHORITY, version: 'TLSv1.3' },
  {
    title: 'any certificate, where no record can be acted on',
    behaviour: offering('self-signed'),
    tlsa: USELESS,
    version: 'TLSv1.3',
  },
  { title: 'in clear, where there are no records', behaviour: {}, tlsa: null, version: null },
  {
    title: 'in clear, where the records are not proved',
    behaviour: {},
    tlsa: { ...OTHER, isAuthentic: false },
    version: null,
  },
  {
    title: 'in clear, where the exchangers are not proved',
    behaviour: {},
    tlsa: OTHER,
    zone: { 'one.example': { MX: [[10, EXCHANGER]] } },
    version: null,
  },
  {
    title: 'in clear, where the addresses are not proved',
    behaviour: {},
    tlsa: { rcode: 2 },
    zone: { [EXCHANGER]: { A: ['127.0.1.1'] } },
    version: null,
  },
  {
    title: 'in clear, where it is not kept to',
    behaviour: {},
    tlsa: OTHER,
    options: 'enable_dane = false',
    version: null,
  },
];
for (const { title, version, options = '', ...site } of GOES) {
  test(`it goes: ${title}`, { timeout }, async (t) => {
    const { receivers, headgate, messages } = await openDaneSite(t, {
      ...site,
      configuration: `use_dane = true ${options}`,
    });
    await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 5 }]));
    assert.deepEqual([...new Set(messages.map(({ tls }) => tls))], [version]);
    await headgate.mainlog.waitFor(isRecord('D'), 5);
    assert.equal(headgate.mainlog.lines().filter(isFailure).length, 0);
  });
}

const MISMATCH = /@451 4\.7\.5 \[internal\] SSL cert does not match TLSA records: /;
const UNREAD = /@451 4\.4\.3 \[internal\] DNS lookup was not answered \(TLSA of mx\.tls\.example: SERVFAIL\)$/;
const WAITS: readonly (Row & { readonly reply: RegExp })[] = [
  { title: 'another key', behaviour: offering(), tlsa: OTHER, reply: MISMATCH },
  {
    title: 'another key, and a certificate that is good for TLS_Verify = host',
    behaviour: offering(),
    tlsa: OTHER,
    options: 'TLS = ifavailable TLS_Verify = host',
    reply: MISMATCH,
  },
  { title: 'an authority that was not sent', behaviour: offering(), tlsa: AUTHORITY, reply: MISMATCH },
  { title: 'an authority, and another name', behaviour: chain('other'), tlsa: AUTHORITY, reply: MISMATCH },
  {
    title: 'no STARTTLS',
    behaviour: {},
    tlsa: OWN,
    reply: /@451 4\.7\.6 \[internal\] STARTTLS required but not advertised$/,
  },
  {
    title: 'no STARTTLS, and no record that can be acted on',
    behaviour: {},
    tlsa: USELESS,
    reply: /@451 4\.7\.6 \[internal\] STARTTLS required but not advertised$/,
  },
  {
    title: 'a handshake that fails, which TLS = ifavailable would pass over',
    behaviour: offering('receiver', 'fail'),
    tlsa: OWN,
    options: 'TLS = ifavailable',
    reply: /@451 4\.7\.5 \[internal\] TLS negotiation failed: /,
  },
  { title: 'records that cannot be read', behaviour: {}, tlsa: { rcode: 2 }, reply: UNREAD },
];
for (const { title, reply, options = '', ...site } of WAITS) {
  test(`it waits, and the other domain of the exchanger does not: ${title}`, { timeout }, async (t) => {
    const configuration = `Domain "one.example" { use_dane = true ${options} }`;
    await assertOneWaits(await openDaneSite(t, { ...site, configuration }), reply);
  });
}

test('an idle connection in clear is not used for a domain that looks at promises', { timeout }, async (t) => {
  const { receivers, headgate, messages } = await openDaneSite(t, {
    behaviour: offering(),
    tlsa: OWN,
    configuration: `Idle_Timeout = 600 Max_Outbound_Connections = 1 Migrate_Connections_Between_Sibling_Domains = true
      Domain "two.example" { use_dane = true }`,
  });
  const versionsOf = (domain: string) =>
    messages.filter(({ recipients }) => recipients[0]!.endsWith(domain)).map(({ tls }) => tls);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'two.example', messages: 1 }]));
  assert.deepEqual([versionsOf('one.example'), versionsOf('two.example')], [[null], ['TLSv1.3']]);
  assert.match((await headgate.console('config set use_dane true')).text, /./);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 3 }]));
  assert.deepEqual(versionsOf('one.example'), [null, 'TLSv1.3', 'TLSv1.3', 'TLSv1.3']);
});

test('an idle connection is not used for a domain that knows of a promise the other does not', {
  timeout,
}, async (t) => {
  // The exchangers of one.example are not proved, so its mail goes there in clear with the same settings.
  const { receivers, headgate, messages } = await openDaneSite(t, {
    behaviour: offering(),
    tlsa: OWN,
    zone: { 'one.example': { MX: [[10, EXCHANGER]] } },
    configuration:
      'use_dane = true Idle_Timeout = 600 Max_Outbound_Connections = 1 Migrate_Connections_Between_Sibling_Domains = true',
  });
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'two.example', messages: 2 }]));
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  const seen = messages.map(({ recipients, tls }) => `${recipients[0]!.split('@')[1]} ${tls}`);
  assert.deepEqual(seen, ['one.example null', 'two.example TLSv1.3', 'two.example TLSv1.3', 'one.example null']);
});

test('domains with the same promise share connections', { timeout }, async (t) => {
  const { receivers, headgate } = await openDaneSite(t, {
    behaviour: offering(),
    tlsa: OWN,
    configuration:
      'use_dane = true Idle_Timeout = 600 Max_Outbound_Connections = 1 Migrate_Connections_Between_Sibling_Domains = true',
  });
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'two.example', messages: 1 }]));
  assert.equal(receivers.sink.counts.total.opened, 1);
});
