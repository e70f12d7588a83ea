// A limit at a receiver that does what receivers do on their worst day, while the operator changes the limit: it is
// reached, it is not passed, and the mail arrives.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { SinkBehaviour } from '../../src/cli/sink-behaviour.ts';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';

const LIMIT = 10;

const UNRULY: Partial<SinkBehaviour> = {
  delays: { banner: { from: 0, to: 150 }, mail: { from: 0, to: 5 }, final: { from: 0, to: 20 } },
  breaks: [
    { stage: 'banner', how: 'reset', rate: 0.05 },
    { stage: 'mail', how: 'hangUp', rate: 0.02 },
    { stage: 'body', how: 'reset', rate: 0.02 },
    { stage: 'final', how: 'hangUp', rate: 0.01 },
    { stage: 'quit', how: 'reset', rate: 0.2 },
  ],
  refusals: [
    { stage: 'banner', code: 421, rate: 0.05 },
    { stage: 'rcpt', code: 450, rate: 0.02 },
  ],
  messagesPerConnection: 15,
  idleTimeoutMs: 300,
  holdAfterQuit: { from: 0, to: 100 },
};

test('slow banners, resets, hang-ups, 421 and reloads', { timeout: 110_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], { behaviour: UNRULY });
  const { sink } = receivers;
  const configuration = (limit: number): string =>
    `Max_Outbound_Connections = ${limit}
     Retry_Interval = 1
     Max_Retry_Interval = 1
     Domain "example.com" { Host_Failure_Retry = 1 }
     ${receivers.routes}`;
  const headgate = await Headgate.start(t, configuration(LIMIT));
  const counted = { destination: receivers.endpoint('example.com') };
  let accepted = new Map(await inject(headgate.port, [{ domain: 'example.com', messages: 800 }]));
  await sink.whenReceived(200);
  for (const limit of [4, LIMIT, 1, LIMIT]) {
    headgate.configure(configuration(limit));
    assert.equal((await headgate.console('config reload')).failed, false);
    await sink.when(() => receivers.count('example.com').now <= limit);
    const peak = receivers.watchPeak(counted);
    accepted = new Map([...accepted, ...(await inject(headgate.port, [{ domain: 'example.com', messages: 200 }]))]);
    await sink.whenReceived(sink.counts.total.messages + 50);
    assert.ok(peak() <= limit, `${peak()} connections under a limit of ${limit}`);
  }
  receivers.behave({});
  await headgate.console('flush domain example.com');
  await receivers.whenArrived(accepted);
  assert.equal(receivers.count('example.com').peak, LIMIT);
  const { breaks, refusals, violations } = sink.snapshot();
  assert.ok(breaks > 0 && refusals > 0, 'it was an ordinary day');
  assert.equal(violations, 0);
});
