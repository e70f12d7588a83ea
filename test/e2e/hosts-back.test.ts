// A host that was set aside is back: the operator says so, and mail does not wait for Host_Failure_Retry.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isRecord } from '../support/records.ts';

for (const command of ['flush domain down.example', 'binding flush domain default down.example']) {
  test(`${command}: mail goes to a host that had refused us, at once`, { timeout: 60_000 }, async (t) => {
    const receivers = await Receivers.open(t, ['down.example'], {
      behaviour: { refusals: [{ stage: 'banner', code: 421, rate: 1 }] },
    });
    const headgate = await Headgate.start(t, `Host_Failure_Retry = 3600\n${receivers.routes}`);
    const accepted = await inject(headgate.port, [{ domain: 'down.example', messages: 5 }]);
    await headgate.mainlog.waitFor(isRecord('T', 'down.example'), 1);
    const why = async () => (await headgate.console('why default down.example')).text;
    assert.match(await why(), /Waits for a host that can be reached[\s\S]*To change: flush domain down\.example/);

    receivers.behave({ refusals: [] });
    const { text, failed } = await headgate.console(command);
    assert.match(text, /^down\.example flushed\. {2}\d+ messages requeued\.\n$/);
    assert.equal(failed, false);
    await receivers.whenArrived(accepted);
  });
}

test('a Host_Failure_Retry that is made less holds for the wait that runs', { timeout: 60_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['down.example'], {
    behaviour: { refusals: [{ stage: 'banner', code: 421, rate: 1 }] },
  });
  const headgate = await Headgate.start(t, `Host_Failure_Retry = 3600\n${receivers.routes}`);
  await inject(headgate.port, [{ domain: 'down.example', messages: 2 }]);
  await headgate.mainlog.waitFor(isRecord('T', 'down.example'), 1);
  receivers.behave({ refusals: [] });
  assert.equal((await headgate.console('config set host_failure_retry 1')).failed, false);
  await headgate.mainlog.waitFor(isRecord('D', 'down.example'), 1);
});

test('a host that refuses MX_Failures_To_Delay times has all mail of its domain delayed', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['down.example'], {
    behaviour: { refusals: [{ stage: 'banner', code: 421, rate: 1 }] },
  });
  const options = 'Host_Failure_Retry = 1\nMX_Failures_To_Delay = 2\n';
  const headgate = await Headgate.start(t, `${options}${receivers.routes}`);
  await inject(headgate.port, [{ domain: 'down.example', messages: 10 }]);
  const swept = (line: string) => isRecord('T', 'down.example')(line) && line.includes('no MXs for this domain');
  await headgate.mainlog.waitFor(swept, 1);
});
