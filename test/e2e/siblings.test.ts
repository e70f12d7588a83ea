// An idle connection serves other domains with the same exchanger, at a real server: the receiver sees one connection, and
// the limit audit proves that every domain counted it while it was theirs.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';

test('one connection for domains with the same exchanger, as long as the operator wants it', async (t) => {
  const receivers = await Receivers.open(t, ['one.example']);
  const { sink } = receivers;
  const [address, port] = receivers.endpoint('one.example').split(':');
  const headgate = await Headgate.start(
    t,
    `Idle_Timeout = 60
Domain "/^(one|two|three|four)\\.example$/" { Routes = ( "smtp://${address}?port=${port}" ) }
Domain "four.example" { EHLO_Hostname = "another.test" }
`,
  );
  const auditLog = join(headgate.directory, 'audit.log');
  assert.equal((await headgate.console(`config set limit_audit_log ${auditLog}`)).failed, false);

  let delivered = 0;
  for (const domain of ['one.example', 'two.example', 'one.example', 'two.example']) {
    await inject(headgate.port, [{ domain, messages: 1 }]);
    delivered += 1;
    await headgate.mainlog.waitFor(isRecord('D'), delivered); // so the connection has nothing to do
  }
  const connections = new Set(
    headgate.mainlog
      .lines()
      .filter(isRecord('D'))
      .map((line) => fieldsOf(line)[3]),
  );
  assert.equal(connections.size, 1, 'all records name one connection');
  assert.equal(sink.counts.total.opened, 1);

  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'four.example', messages: 1 }]));
  assert.equal(sink.counts.total.opened, 2, 'it would have said another name in EHLO');

  await headgate.console('config set migrate_connections_between_sibling_domains false');
  await receivers.whenArrived(await inject(headgate.port, [{ domain: 'three.example', messages: 1 }]));
  assert.equal(sink.counts.total.opened, 3, 'the operator wants each domain to have its own');

  await headgate.stop();
  const { code, stdout } = await runHeadgate(['audit', auditLog]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ +1 open, limit 32 {5}pair default one\.example/m);
  assert.match(stdout, /^ +1 open, limit 32 {5}pair default two\.example/m);
});
