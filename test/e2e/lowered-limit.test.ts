// A limit that is lowered by `config set` under load, and raised again.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure } from '../support/records.ts';

test('30, then 3, then 30: nothing is cut, 3 are kept to, 30 are used within a second', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], {
    behaviour: { delays: { final: { from: 100, to: 100 } } },
  });
  const { sink } = receivers;
  const counted = { destination: receivers.endpoint('example.com') };
  const headgate = await Headgate.start(
    t,
    `Max_Outbound_Connections = 30\nSuspend_Delivery = true\n${receivers.routes}`,
  );
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 2_000 }]);
  await headgate.console('config set suspend_delivery false');
  await sink.whenConnections(30, counted);

  const lowered = await headgate.console('config set max_outbound_connections 3');
  assert.deepEqual(lowered, { text: 'Max_Outbound_Connections = 3\n', failed: false });
  const whenAnswered = receivers.count('example.com').messages;
  await sink.when(() => receivers.count('example.com').now <= 3);
  // What ran when the answer came: on each connection a message, and with pipelining the envelope of one more.
  const whileClosing = receivers.count('example.com').messages - whenAnswered;
  assert.ok(whileClosing <= 60, `${whileClosing} messages went out while surplus connections closed`);

  const peakWhileLowered = receivers.watchPeak(counted);
  await sink.whenReceived(receivers.count('example.com').messages + 60);
  assert.equal(peakWhileLowered(), 3);

  const askedAt = performance.now();
  await headgate.console('config set max_outbound_connections 30');
  await sink.whenConnections(30, counted);
  const tookMs = performance.now() - askedAt;
  t.diagnostic(`30 connections again after ${Math.round(tookMs)} ms`);
  // A fraction of a second on a machine at rest; what this must tell apart is a wake-up from the next scan or retry.
  assert.ok(tookMs < 5_000, `30 connections after ${Math.round(tookMs)} ms`);

  receivers.behave({});
  await receivers.whenArrived(accepted);
  assert.equal(receivers.count('example.com').peak, 30);
  assert.equal(sink.arrivals.repeated, 0);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'no transaction was cut');
});
