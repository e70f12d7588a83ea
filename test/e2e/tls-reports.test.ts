// Reports on TLS at a real server: sessions with good and with bad certificates, under policies and without, are counted,
// and a report of them arrives at who asked for it, over restarts, and where no other mail would go.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import PostalMime from 'postal-mime';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { certificateFile } from '../support/certificates.ts';
import { ownKeyRecord } from '../support/dane-site.ts';
import { DnsServer, type Zone } from '../support/dns-server.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { openPolicyHost } from '../support/policy-host.ts';
import { Receivers } from '../support/receivers.ts';
import { isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { CA, EXCHANGER, offering } from '../support/tls-site.ts';

const timeout = 60_000;

interface Site {
  readonly headgate: Headgate;
  readonly receivers: Receivers;
  /** Reports as they arrive; waits for the next one. */
  nextReport(): Promise<{ readonly message: SinkMessage; readonly report: Report }>;
}

interface Report {
  readonly 'report-id': string;
  readonly policies: readonly {
    readonly policy: Record<string, unknown>;
    readonly summary: {
      readonly 'total-successful-session-count': number;
      readonly 'total-failure-session-count': number;
    };
    readonly 'failure-details'?: readonly Record<string, unknown>[];
  }[];
}

interface Options {
  readonly options?: string;
  /** On disk already. */
  readonly policy?: { readonly mode: string; readonly mx: readonly string[] };
  /** There is a policy, and nobody at its host. */
  readonly isAnnounced?: boolean;
  /** The TLSA record of the exchanger, proved; `bogus`: SERVFAIL. */
  readonly tlsa?: string;
  /** Where one.example wants its reports. */
  readonly rua?: string;
}

/** Reports on one.example go to rua.example, which has the same exchanger. */
async function openSite(
  t: TestContext,
  behaviour: Partial<SinkBehaviour>,
  { options = '', policy, isAnnounced = false, tlsa, rua = 'mailto:tls@rua.example' }: Options = {},
): Promise<Site> {
  const arrived: SinkMessage[] = [];
  let told = () => {};
  const receivers = await Receivers.open(t, [EXCHANGER], {
    behaviour,
    onMessage: (message) => {
      if (message.recipients[0] !== 'tls@rua.example') return;
      arrived.push(message);
      told();
    },
  });
  const port = receivers.sink.portOf(receivers.endpoint(EXCHANGER));
  const isAuthentic = tlsa !== undefined;
  const zone: Zone = {
    'one.example': { MX: [[10, EXCHANGER]], isAuthentic },
    'rua.example': { MX: [[10, EXCHANGER]], isAuthentic },
    [EXCHANGER]: { A: ['127.0.1.1'], isAuthentic },
    '_smtp._tls.one.example': { TXT: [`v=TLSRPTv1; rua=${rua}`] },
    ...(tlsa === undefined
      ? {}
      : { [`_${port}._tcp.${EXCHANGER}`]: tlsa === 'bogus' ? { rcode: 2 } : { TLSA: [tlsa], isAuthentic } }),
    ...(policy === undefined && !isAnnounced ? {} : { '_mta-sts.one.example': { TXT: ['v=STSv1; id=1;'] } }),
  };
  const dns = await DnsServer.open(zone);
  t.after(() => dns.close());
  const directory = temporaryDirectory(t);
  const store = join(directory, 'mtasts');
  mkdirSync(store);
  writeFileSync(join(directory, 'resolv.conf'), dns.nameserver);
  const held = { policy: { maxAgeSeconds: 864_000, ...policy }, id: '1', fetchedAt: Date.now() };
  if (policy !== undefined) writeFileSync(join(store, 'one.example.json'), JSON.stringify(held));
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${join(directory, 'resolv.conf')}"
    Hostname = "mta.sender.example"
    Remote_SMTP_Port = ${port}
    TLS_Ca = "${CA}"
    mta_sts_policy_store = "${store}"
    use_mta_sts = true
    tls_reporting = true
    dane {}
    ${options}`,
    { environment: { NODE_EXTRA_CA_CERTS: certificateFile('authority') } },
  );
  const nextReport: Site['nextReport'] = async () => {
    while (arrived.length === 0) {
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
    const message = arrived.shift()!;
    const { attachments } = await PostalMime.parse(message.content);
    const [attachment] = attachments;
    assert.equal(attachment?.mimeType, 'application/tlsrpt+gzip');
    return { message, report: JSON.parse(gunzipSync(attachment.content as ArrayBuffer).toString()) };
  };
  return { headgate, receivers, nextReport };
}

interface Row {
  readonly title: string;
  readonly behaviour: Partial<SinkBehaviour>;
  readonly options?: string;
  readonly site?: Options;
  readonly type: string;
  /** Good sessions, and those that failed; null: some. */
  readonly totals: readonly [number | null, number | null];
  readonly failure?: string;
}

const ROWS: readonly Row[] = [
  {
    title: 'a good certificate without a policy',
    behaviour: offering(),
    options: 'TLS = ifavailable',
    type: 'no-policy-found',
    totals: [1, 0],
  },
  {
    title: 'no encryption, which mail does without',
    behaviour: {},
    options: 'TLS = ifavailable',
    type: 'no-policy-found',
    totals: [0, 1],
    failure: 'starttls-not-supported',
  },
  {
    title: 'a handshake that fails',
    behaviour: offering('receiver', 'fail'),
    options: 'TLS = ifavailable',
    type: 'no-policy-found',
    totals: [0, 1],
    failure: 'validation-failure',
  },
  {
    title: 'a good certificate under a policy',
    behaviour: offering(),
    site: { policy: { mode: 'enforce', mx: [EXCHANGER] } },
    type: 'sts',
    totals: [1, 0],
  },
  {
    title: 'out of date under a policy',
    behaviour: offering('expired'),
    site: { policy: { mode: 'enforce', mx: [EXCHANGER] } },
    type: 'sts',
    totals: [0, 1],
    failure: 'certificate-expired',
  },
  {
    title: 'another name under a policy that is tested',
    behaviour: offering('other'),
    site: { policy: { mode: 'testing', mx: [EXCHANGER] } },
    type: 'sts',
    totals: [0, 1],
    failure: 'certificate-host-mismatch',
  },
  {
    title: 'no exchanger that the policy names',
    behaviour: offering(),
    site: { policy: { mode: 'enforce', mx: ['other.example'] } },
    type: 'sts',
    totals: [0, null],
    failure: 'validation-failure',
  },
  {
    title: 'the key of the TLSA record, which goes before the policy',
    behaviour: offering('self-signed'),
    site: { policy: { mode: 'enforce', mx: [EXCHANGER] }, tlsa: ownKeyRecord('self-signed') },
    options: 'use_dane = true',
    type: 'tlsa',
    totals: [1, 0],
  },
  {
    title: 'another key than that of the TLSA record',
    behaviour: offering(),
    site: { tlsa: ownKeyRecord('other') },
    options: 'use_dane = true',
    type: 'tlsa',
    totals: [0, 1],
    failure: 'tlsa-invalid',
  },
  {
    title: 'TLSA records that do not pass validation',
    behaviour: offering(),
    site: { tlsa: 'bogus' },
    options: 'use_dane = true',
    type: 'tlsa',
    totals: [0, null],
    failure: 'dnssec-invalid',
  },
];
for (const { title, behaviour, options = '', site = {}, type, totals, failure } of ROWS) {
  test(`reported: ${title}`, { timeout }, async (t) => {
    // Reports are for a domain that other mail would not be sent to.
    const more = `${options} Domain "rua.example" { TLS = required TLS_Verify = host use_dane = true }`;
    const { headgate, nextReport } = await openSite(t, behaviour, { ...site, options: more });
    await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]);
    await headgate.mainlog.waitFor(
      (line) => isRecord('D', 'one.example')(line) || isRecord('T', 'one.example')(line),
      1,
    );
    assert.equal(
      (await headgate.console('tls report send today')).text,
      '1 reports are in the queue; 0 domains want none.\n',
    );
    const { message, report } = await nextReport();
    assert.equal(message.reversePath, '');
    assert.match(message.content.toString(), /^TLS-Report-Domain: one\.example\r$/m);
    assert.match(report['report-id'], /^\d+\.one\.example@mta\.sender\.example$/);
    assert.equal(report.policies.length, 1);
    const [{ policy, summary, 'failure-details': details = [] }] = report.policies as [Report['policies'][0]];
    assert.equal(policy['policy-type'], type);
    const [good, failed] = [summary['total-successful-session-count'], summary['total-failure-session-count']];
    assert.deepEqual([totals[0] ?? good, totals[1] ?? failed], [good, failed]);
    assert.deepEqual(
      details.map((one) => one['result-type']),
      failure === undefined ? [] : [failure],
    );
    await headgate.mainlog.waitFor(isRecord('D', 'rua.example'), 1);
    // The session of the report itself is not counted.
    assert.match((await headgate.console('tls report')).text, /^Total domains: 0; reports that wait: 0$/m);
  });
}

test('a policy that cannot be fetched is reported beside the sessions that go without it', { timeout }, async (t) => {
  const { headgate, receivers, nextReport } = await openSite(t, offering(), {
    isAnnounced: true,
    options: 'TLS = ifavailable',
  });
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await headgate.console('tls report send today');
  const { report } = await nextReport();
  const [failed, session] = report.policies;
  assert.deepEqual(
    [failed!.policy, failed!.summary, session!.policy['policy-type'], session!.summary],
    [
      { 'policy-type': 'sts', 'policy-domain': 'one.example' },
      { 'total-successful-session-count': 0, 'total-failure-session-count': 1 },
      'no-policy-found',
      { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
    ],
  );
  const [detail] = failed!['failure-details']!;
  assert.equal(detail!['result-type'], 'sts-policy-fetch-error');
  assert.match(String(detail!['failure-reason-code']), /no address of mta-sts\.one\.example/);
});

test('a report is posted over HTTPS and mailed, where the domain wants both', { timeout }, async (t) => {
  const host = await openPolicyHost(t, (response) => void response.writeHead(201).end(), 'receiver', '127.0.1.1');
  const uri = `https://${EXCHANGER}:${host.dialer.port}/v1`;
  const { headgate, receivers, nextReport } = await openSite(t, offering(), {
    options: 'TLS = ifavailable',
    rua: `${uri},mailto:tls@rua.example`,
  });
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 2 }]));
  const sent = await headgate.console('tls report send today');
  assert.equal(
    sent.text,
    '1 reports are in the queue; 0 domains want none; 1 are being posted by HTTPS (tls report tells how that ends).\n',
  );
  const { report } = await nextReport();
  const told = await shownUntil(headgate, / 0 on their way/);
  assert.match(told, /^By HTTPS since the start: 1 taken, 0 on their way or to be tried again, 0 given up$/m);
  assert.deepEqual(host.seen, [`${EXCHANGER}:${host.dialer.port} /v1`]);
  const [{ headers, body }] = host.posts as [(typeof host.posts)[0]];
  assert.equal(headers['content-type'], 'application/tlsrpt+gzip');
  assert.deepEqual(JSON.parse(gunzipSync(body).toString()), report);
});

test('a report that is not taken is there for the next process', { timeout }, async (t) => {
  const host = await openPolicyHost(t, (response) => void response.writeHead(503).end(), 'receiver', '127.0.1.1');
  const uri = `https://${EXCHANGER}:${host.dialer.port}/`;
  const { headgate, receivers } = await openSite(t, offering(), { options: 'TLS = ifavailable', rua: uri });
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await headgate.console('tls report send today');
  const told = await shownUntil(headgate, /status 503/);
  assert.match(told, /^By HTTPS since the start: 0 taken, 1 on their way or to be tried again, 0 given up$/m);
  assert.ok(told.includes(`\nThe last that was not taken: ${uri}: status 503\n`));
  host.answer = (response) => void response.writeHead(200).end();
  await headgate.stop();
  await headgate.start();
  await shownUntil(headgate, /^By HTTPS since the start: 1 taken, 0 on their way or to be tried again, 0 given up$/m);
  assert.equal(host.posts.length, 2);
  assert.ok(host.posts[0]!.body.equals(host.posts[1]!.body));
});

/** What `tls report` says, once it says that. */
async function shownUntil(headgate: Headgate, pattern: RegExp): Promise<string> {
  for (;;) {
    const { text } = await headgate.console('tls report');
    if (pattern.test(text)) return text;
  }
}

test('counts survive an orderly stop, and the console lists them', { timeout }, async (t) => {
  const { headgate, receivers, nextReport } = await openSite(t, offering(), { options: 'TLS = ifavailable' });
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]));
  await headgate.stop();
  await headgate.start();
  receivers.behave(offering('receiver', 'fail'));
  await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]);
  await headgate.mainlog.waitFor(isRecord('D', 'one.example'), 2);
  assert.match(
    (await headgate.console('tls report')).text,
    /^Counted since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nDomain: one\.example\n {2}no-policy-found: 1 good, 1 failed\n {4}1 validation-failure mx\.tls\.example \[127\.0\.1\.1\]: TLS negotiation failed: .*\nTotal domains: 1; reports that wait: 0\n$/,
  );
  const shown = JSON.parse((await headgate.console('tls report --json')).text);
  assert.equal(shown.domains[0].policies[0].failures[0].sessions, 1);
  await headgate.console('tls report send today');
  const { report } = await nextReport();
  const { summary } = report.policies[0]!;
  assert.deepEqual(summary, { 'total-successful-session-count': 1, 'total-failure-session-count': 1 });
});

test('a day that is over is reported, and what could not be read is told of', { timeout }, async (t) => {
  const { headgate, nextReport } = await openSite(t, offering());
  await headgate.stop();
  const from = Math.floor(Date.now() / 86_400_000 - 2) * 86_400_000;
  const policy = { type: 'no-policy-found', domain: 'one.example', lines: [], exchangers: [] };
  const counts = {
    from,
    until: null,
    domain: 'one.example',
    policies: [{ policy, successes: 7, failed: 0, failures: [] }],
  };
  writeFileSync(join(headgate.directory, 'spool', 'tls-reports'), `${JSON.stringify(counts)}\nnonsense\n`);
  await headgate.start();
  assert.match((await headgate.console('tls report')).text, /reports that wait: 1$/m);
  await headgate.console('tls report send');
  const { message, report } = await nextReport();
  assert.equal(report.policies[0]!.summary['total-successful-session-count'], 7);
  const name = `mta.sender.example!one.example!${from / 1000}!${from / 1000 + 86_399}!001.json.gz`;
  assert.ok(message.content.includes(`filename="${name}"`));
  await headgate.paniclog.waitFor((line) => line.includes('1 lines of counts could not be read'), 1);
});

test('what is not counted: sessions of routes and gateways, and everything unless that is wanted', {
  timeout,
}, async (t) => {
  const { headgate, receivers } = await openSite(t, offering(), { options: 'TLS = ifavailable' });
  const port = receivers.sink.portOf(receivers.endpoint(EXCHANGER));
  await headgate.console(`config set routes ( "smtp://127.0.1.1?port=${port}" )`);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'routed.example', messages: 1 }]));
  assert.match((await headgate.console('tls report')).text, /^Total domains: 0;/m);
  await headgate.console('config set tls_reporting false');
  const refused = { text: 'sessions are not counted (config set tls_reporting true)\n', failed: true };
  const { text, failed } = await headgate.console('tls report');
  assert.deepEqual({ text, failed }, refused);
});
