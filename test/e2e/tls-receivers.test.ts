// Mail servers of other people as receivers, as they come, with STARTTLS: a thousand messages, each of which arrives once,
// encrypted, over no more connections than are allowed. All of it is what their own logs say.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { certificateFile } from '../support/certificates.ts';
import { skipWithoutExim, startExim } from '../support/exim.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { skipWithoutOpensmtpd, startOpensmtpd } from '../support/opensmtpd.ts';
import { skipWithoutPostfix, startPostfix } from '../support/postfix.ts';
import { handshakeFault, type RealReceiver, type ReceiverTally, tallyOf } from '../support/real-receiver.ts';
import { isFailure, isRecord } from '../support/records.ts';

/** Names that the certificates are made out for, and who signed them. */
const TRUST = {
  receiver: { domain: 'x.wild.example', authority: 'authority' },
  rsa: { domain: 'mx.tls.example', authority: 'rsa' },
} as const;
const MESSAGES = 1000;
const LIMIT = 8;
const PER_CONNECTION = 20;

const RECEIVERS: readonly (readonly [string, string | false, (t: TestContext) => Promise<RealReceiver>])[] = [
  ['Postfix', skipWithoutPostfix(), (t) => startPostfix(t)],
  ['Exim', skipWithoutExim(), startExim],
  ['OpenSMTPD', skipWithoutOpensmtpd('opensmtpd'), (t) => startOpensmtpd(t, 'opensmtpd')],
  ['OpenSMTPD of Debian 11', skipWithoutOpensmtpd('opensmtpd-11'), (t) => startOpensmtpd(t, 'opensmtpd-11')],
];

for (const [name, skip, start] of RECEIVERS) {
  test(`${name} takes a thousand messages, all encrypted`, { skip, timeout: 100_000 }, async (t) => {
    const receiver = await start(t);
    const fault = await handshakeFault(receiver.port);
    if (fault !== null) return t.skip(`NOT RUN: this ${name} breaks the handshakes of every client: ${fault}`);
    const { inClear } = await deliverThousand(t, receiver, 'required');
    assert.equal(inClear, 0);
  });
}

// As it does in Debian 12, whose OpenSSL is too new for OpenSMTPD 6.8.
const skip = skipWithoutOpensmtpd('opensmtpd');
test('OpenSMTPD whose handshakes break takes a thousand in clear', { skip, timeout: 100_000 }, async (t) => {
  const receiver = await startOpensmtpd(t, 'opensmtpd');
  if ((await handshakeFault(receiver.port)) === null) return t.skip('handshakes of this OpenSMTPD succeed');
  const { inClear } = await deliverThousand(t, receiver, 'ifavailable');
  assert.equal(inClear, MESSAGES);
});

/** Each message arrives once and without an attempt that failed, and the limit is held. */
async function deliverThousand(
  t: TestContext,
  receiver: RealReceiver,
  tls: 'required' | 'ifavailable',
): Promise<ReceiverTally> {
  const { domain, authority } = TRUST[receiver.certificate];
  const before = tallyOf(receiver).connections;
  const headgate = await Headgate.start(
    t,
    `TLS = ${tls}
     TLS_Verify = host
     TLS_Ca = "${certificateFile(authority)}"
     Max_Outbound_Connections = ${LIMIT}
     Max_Deliveries_Per_Connection = ${PER_CONNECTION}
     Domain "${domain}" { Routes = ( "smtp://127.0.0.1?port=${receiver.port}" ) }\n`,
  );
  const accepted = await inject(headgate.port, [{ domain, messages: MESSAGES }]);
  const delivered = await headgate.mainlog.waitFor(isRecord('D', domain), MESSAGES);
  assert.equal(delivered.length, MESSAGES);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), []);
  await headgate.stop();
  await receiver.log.waitUntil(() => {
    const { recipients, openConnections } = tallyOf(receiver);
    return recipients.length >= MESSAGES && openConnections === 0;
  });
  const tally = tallyOf(receiver);
  assert.deepEqual([...tally.recipients].sort(), [...accepted.values()].flat().sort(), 'each once, and nothing else');
  assert.ok(tally.mostConnections <= LIMIT, `${tally.mostConnections} connections at once`);
  const connections = tally.connections - before;
  assert.ok(connections >= MESSAGES / PER_CONNECTION, `${connections} connections in all`);
  return tally;
}
