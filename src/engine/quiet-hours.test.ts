// What the log and the console say of quiet hours, at the real engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';

test('paniclog has a line when quiet hours begin and one when they end, whatever mail there is', async () => {
  const options = {
    configuration: '',
    answer: () => '250 ok',
    quietHours: '* * on 30-59 1 * * *\n* foo.com on * 0 * * *\n',
  };
  const site = new VirtualSite(options);
  const lines = () =>
    site.lines.filter(({ log }) => log === 'panic').map(({ atSeconds, text }) => `${Math.round(atSeconds)} ${text}`);
  for (let count = 0; count < 20; count++) site.submit('<a@sender.example>', '<b@foo.com>', '<b@bar.com>');
  site.runUntil(4 * 3600);
  const begun = '0 curfew: rule #2 engaged (binding=* domain=foo.com)';
  assert.deepEqual(lines(), [
    begun,
    '3600 curfew: rule #2 lifted (binding=* domain=foo.com)',
    '5400 curfew: rule #1 engaged (binding=* domain=*)',
    '7200 curfew: rule #1 lifted (binding=* domain=*)',
  ]);
  options.quietHours = '* * on * 3-4 * * *';
  site.reload();
  site.reload();
  assert.equal(lines().length, 5);
  assert.match(lines()[4]!, / curfew: rule #1 engaged \(binding=\* domain=\*\)$/);
  const { curfew } = site.server;
  assert.equal((await curfew.schedule())?.rules.length, 1);
  assert.equal(await curfew.keeps('default', 'any.example'), true);
});

test('without a schedule nothing is said and nothing is woken for it', async () => {
  const site = new VirtualSite({ configuration: '', answer: () => '250 ok' });
  site.runUntil(3600);
  assert.deepEqual([site.lines, await site.server.curfew.schedule()], [[], null]);
});
