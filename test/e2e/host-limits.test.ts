// The note on hosts of the manual page of max_outbound_connections, counted at a receiver that is the exchanger of two
// domains: an empty Host stanza limits nothing, a limit in it holds for each binding and address, whatever the domain.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DnsServer } from '../support/dns-server.ts';
import { Headgate } from '../support/headgate.ts';
import { type Batch, inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const EXCHANGER = 'mx.shared.example';
const ZONE = {
  'one.example': { MX: [[10, EXCHANGER]] },
  'two.example': { MX: [[10, EXCHANGER]] },
  [EXCHANGER]: { A: ['127.0.1.1'] },
} as const;
const SOURCES = { first: '127.0.0.11', second: '127.0.0.12' } as const;

interface Row {
  readonly title: string;
  readonly host: string;
  readonly mail: readonly Batch[];
  readonly peaks: { readonly first: number; readonly second: number; readonly all: number };
}

const messages = 240;
const ROWS: readonly Row[] = [
  {
    title: 'an empty stanza: the 12 of the domain are reached',
    host: `Host "${EXCHANGER}" {}`,
    mail: [{ binding: 'first', domain: 'one.example', messages }],
    peaks: { first: 12, second: 0, all: 12 },
  },
  {
    title: '4 in the stanza: two domains together reach 4 from one binding',
    host: `Host "${EXCHANGER}" { Max_Outbound_Connections = 4 }`,
    mail: [
      { binding: 'first', domain: 'one.example', messages },
      { binding: 'first', domain: 'two.example', messages },
    ],
    peaks: { first: 4, second: 0, all: 4 },
  },
  {
    title: '4 in the stanza: 8 from two bindings',
    host: `Host "${EXCHANGER}" { Max_Outbound_Connections = 4 }`,
    mail: [
      { binding: 'first', domain: 'one.example', messages },
      { binding: 'second', domain: 'two.example', messages },
    ],
    peaks: { first: 4, second: 4, all: 8 },
  },
  {
    title: '4 in a stanza named by the address: the same',
    host: 'Host "127.0.1.1" { Max_Outbound_Connections = 4 }',
    mail: [
      { binding: 'first', domain: 'one.example', messages },
      { binding: 'first', domain: 'two.example', messages },
    ],
    peaks: { first: 4, second: 0, all: 4 },
  },
];

for (const { title, host, mail, peaks } of ROWS) {
  test(title, { timeout: 60_000 }, async (t) => {
    const dns = await DnsServer.open(ZONE);
    t.after(() => dns.close());
    const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
    writeFileSync(resolvConf, dns.nameserver);
    const receivers = await Receivers.open(t, [EXCHANGER], {
      behaviour: { delays: { banner: { from: 50, to: 50 }, final: { from: 20, to: 20 } } },
    });
    const headgate = await Headgate.start(
      t,
      `Max_Outbound_Connections = 12
       Resolv_Conf = "${resolvConf}"
       Remote_SMTP_Port = ${receivers.sink.portOf(receivers.endpoint(EXCHANGER))}
       Suspend_Delivery = true
       Binding "first" { Bind_Address = "${SOURCES.first}" }
       Binding "second" { Bind_Address = "${SOURCES.second}" }
       ${host}`,
    );
    const accepted = await inject(headgate.port, mail);
    await headgate.console('config set suspend_delivery false');
    await receivers.whenArrived(accepted);
    assert.deepEqual(
      {
        first: receivers.count(EXCHANGER, SOURCES.first).peak,
        second: receivers.count(EXCHANGER, SOURCES.second).peak,
        all: receivers.count(EXCHANGER).peak,
      },
      peaks,
    );
    assert.equal(receivers.sink.arrivals.repeated, 0);
  });
}
