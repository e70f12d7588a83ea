// RFC 5321 section 5.1 at a running server: where it finds itself among the exchangers of a domain, nothing goes to what stands
// level with it or behind it, and mail that has no other host fails at once.
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

const timeout = 60_000;

test('mail does not come back: exchangers, literals, gateways and routes that are this server', {
  timeout,
}, async (t) => {
  const receivers = await Receivers.open(t, ['better.example', 'worse.example']);
  const portOf = (name: string): string => receivers.endpoint(name).split(':')[1]!;
  const names = await DnsServer.open({
    'backup.example': {
      MX: [
        [20, 'own.example'],
        [30, 'worse.example'],
      ],
    },
    'only.example': { MX: [[10, 'own.example']] },
    'own.example': { A: ['127.0.0.1'] },
    'worse.example': { A: ['127.0.1.2'] },
  });
  t.after(() => names.close());
  const resolvConf = join(temporaryDirectory(t), 'resolv.conf');
  writeFileSync(resolvConf, names.nameserver);
  const headgate = await Headgate.start(
    t,
    `Resolv_Conf = "${resolvConf}"
Generate_Bounces = false
Domain "backup.example" { Routes = ( "smtp://127.0.1.1?port=${portOf('better.example')}" "__mx__" ) }
Domain "neighbour.example" { Routes = ( "smtp://127.0.1.2?port=${portOf('worse.example')}" ) }
Domain "routed.example" { Routes = ( "127.0.0.1" ) }
Domain "given.example" { Gateway = "127.0.0.1" }`,
  );
  await headgate.console(`config set remote_smtp_port ${headgate.port}`);
  const gone = ['only.example', '[127.0.0.1]', 'routed.example', 'given.example'];
  const sent = ['backup.example', 'neighbour.example'];
  const expected = await inject(
    headgate.port,
    sent.map((domain) => ({ domain, messages: 2 })),
  );
  await inject(
    headgate.port,
    gone.map((domain) => ({ domain, messages: 1 })),
  );
  await receivers.whenArrived(expected);
  const failures = await headgate.mainlog.waitFor(isRecord('P'), 4);
  for (const line of failures) assert.match(line, /554 5\.4\.6 \[internal\] Mail loop: .*\[127\.0\.0\.1\]:\d+/);
  const failed = failures.map((line) => fieldsOf(line)[5]).sort();
  assert.deepEqual(failed, ['127.0.0.1', '[127.0.0.1]', 'only.example', 'routed.example']);
  // Two of each: the server took in nothing that it had sent out itself.
  assert.equal((await headgate.mainlog.waitFor(isRecord('R'), 8)).length, 8);
  assert.deepEqual(
    ['better.example', 'worse.example'].map((name) => receivers.count(name).messages),
    [2, 2],
  );
  const backup = (await headgate.console('domain backup.example')).text;
  assert.match(
    backup,
    /^own\.example is this server itself: it and hosts of the same or a worse preference are left out$/m,
  );
  assert.doesNotMatch(backup, /worse\.example/);
  assert.match((await headgate.console('domain only.example')).text, /^Domain has no route: 554 5\.4\.6 /m);
});

test('who routes to this server hears of it at once', { timeout }, async (t) => {
  const headgate = await Headgate.start(t, '');
  await headgate.stop();
  headgate.configure(
    `Routes = ( "127.0.0.7" )\nRemote_SMTP_Port = ${headgate.port}\nESMTP_Listener { Listen "127.0.0.7:${headgate.port}" {} }`,
  );
  await headgate.start();
  await headgate.paniclog.waitFor(
    (line) => /routes: found "127\.0\.0\.7", where this server itself takes mail/.test(line),
    1,
  );
});
