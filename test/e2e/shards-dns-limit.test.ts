// DNS_Rate_Limit_* with two shards, seen at a name server: the questions for exchangers of both together keep to the rate.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DnsServer } from '../support/dns-server.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const QUERIES = 6;
const PERIOD_MS = 2000;
/** How much sooner than the asker's clock says the second of two questions may come: the first was on its way that long. */
const JITTER_MS = 300;

test('two shards ask for exchangers within one rate', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['mx.example']);
  const [address, port] = receivers.endpoint('mx.example').split(':') as [string, string];
  // Both shards may get mail for each, or one alone; the fewest questions are enough for what is waited for.
  const domains = Array.from({ length: 40 }, (_, number) => `d${number}.example`);
  const names = await DnsServer.open({
    'mx.example': { A: [address] },
    ...Object.fromEntries(domains.map((domain) => [domain, { MX: [[10, 'mx.example']] as const }])),
  });
  t.after(() => names.close());
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(resolvConf, names.nameserver);
  const headgate = await Headgate.start(
    t,
    `Shards = 2
Resolv_Conf = "${resolvConf}"
Remote_SMTP_Port = ${port}
DNS_Rate_Limit_Enabled = true
DNS_Rate_Limit_MX_Queries = ${QUERIES}
DNS_Rate_Limit_Period = ${PERIOD_MS / 1000}
`,
  );
  const accepted = inject(
    headgate.port,
    domains.map((domain) => ({ domain, messages: 4 })),
  );
  const times: number[] = [];
  for (let seen = 0; times.length < 4 * QUERIES; ) {
    await names.seenCount(seen + 1);
    for (; seen < names.seen.length; seen++) if (names.seen[seen]!.type === 'MX') times.push(performance.now());
  }
  for (let last = QUERIES; last < times.length; last++) {
    const span = times[last]! - times[last - QUERIES]!;
    assert.ok(span > PERIOD_MS - JITTER_MS, `${QUERIES + 1} questions in ${Math.round(span)} ms`);
  }
  const { text } = await headgate.console('summary');
  assert.match(text, /DNS Rate Limit: 6 MX queries per 2 seconds/);
  assert.match(text, /DNS Rate Limiter Queue: [1-9]\d* \/ 100000/);
  assert.doesNotMatch(text, /DNS Rate Limiter Overflow: *[1-9]/);
  await headgate.console('config set dns_rate_limit_mx_queries 1000'); // no more of waiting
  await receivers.whenArrived(new Map(await accepted));
});
