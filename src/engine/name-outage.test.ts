// An outage of the name service as the operator sees it, at the real engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';

const HOUR = 3600;
/** Longer than the mail of the first test could be retried for, if attempts were counted. */
const OUTAGE = { fromMs: 0, untilMs: 12 * HOUR * 1000 };

test('mail of many domains waits through an outage without a record, and all of it goes out when it is over', () => {
  const site = new VirtualSite({
    configuration: 'Max_Retries = 1\nRetry_Interval = 60\nDNS_Failures_To_Purge = 1\n',
    answer: () => '250 ok',
    nameOutage: OUTAGE,
  });
  for (const domain of ['foo.com', 'bar.com', 'example.com'])
    for (let count = 0; count < 5; count++) site.submit('<a@sender.example>', `<b@${domain}>`);
  site.runUntil(12 * HOUR - 1);
  assert.deepEqual([site.main('T'), site.main('P'), site.received], [[], [], []]);
  site.runUntil(13 * HOUR);
  assert.deepEqual([site.main('T'), site.main('P')], [[], []]);
  assert.equal(site.received.length, 15);
  assert.ok(
    site.received.every(({ atSeconds }) => atSeconds < 12 * HOUR + 60),
    'it goes on soon',
  );
  const panic = site.lines.filter(({ log }) => log === 'panic').map(({ text }) => text);
  assert.equal(panic.length, 2);
  assert.match(panic[0]!, /no name server answers anything/);
  assert.match(panic[1]!, /a name server answers again/);
});

test('mail whose time is over in an outage fails, as it would in any wait', () => {
  const site = new VirtualSite({
    configuration: 'Message_Expiration = 7200\nGenerate_Bounces = false\n',
    answer: () => '250 ok',
    nameOutage: OUTAGE,
  });
  site.submit('<a@sender.example>', '<b@foo.com>');
  site.runUntil(2 * HOUR - 60);
  assert.deepEqual(site.main('P'), []);
  site.runUntil(2 * HOUR + 60);
  assert.equal(site.main('P').length, 1);
  assert.match(site.main('P')[0]!.text, /exceeded max time without delivery/);
});
