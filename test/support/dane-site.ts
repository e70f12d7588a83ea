// A server, a receiver that is the exchanger of two domains, and a name service that says of its answers that DNSSEC has
// proved them, as a test wants it.
import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { type CertificateName, certificate } from './certificates.ts';
import { DnsServer, type Zone, type ZoneEntry } from './dns-server.ts';
import { Headgate } from './headgate.ts';
import { Receivers } from './receivers.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { CA, EXCHANGER } from './tls-site.ts';

/** `3 1 1`: the key of the certificate. */
export function ownKeyRecord(name: CertificateName): string {
  const key = new X509Certificate(certificate(name)).publicKey.export({ type: 'spki', format: 'der' });
  return `3 1 1 ${createHash('sha256').update(key).digest('hex')}`;
}

/** `2 0 1`: the authority of the tests. */
export function authorityRecord(): string {
  const { raw } = new X509Certificate(certificate('authority'));
  return `2 0 1 ${createHash('sha256').update(raw).digest('hex')}`;
}

export interface DaneSite {
  readonly receivers: Receivers;
  readonly headgate: Headgate;
  readonly messages: SinkMessage[];
  readonly dns: DnsServer;
  /** Where the records of the exchanger are. */
  readonly tlsaName: string;
}

export interface DaneSiteOptions {
  readonly behaviour: Partial<SinkBehaviour>;
  readonly configuration: string;
  /** What is at the name of the TLSA records; proved, unless it says otherwise. Null: nothing. */
  readonly tlsa: ZoneEntry | null;
  /** Further entries, or others. */
  readonly zone?: Zone;
}

export async function openDaneSite(t: TestContext, options: DaneSiteOptions): Promise<DaneSite> {
  const { behaviour, configuration, tlsa, zone = {} } = options;
  const messages: SinkMessage[] = [];
  const receivers = await Receivers.open(t, [EXCHANGER], { behaviour, onMessage: (message) => messages.push(message) });
  const port = receivers.sink.portOf(receivers.endpoint(EXCHANGER));
  const tlsaName = `_${port}._tcp.${EXCHANGER}`;
  const dns = await DnsServer.open({
    'one.example': { MX: [[10, EXCHANGER]], isAuthentic: true },
    'two.example': { MX: [[10, EXCHANGER]], isAuthentic: true },
    [EXCHANGER]: { A: ['127.0.1.1'], isAuthentic: true },
    ...(tlsa === null ? {} : { [tlsaName]: { isAuthentic: true, ...tlsa } }),
    ...zone,
  });
  t.after(() => dns.close());
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(resolvConf, dns.nameserver);
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${resolvConf}"
    Remote_SMTP_Port = ${port}
    TLS_Ca = "${CA}"
    dane {}
    ${configuration}`,
  );
  return { receivers, headgate, messages, dns, tlsaName };
}
