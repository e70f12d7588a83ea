// Domains with an exchanger in common are one queue at a real server, where the operator says so of the exchanger: one limit
// holds for their mail together, as its receiver counts it, and every message is delivered and recorded once.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DnsServer } from '../support/dns-server.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('mail of domains with one exchanger goes over the connections of one queue', { timeout: 60_000 }, async (t) => {
  const LIMIT = 2;
  const MESSAGES = 40;
  const receivers = await Receivers.open(t, ['provider.example'], {
    behaviour: { delays: { final: { from: 5, to: 5 } } },
  });
  const [address, port] = receivers.endpoint('provider.example').split(':');
  const names = await DnsServer.open({
    'one.example': { MX: [[10, 'mx.provider.example']] },
    'two.example': { MX: [[10, 'mx.provider.example']] },
    'mx.provider.example': { A: [address!] },
  });
  t.after(() => names.close());
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(resolvConf, names.nameserver);
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${resolvConf}"
Suspend_Delivery = true
Host "mx.provider.example" {
  Rollup_MX = true
  Rollup_MX_Name = "provider.example"
}
Domain "provider.example" {
  Routes = ( "smtp://${address}?port=${port}" )
  Max_Outbound_Connections = ${LIMIT}
}`,
  );
  const domains = ['one.example', 'two.example'];
  const accepted = await inject(
    headgate.port,
    domains.map((domain) => ({ domain, messages: MESSAGES })),
  );
  await headgate.console('config set suspend_delivery false');
  await receivers.whenArrived(accepted);
  const { peak, messages } = receivers.count('provider.example');
  assert.equal(peak, LIMIT);
  assert.equal(messages, domains.length * MESSAGES);

  const deliveries = await headgate.mainlog.waitFor(isRecord('D'), messages);
  assert.equal(deliveries.length, messages, 'one record for each');
  for (const line of deliveries) assert.equal(fieldsOf(line)[5], 'provider.example');
  const { text } = await headgate.console('domains');
  assert.match(text, /provider\.example .* S: +80$/m);
  for (const domain of domains) assert.match(text, new RegExp(`${domain} .* S: +0$`, 'm'));
});
