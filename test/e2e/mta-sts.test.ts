// MTA-STS at a real server: policies that an earlier process left on disk are kept to, whether the domain is there to be
// asked or not, and one domain's policy is not another's. Fetching has tests of its own; here it is the whole way once.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { loadForServer } from '../../src/daemon/load-for-server.ts';
import { startServer } from '../../src/daemon/server.ts';
import { ownKeyRecord } from '../support/dane-site.ts';
import { DnsServer, type Zone } from '../support/dns-server.ts';
import { Headgate, surroundings } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { openPolicyHost, POLICY_DOMAIN, policyText } from '../support/policy-host.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isFailure, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { assertOneWaits, CA, EXCHANGER, offering } from '../support/tls-site.ts';

const timeout = 60_000;
const ANNOUNCED: Zone = {
  'one.example': { MX: [[10, EXCHANGER]] },
  'two.example': { MX: [[10, EXCHANGER]] },
  [EXCHANGER]: { A: ['127.0.1.1'] },
  '_mta-sts.one.example': { TXT: ['v=STSv1; id=1;'] },
};

interface Site {
  readonly receivers: Receivers;
  readonly headgate: Headgate;
  readonly messages: SinkMessage[];
}

interface SiteOptions {
  readonly options?: string;
  readonly mx?: string;
  readonly zone?: Zone;
  /** The TLSA record of the exchanger, proved. */
  readonly tlsa?: string;
}

/** The policy of one.example is on disk. */
async function openSite(
  t: TestContext,
  mode: string,
  behaviour: Partial<SinkBehaviour>,
  { options = '', mx = EXCHANGER, zone = ANNOUNCED, tlsa }: SiteOptions = {},
): Promise<Site> {
  const messages: SinkMessage[] = [];
  const receivers = await Receivers.open(t, [EXCHANGER], { behaviour, onMessage: (message) => messages.push(message) });
  const port = receivers.sink.portOf(receivers.endpoint(EXCHANGER));
  const promise: Zone =
    tlsa === undefined ? {} : { [`_${port}._tcp.${EXCHANGER}`]: { TLSA: [tlsa], isAuthentic: true } };
  const dns = await DnsServer.open({ ...zone, ...promise });
  t.after(() => dns.close());
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'resolv.conf'), dns.nameserver);
  const store = join(directory, 'mtasts');
  mkdirSync(store);
  const held = { policy: { mode, maxAgeSeconds: 864_000, mx: [mx] }, id: '1', fetchedAt: Date.now() };
  writeFileSync(join(store, 'one.example.json'), JSON.stringify(held));
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${join(directory, 'resolv.conf')}"
    Remote_SMTP_Port = ${port}
    TLS_Ca = "${CA}"
    mta_sts_policy_store = "${store}"
    use_mta_sts = true
    ${options}`,
  );
  return { receivers, headgate, messages };
}

const UNNAMED = { ...ANNOUNCED, '_mta-sts.one.example': { rcode: 2 } };
for (const [title, mode, behaviour, more, version] of [
  ['enforce, and a certificate that is good', 'enforce', offering(), {}, 'TLSv1.3'],
  ['enforce, named by a wildcard', 'enforce', offering(), { mx: '*.tls.example' }, 'TLSv1.3'],
  ['enforce, while nobody answers for the record', 'enforce', offering(), { zone: UNNAMED }, 'TLSv1.3'],
  ['enforce, and it is not kept to', 'enforce', {}, { options: 'enable_mta_sts = false' }, null],
  ['testing, and encryption is not offered', 'testing', {}, {}, null],
  ['testing, and a certificate that is not good', 'testing', offering('self-signed'), {}, 'TLSv1.3'],
  ['testing, and a handshake that fails', 'testing', offering('receiver', 'fail'), {}, null],
  ['testing, and another exchanger is named', 'testing', offering(), { mx: 'other.example' }, 'TLSv1.3'],
  ['none', 'none', offering('self-signed'), {}, null],
] as [string, string, Partial<SinkBehaviour>, Parameters<typeof openSite>[3], string | null][]) {
  test(`it goes: ${title}`, { timeout }, async (t) => {
    const { receivers, headgate, messages } = await openSite(t, mode, behaviour, more);
    await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 3 }]));
    assert.deepEqual([...new Set(messages.map(({ tls }) => tls))], [version]);
    await headgate.mainlog.waitFor(isRecord('D'), 3);
    assert.equal(headgate.mainlog.lines().filter(isFailure).length, 0);
  });
}

for (const [title, mode, behaviour, more, reply] of [
  ['no encryption', 'enforce', {}, {}, /@451 4\.7\.6 \[internal\] STARTTLS required but not advertised$/],
  ['signed by itself', 'enforce', offering('self-signed'), {}, /SSL cert must be signed by a valid CA: /],
  ['out of date', 'enforce', offering('expired'), {}, /SSL cert must be signed by a valid CA: /],
  ['another name', 'enforce', offering('other'), {}, /SSL certificate subject does not match host$/],
  [
    'a handshake that fails',
    'enforce',
    offering('receiver', 'fail'),
    { options: 'TLS = ifavailable' },
    /TLS negotiation failed: /,
  ],
  [
    'the exchanger is not named',
    'enforce',
    offering(),
    { mx: 'other.example' },
    /@451 4\.7\.1 \[internal\] no exchanger is named/,
  ],
  [
    'testing, where the operator asks for more',
    'testing',
    {},
    { options: 'Domain "one.example" { TLS = required }' },
    /STARTTLS required/,
  ],
] as [string, string, Partial<SinkBehaviour>, Parameters<typeof openSite>[3], RegExp][]) {
  test(`it waits, and the other domain of the exchanger does not: ${title}`, { timeout }, async (t) => {
    await assertOneWaits(await openSite(t, mode, behaviour, more), reply);
  });
}

test('an idle connection of a domain without a policy is not used for one that has one', { timeout }, async (t) => {
  const { receivers, headgate, messages } = await openSite(t, 'enforce', offering(), {
    options: 'Idle_Timeout = 600 Max_Outbound_Connections = 1 Migrate_Connections_Between_Sibling_Domains = true',
  });
  for (const domain of ['two.example', 'one.example', 'two.example'])
    await receivers.whenArrived(await inject(headgate.port, [{ domain, messages: 1 }]));
  assert.deepEqual(
    messages.map(({ recipients, tls }) => `${recipients[0]!.split('@')[1]} ${tls}`),
    ['two.example null', 'one.example TLSv1.3', 'two.example null'],
  );
});

// RFC 8461 section 2: a policy does not stand in for DANE where that fails.
const PROVED: Zone = {
  'one.example': { MX: [[10, EXCHANGER]], isAuthentic: true },
  'two.example': { MX: [[10, EXCHANGER]] },
  [EXCHANGER]: { A: ['127.0.1.1'], isAuthentic: true },
  '_mta-sts.one.example': { TXT: ['v=STSv1; id=1;'] },
};
for (const [mode, named, shown, goes] of [
  ['enforce', 'self-signed', 'self-signed', true],
  ['enforce', 'other', 'receiver', false],
  ['testing', 'other', 'receiver', false],
  ['none', 'other', 'receiver', false],
] as const) {
  test(`DANE comes first under a policy of mode ${mode}: "${shown}" is shown, "${named}" is in the TLSA record`, {
    timeout,
  }, async (t) => {
    const { receivers, headgate, messages } = await openSite(t, mode, offering(shown), {
      options: 'dane {} use_dane = true',
      zone: PROVED,
      tlsa: ownKeyRecord(named),
    });
    const accepted = await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]);
    if (goes) {
      await receivers.whenArrived(accepted);
      assert.deepEqual(
        messages.map(({ tls }) => tls),
        ['TLSv1.3'],
      );
    } else {
      const [record] = await headgate.mainlog.waitFor(isRecord('T', 'one.example'), 1);
      assert.match(record!, /SSL cert does not match TLSA records: /);
    }
    await receivers.whenArrived(await inject(headgate.port, [{ domain: 'two.example', messages: 3 }]));
    assert.equal(messages.length, goes ? 4 : 3);
  });
}

for (const [first, second] of [
  ['one.example', 'two.example'],
  ['two.example', 'one.example'],
] as const) {
  test(`a connection opened for ${first} carries no mail for ${second}, busy or idle`, { timeout }, async (t) => {
    // All that both could share is there: the host, encryption, one slot for the whole server.
    const { receivers, headgate, messages } = await openSite(
      t,
      'enforce',
      offering('receiver', 'none', { delays: { final: { from: 5, to: 10 } } }),
      {
        options: `TLS = ifavailable Idle_Timeout = 600 Server_Max_Outbound_Connections = 1
          Migrate_Connections_Between_Sibling_Domains = true`,
      },
    );
    await inject(headgate.port, [{ domain: first, messages: 30 }]);
    await headgate.mainlog.waitFor(isRecord('D', first), 1); // it is busy with the others
    await inject(headgate.port, [{ domain: second, messages: 30 }]);
    await headgate.mainlog.waitFor(isRecord('D'), 60);
    for (const [domain, sent] of [
      [first, 61],
      [second, 62],
    ] as const) {
      await receivers.whenArrived(await inject(headgate.port, [{ domain, messages: 1 }]));
      await headgate.mainlog.waitFor(isRecord('D'), sent); // it is idle, and the other is next
    }
    const connectionsOf = (domain: string) =>
      new Set(
        headgate.mainlog
          .lines()
          .filter(isRecord('D', domain))
          .map((line) => fieldsOf(line)[3]),
      );
    assert.deepEqual(
      [...connectionsOf(first)].filter((one) => connectionsOf(second).has(one)),
      [],
    );
    assert.ok(messages.every(({ tls }) => tls === 'TLSv1.3'));
    assert.equal(receivers.count(EXCHANGER).peak, 1);
  });

  test(`what holds one domain up holds up nobody else: ${first} before ${second}`, {
    timeout,
  }, async (t) => {
    // A certificate that one of them admits: the connection that its mail has opened is there, busy or idle.
    const { headgate, messages } = await openSite(
      t,
      'enforce',
      offering('self-signed', 'none', { delays: { final: { from: 5, to: 10 } } }),
      { options: 'TLS = ifavailable Idle_Timeout = 600 Migrate_Connections_Between_Sibling_Domains = true' },
    );
    for (const domain of [first, second, first, second]) await inject(headgate.port, [{ domain, messages: 10 }]);
    await headgate.mainlog.waitFor(isRecord('D', 'two.example'), 20);
    await headgate.mainlog.waitFor(isRecord('T', 'one.example'), 1);
    assert.ok(messages.every(({ recipients }) => recipients[0]!.endsWith('@two.example')));
    assert.equal(headgate.mainlog.lines().filter(isRecord('T', 'two.example')).length, 0);
  });
}

test('the console lists policies and shows one', { timeout }, async (t) => {
  const { receivers, headgate } = await openSite(t, 'enforce', offering());
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  assert.equal((await headgate.console('mta_sts list all')).text, 'one.example\nTotal domains: 1\n');
  assert.match(
    (await headgate.console('mta_sts show domain One.Example')).text,
    /^Domain 'one\.example' has MTA-STS TXT and a TTL of \d+ seconds\n {8}id: 1\n {8}max_age: 864000 seconds; refresh in \d+ seconds\n {8}mode: enforce\n {8}mxlist:\n {15}mx\.tls\.example\n$/,
  );
  const { text, failed } = await headgate.console('mta_sts refresh policy two.example');
  assert.deepEqual([text, failed], ['MTA-STS policy for two.example not refreshed: no policy is announced\n', true]);
});

test('from the record over HTTPS to the mail, the console and the disk', { timeout }, async (t) => {
  const messages: SinkMessage[] = [];
  const receivers = await Receivers.open(t, [EXCHANGER], {
    behaviour: offering(),
    onMessage: (message) => messages.push(message),
  });
  const dns = await DnsServer.open({
    [POLICY_DOMAIN]: {
      MX: [
        [10, 'other.example'],
        [20, EXCHANGER],
      ],
    },
    'other.example': { A: ['127.0.1.1'] },
    [EXCHANGER]: { A: ['127.0.1.1'] },
    [`_mta-sts.${POLICY_DOMAIN}`]: { TXT: ['v=STSv1; id=7;'] },
  });
  t.after(() => dns.close());
  const host = await openPolicyHost(t, policyText(`version: STSv1\nmode: enforce\nmx: ${EXCHANGER}\nmax_age: 86400\n`));
  const directory = temporaryDirectory(t);
  const file = join(directory, 'headgate.conf');
  writeFileSync(join(directory, 'resolv.conf'), dns.nameserver);
  writeFileSync(
    file,
    `${surroundings(directory)}
    Resolv_Conf = "${join(directory, 'resolv.conf')}"
    Remote_SMTP_Port = ${receivers.sink.portOf(receivers.endpoint(EXCHANGER))}
    TLS_Ca = "${CA}"
    mta_sts_policy_store = "${join(directory, 'mtasts')}"
    Domain "${POLICY_DOMAIN}" { use_mta_sts = true }`,
  );
  const loaded = loadForServer(file);
  assert.ok(loaded.kind === 'loaded');
  const said: string[] = [];
  const started = await startServer({
    configurationFile: file,
    configuration: loaded.configuration,
    version: 'test',
    report: (line) => void said.push(line),
    shutdownWanted: () => {},
    httpsDialer: host.dialer,
  });
  assert.ok(started.kind === 'started');
  const { server } = started;
  let isStopped = false;
  t.after(() => (isStopped ? undefined : server.stop()));
  const port = Number(/:(\d+)$/.exec(server.esmtpPlaces[0]!)![1]);
  await receivers.whenArrived(await inject(port, [{ domain: POLICY_DOMAIN, messages: 3 }]));
  assert.deepEqual([...new Set(messages.map(({ tls }) => tls))], ['TLSv1.3']);
  assert.deepEqual(host.seen, [`mta-sts.${POLICY_DOMAIN} /.well-known/mta-sts.txt`]);
  const mainlog = new LogFile(join(directory, 'mainlog.ec'));
  await mainlog.waitFor(isRecord('D'), 3);
  isStopped = true;
  await server.stop();
  const path = join(directory, 'mtasts', `${POLICY_DOMAIN}.json`);
  assert.ok(existsSync(path));
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).id, '7');
  assert.deepEqual(said, []);
});
