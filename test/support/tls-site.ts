// A server and a receiver that is the exchanger of two domains by its name in the DNS, with STARTTLS as a test wants it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { type StartTlsFault, sinkTls } from '../../src/cli/sink-tls.ts';
import { type CertificateName, certificate, certificateFile } from './certificates.ts';
import { DnsServer } from './dns-server.ts';
import { Headgate } from './headgate.ts';
import { inject } from './inject.ts';
import { Receivers } from './receivers.ts';
import { isFailure, isRecord } from './records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const EXCHANGER = 'mx.tls.example';
const ZONE = {
  'one.example': { MX: [[10, EXCHANGER]] },
  'two.example': { MX: [[10, EXCHANGER]] },
  [EXCHANGER]: { A: ['127.0.1.1'] },
} as const;

export const CA = certificateFile('authority');

/** A receiver that offers STARTTLS. */
export function offering(
  name: CertificateName = 'receiver',
  fault: StartTlsFault = 'none',
  more: Partial<SinkBehaviour> = {},
): Partial<SinkBehaviour> {
  return { ...more, tls: sinkTls(certificate(name), fault) };
}

export interface TlsSite {
  readonly receivers: Receivers;
  readonly headgate: Headgate;
  readonly messages: SinkMessage[];
  /** The configuration without what the test said. */
  readonly around: string;
}

export async function openTlsSite(
  t: TestContext,
  behaviour: Partial<SinkBehaviour>,
  configuration: string,
): Promise<TlsSite> {
  const dns = await DnsServer.open(ZONE);
  t.after(() => dns.close());
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(resolvConf, dns.nameserver);
  const messages: SinkMessage[] = [];
  const receivers = await Receivers.open(t, [EXCHANGER], { behaviour, onMessage: (message) => messages.push(message) });
  const around = `Resolv_Conf = "${resolvConf}"
    Remote_SMTP_Port = ${receivers.sink.portOf(receivers.endpoint(EXCHANGER))}
    TLS_Ca = "${CA}"
    `;
  const headgate = await Headgate.start(t, around + configuration);
  return { receivers, headgate, messages, around };
}

/** Mail of one.example waits with that record, and mail of two.example goes through the same exchanger meanwhile. */
export async function assertOneWaits(site: Omit<TlsSite, 'around'>, reply: RegExp): Promise<void> {
  const { receivers, headgate, messages } = site;
  await inject(headgate.port, [{ domain: 'one.example', messages: 1 }]);
  const [record] = await headgate.mainlog.waitFor(isRecord('T', 'one.example'), 1);
  assert.match(record!, reply);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'two.example', messages: 10 }]));
  assert.ok(messages.every(({ recipients }) => recipients[0]!.endsWith('@two.example')));
  assert.equal(headgate.mainlog.lines().filter(isFailure).length, 1);
}
