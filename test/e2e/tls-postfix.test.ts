// Postfix as a receiver, as it comes: its certificate is checked by name, sessions are resumed, connections used again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { certificateFile } from '../support/certificates.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { skipWithoutPostfix, startPostfix } from '../support/postfix.ts';
import { fieldsOf, isFailure, isRecord } from '../support/records.ts';

const MESSAGES = 120;

test('smtpd of Postfix, required and verified', { skip: skipWithoutPostfix(), timeout: 120_000 }, async (t) => {
  const { port, log } = await startPostfix(t);
  const headgate = await Headgate.start(
    t,
    `TLS = required
     TLS_Verify = host
     TLS_Ca = "${certificateFile('authority')}"
     TLS_Certificate = "${certificateFile('sender')}"
     Domain "wild.example" { Routes = ( "smtp://127.0.0.1?port=${port}" ) Max_Outbound_Connections = 6 }
     Domain "x.wild.example" { Routes = ( "smtp://127.0.0.1?port=${port}" ) Max_Outbound_Connections = 6 Max_Deliveries_Per_Connection = 3 }\n`,
  );
  // The certificate is made out for *.wild.example: good for the name of the second domain, not for that of the first.
  await inject(headgate.port, [{ domain: 'wild.example', messages: 1 }]);
  const [refused] = await headgate.mainlog.waitFor(isRecord('T', 'wild.example'), 1);
  assert.match(refused!, /SSL certificate subject does not match host$/);
  await inject(headgate.port, [{ domain: 'x.wild.example', messages: MESSAGES }]);
  const delivered = await headgate.mainlog.waitFor(isRecord('D', 'x.wild.example'), MESSAGES);
  assert.deepEqual([...new Set(delivered.map((line) => fieldsOf(line)[9]))], ['0']);
  assert.equal(headgate.mainlog.lines().filter(isFailure).length, 1);
  const sent = await log.waitFor((line) => line.includes('status=sent'), MESSAGES);
  assert.equal(sent.length, MESSAGES);
  const handshakes = log.lines().filter((line) => line.includes('TLS connection established from'));
  assert.ok(handshakes.length >= MESSAGES / 3 / 2, `${handshakes.length} handshakes`);
  assert.ok(handshakes.every((line) => line.includes('TLSv1.3')));
  const broken = log.lines().filter((line) => /lost connection|SSL_accept error/.test(line));
  assert.equal(broken.length, 2, 'what the certificate was not good for was reset, and nothing else');
});
