// A machine that gives the server fewer descriptors than its limits ask for: the mail waits, and nobody else is blamed.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import test from 'node:test';
import { Headgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure, isRecord } from '../support/records.ts';

test('512 descriptors: outbound connections stop before them, all else goes on', { timeout: 120_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], {
    behaviour: { delays: { final: { from: 400, to: 400 } } },
  });
  const { sink } = receivers;
  const headgate = await Headgate.start(
    t,
    `Max_Outbound_Connections = 1000\nSuspend_Delivery = true\n${receivers.routes}`,
    { shell: 'ulimit -n 512; exec' },
  );
  const waiting = await inject(headgate.port, [{ domain: 'example.com', messages: 4_000 }]);
  await headgate.console('config set suspend_delivery false');
  const isTold = (line: string): boolean => /no more outbound connections .*`ulimit -n` or LimitNOFILE=/.test(line);
  await headgate.paniclog.waitFor(isTold);
  await sink.when(() => receivers.count('example.com').now >= 300);

  // reception, console and logs while outbound connections have all that they may have
  const late = await inject(headgate.port, [{ domain: 'example.com', messages: 10 }]);
  assert.match((await headgate.console('show outbound')).text, /127\.0\.1\.1/);
  renameSync(headgate.mainlog.path, `${headgate.mainlog.path}.1`);
  assert.equal((await headgate.console('reopen logs')).failed, false);
  await headgate.mainlog.waitFor(isRecord('D'));
  assert.ok(receivers.count('example.com').now >= 300);

  await receivers.whenArrived(new Map([...waiting, ...late]));
  assert.equal(receivers.count('example.com').peak, 512 - 128);
  assert.equal(sink.arrivals.repeated, 0);
  const rotated = new LogFile(`${headgate.mainlog.path}.1`);
  assert.deepEqual([...rotated.lines(), ...headgate.mainlog.lines()].filter(isFailure), [], 'no retry was counted');
  const { text } = await headgate.console('domain example.com');
  assert.doesNotMatch(text, /since failure/, 'no host was set aside');
  assert.equal(headgate.paniclog.lines().filter(isTold).length, 1, 'once a minute at most');
});
