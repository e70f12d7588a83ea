// The settings change that connections are opened with, at the real engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';

test('a connection to a host that does not answer is given up when mail is to go elsewhere', async () => {
  const options = {
    configuration: 'Routes = ( "192.0.2.99" )\nConnect_Timeout = 300\nMax_Outbound_Connections = 1\n',
    answer: () => '250 ok',
  };
  const site = new VirtualSite(options);
  site.submit('<news@sender.example>', '<a@example.com>');
  site.runUntil(10);
  assert.equal((await site.server.domain('example.com'))?.sessions.length, 1, 'it connects');
  options.configuration = options.configuration.replace('192.0.2.99', '192.0.2.25');
  site.reload();
  const changedAt = site.seconds;
  site.runUntil(changedAt + 5);
  assert.equal(site.received.length, 1);
  // The only slot is held for a second: the handshake may just have completed.
  const tookSeconds = site.received[0]!.atSeconds - changedAt;
  assert.ok(tookSeconds >= 1 && tookSeconds < 2, `${tookSeconds} s`);
  assert.deepEqual(site.main('T'), [], 'no attempt has failed');
});
