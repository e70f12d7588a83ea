// Fully_Resolve_Before_SMTP = false at a running server: an exchanger that the name service is silent about does not keep mail
// from the one that is known.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DnsServer } from '../support/dns-server.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MX = [
  [10, 'silent.example'],
  [20, 'known.example'],
] as const;

test('mail goes to the first host that is known, that of relayed domains waits for all', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['known.example']);
  const [address, port] = receivers.endpoint('known.example').split(':') as [string, string];
  const names = await DnsServer.open({
    'first.example': { MX },
    'relayed.example': { MX },
    'whole.example': { MX },
    'silent.example': { silentOver: 'udp and tcp' },
    'known.example': { A: [address] },
  });
  t.after(() => names.close());
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  // The silence lasts longer than this test.
  writeFileSync(resolvConf, `${names.nameserver}options timeout:30 attempts:5\n`);
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${resolvConf}"
Remote_SMTP_Port = ${port}
Relay_Domains = ( "relayed.example" )
Fully_Resolve_Before_SMTP = false
Domain "whole.example" { Fully_Resolve_Before_SMTP = true }
`,
  );
  for (const domain of ['relayed.example', 'whole.example']) await inject(headgate.port, [{ domain, messages: 1 }]);
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'first.example', messages: 5 }]));
  for (const domain of ['relayed.example', 'whole.example']) {
    const { text } = await headgate.console(`why default ${domain}`);
    assert.match(text, /Waits for the name service/);
  }
});
