// A limit far above the default, reached exactly, with sixteen times as many messages waiting.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';

const CONNECTIONS = 1_500;

test('1,500 connections to one domain are reached, and no more', { timeout: 600_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], {
    behaviour: { delays: { banner: { from: 500, to: 500 }, final: { from: 1_000, to: 1_000 } } },
  });
  const headgate = await Headgate.start(
    t,
    `Max_Outbound_Connections = ${CONNECTIONS}\nSuspend_Delivery = true\n${receivers.routes}`,
    { shell: `ulimit -n ${4 * CONNECTIONS}; exec` },
  );
  const accepted = await inject(headgate.port, [{ domain: 'example.com', messages: 16 * CONNECTIONS }]);
  await headgate.console('config set suspend_delivery false');
  await receivers.sink.whenConnections(CONNECTIONS);
  receivers.behave({ delays: { final: { from: 20, to: 20 } } });
  await receivers.whenArrived(accepted);
  assert.equal(receivers.count('example.com').peak, CONNECTIONS);
  assert.equal(receivers.sink.arrivals.repeated, 0);
});
