// `domain` shows a host that one binding has set aside, although another uses it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isRecord } from '../support/records.ts';

test('an address that one binding has set aside has its mark', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['down.example'], {
    behaviour: { refusals: [{ stage: 'banner', code: 421, rate: 1 }] },
  });
  const headgate = await Headgate.start(
    t,
    `Host_Failure_Retry = 3600\nIdle_Timeout = 3600\nBinding "other" { }\n${receivers.routes}`,
  );
  const line = async (): Promise<string | undefined> =>
    (await headgate.console('domain down.example')).text.split('\n').find((one) => one.includes('] IPv4'));
  await inject(headgate.port, [{ domain: 'down.example', messages: 2 }]);
  await headgate.mainlog.waitFor(isRecord('T', 'down.example'), 1);
  assert.match((await line())!, /^ \* {6}\[127\.0\.1\.1\] .* [\d.]+s since failure$/);

  receivers.behave({ refusals: [] });
  await receivers.sink.when(() => receivers.count('down.example').now === 0);
  await inject(headgate.port, [{ domain: 'down.example', messages: 1, binding: 'other' }]);
  await headgate.mainlog.waitFor(isRecord('D', 'down.example'), 1);
  assert.match((await line())!, /^ => \* {3}\[127\.0\.1\.1\] .* [\d.]+s since failure \(binding "default"\)$/);
});
