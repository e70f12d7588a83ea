// DANE with a real validating resolver and really signed zones: what is proved, what is not signed, and what was forged.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { SinkMessage } from '../../src/cli/sink-server.ts';
import { sinkTls } from '../../src/cli/sink-tls.ts';
import { certificate } from '../support/certificates.ts';
import { authorityRecord, ownKeyRecord } from '../support/dane-site.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { skipWithout } from '../support/peer-program.ts';
import { Receivers } from '../support/receivers.ts';
import { isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { type SignedZone, startUnbound } from '../support/unbound.ts';

const skip = skipWithout('unbound', 'ldns-keygen', 'ldns-signzone');
const SERVFAIL = (of: string): RegExp =>
  new RegExp(`@451 4\\.4\\.3 \\[internal\\] DNS lookup was not answered \\(${of}SERVFAIL\\)$`);

interface Case {
  readonly zone: SignedZone;
  /** The version of TLS its mail arrives with, null for clear text; or the reply in the record of mail that waits. */
  readonly outcome: string | null | RegExp;
}

/** @param port of the receiver, whose certificate is good for mx.tls.example */
function cases(port: number): readonly Case[] {
  const host = 'MX 10 mx\nmx A 127.0.1.1';
  const tlsa = (record: string): string => `_${port}._tcp.mx TLSA ${record}`;
  const own = tlsa(ownKeyRecord('receiver'));
  const zone = (name: string, records: string, forge?: SignedZone['forge']): SignedZone => ({
    name,
    records: `@ ${records}`,
    isSigned: true,
    ...(forge === undefined ? {} : { forge }),
  });
  const replaced = (from: RegExp, to: string) => (signed: string) => {
    assert.match(signed, from);
    return signed.replace(from, to);
  };
  const [, , , digest] = ownKeyRecord('receiver').split(' ');
  return [
    { zone: zone('good.example', `${host}\n${own}`), outcome: 'TLSv1.3' },
    { zone: zone('tls.example', `${host}\n${tlsa(authorityRecord())}`), outcome: 'TLSv1.3' },
    {
      zone: zone('name.example', `${host}\n${tlsa(authorityRecord())}`),
      outcome: /@451 4\.7\.5 \[internal\] SSL cert does not match TLSA records: a certificate of another name$/,
    },
    {
      zone: zone('wrong.example', `${host}\n${tlsa(ownKeyRecord('other'))}`),
      outcome: /@451 4\.7\.5 \[internal\] SSL cert does not match TLSA records: another certificate and key$/,
    },
    { zone: zone('none.example', host), outcome: null },
    {
      zone: { ...zone('unsigned.example', `${host}\n${tlsa(ownKeyRecord('other'))}`), isSigned: false },
      outcome: null,
    },
    {
      zone: zone('forged.example', `${host}\n${own}`, replaced(new RegExp(digest!, 'i'), 'ab'.repeat(32))),
      outcome: SERVFAIL('TLSA of mx\\.forged\\.example: '),
    },
    {
      zone: zone('led-away.example', `${host}\n${own}`, replaced(/mx\.led-away\.example\.$/m, 'mx.unsigned.example.')),
      outcome: SERVFAIL(''),
    },
    {
      zone: zone('removed.example', `${host}\n${own}`, (signed) =>
        signed
          .split('\n')
          .filter((line) => !line.includes('_tcp') || line.includes('NSEC\t'))
          .join('\n'),
      ),
      outcome: SERVFAIL('TLSA of mx\\.removed\\.example: '),
    },
    // The alias is proved, where it leads to is not: the records are those of the alias.
    { zone: zone('alias.example', `MX 10 mx\nmx CNAME mx.unsigned.example.\n${own}`), outcome: 'TLSv1.3' },
    // A signed domain with its exchanger in a zone that is not signed.
    { zone: zone('elsewhere.example', 'MX 10 mx.unsigned.example.'), outcome: null },
  ];
}

test('DANE behind Unbound', { skip, timeout: 120_000 }, async (t) => {
  const messages: SinkMessage[] = [];
  const receivers = await Receivers.open(t, ['mx'], {
    behaviour: { tls: sinkTls(certificate('receiver') + certificate('authority')) },
    onMessage: (message) => messages.push(message),
  });
  const port = receivers.sink.portOf(receivers.endpoint('mx'));
  const all = cases(port);
  const nameserver = await startUnbound(
    t,
    all.map(({ zone }) => zone),
  );
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(resolvConf, nameserver);
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${resolvConf}" Remote_SMTP_Port = ${port} use_dane = true dane {}`,
  );
  for (const { zone } of all) await inject(headgate.port, [{ domain: zone.name, messages: 1 }]);
  for (const { zone, outcome } of all) {
    await t.test(`${zone.name}: ${outcome instanceof RegExp ? 'waits' : (outcome ?? 'in clear')}`, async () => {
      if (outcome instanceof RegExp) {
        const [record] = await headgate.mainlog.waitFor(isRecord('T', zone.name), 1);
        assert.match(record!, outcome);
      } else {
        await headgate.mainlog.waitFor(isRecord('D', zone.name), 1);
      }
      const arrived = messages.filter(({ recipients }) => recipients[0]!.endsWith(`@${zone.name}`));
      assert.deepEqual(
        arrived.map(({ tls }) => tls),
        outcome instanceof RegExp ? [] : [outcome],
      );
    });
  }
});
