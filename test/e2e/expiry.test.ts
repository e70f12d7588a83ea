// Mail expires on time whatever keeps it, at a real server: with the record, and with a notice to its sender.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { fieldsOf, isRecord } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const EXPIRATION_SECONDS = 3;
const KEPT = ['suspended', 'throttled', 'quiet', 'down', 'full', 'address'].map((what) => `${what}.example`);

test('mail that a limit, a throttle, an order or a host keeps expires on time', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, [...KEPT, 'origin.example']);
  receivers.sink.shut(receivers.endpoint('down.example'));
  const schedule = join(temporaryDirectory(t), 'schedule');
  writeFileSync(schedule, '* quiet.example on * * * * *\n');
  const headgate = await Headgate.start(
    t,
    `${receivers.routes}
Host_Failure_Retry = 600
Domain "/^(${KEPT.map((domain) => domain.replace('.', '\\.')).join('|')})$/" { Message_Expiration = ${EXPIRATION_SECONDS} }
Domain "suspended.example" { Suspend_Delivery = true }
Domain "throttled.example" { Outbound_Throttle_Messages = "1/3600" }
Domain "full.example" { Max_Outbound_Connections = 0 }
Binding "elsewhere" { Bind_Address = "192.0.2.9" }
curfew { Schedule_File = "${schedule}" }
`,
  );
  await inject(
    headgate.port,
    KEPT.map((domain) => ({
      domain,
      messages: 2,
      binding: domain === 'address.example' ? 'elsewhere' : null,
    })),
  );
  // One message had the only token of the throttle.
  await headgate.mainlog.waitFor(isRecord('P'), 2 * KEPT.length - 1);
  for (const domain of KEPT) {
    const records = headgate.mainlog.lines().filter(isRecord('P', domain));
    assert.equal(records.length, domain === 'throttled.example' ? 1 : 2, domain);
    for (const record of records) {
      const fields = fieldsOf(record);
      assert.equal(fields.at(-1), '554 5.4.7 [internal] exceeded max time without delivery', domain);
      assert.ok(Number(fields[11]) >= EXPIRATION_SECONDS, `${domain} after ${fields[11]} s`);
    }
  }
  assert.deepEqual(
    new Set(
      headgate.mainlog
        .lines()
        .filter(isRecord('T'))
        .map((line) => fieldsOf(line)[5]),
    ),
    new Set(['down.example']),
    'only a host that failed makes attempts',
  );
  await headgate.mainlog.waitFor(isRecord('D', 'origin.example'), 2 * KEPT.length - 1); // the notices
});
