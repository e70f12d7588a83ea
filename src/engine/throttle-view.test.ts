// What the console is told of throttles, at the real engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { collectPages } from '../core/console/pages.ts';

test('who waits for a throttle is counted in queues, however they wait', async () => {
  const configuration = 'Outbound_Throttle_Messages = "2/3600"\nIdle_Timeout = 7200\n';
  const site = new VirtualSite({ configuration, answer: () => '250 ok' });
  for (let message = 0; message < 40; message++) site.submit('<news@sender.example>', `<${message}@example.com>`);
  site.runUntil(10);
  // It waits twice: for a connection more, and for the next message on the one that it has.
  assert.deepEqual(
    (await collectPages(site.server.throttles(null))).map((row) => row.waiting),
    [1],
  );
});

test('a queue whose idle connection has gone meanwhile is counted once, too', async () => {
  const configuration = 'Outbound_Throttle_Messages = "1/15"\nIdle_Timeout = 20\n';
  const site = new VirtualSite({ configuration, answer: () => '250 ok' });
  for (let message = 0; message < 10; message++) {
    for (const domain of ['example.com', 'bar.com']) site.submit('<news@sender.example>', `<${message}@${domain}>`);
  }
  // Each in turn gets a token, and its connection is closed before the next.
  for (let second = 1; second < 60; second++) {
    site.runUntil(second);
    assert.deepEqual(
      (await collectPages(site.server.throttles(null))).map((row) => row.waiting),
      [2],
      `after ${second} s`,
    );
  }
});
