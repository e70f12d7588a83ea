// Long lists, at the real engine: they come in pages, and time passes between them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import type { Pages } from '../core/console/pages.ts';
import { ROWS_PER_TURN } from '../core/console/pages.ts';
import type { ServerView } from '../core/console/server-view.ts';

const MESSAGES = 2 * ROWS_PER_TURN + 10;
const HELD = 'Suspend_Delivery = true\n';
const LIST = { domain: 'example.com', binding: null, queue: null };

function siteWith(domainOf: (index: number) => string): VirtualSite {
  const site = new VirtualSite({ configuration: HELD, answer: () => '250 ok' });
  for (let index = 0; index < MESSAGES; index++) site.submit('<a@sender.example>', `<u${index}@${domainOf(index)}>`);
  return site;
}

for (const [name, list, domainOf] of [
  ['domains', (server) => server.domains(), (index) => `d${index}.example`],
  ['domains of a binding', (server) => server.domainsOfBinding('default'), (index) => `d${index}.example`],
  ['queues', (server) => server.queues(), (index) => `d${index}.example`],
  ['messages', (server) => server.messages(LIST, MESSAGES, 0), () => 'example.com'],
  ['waiting mail', (server) => server.limits.waiting(), (index) => `d${index}.example`],
] as [string, (server: ServerView) => Pages<unknown>, (index: number) => string][]) {
  test(`${name}: a page in a turn`, async () => {
    const site = siteWith(domainOf);
    const pages = list(site.server)[Symbol.asyncIterator]();
    const lengths: number[] = [];
    const startedAt = site.seconds;
    for (let next = await pages.next(); !next.done; ) {
      lengths.push(next.value.length);
      const following = pages.next();
      site.runUntil(site.seconds + 1);
      next = await following;
    }
    assert.deepEqual(lengths, [ROWS_PER_TURN, ROWS_PER_TURN, 10]);
    assert.ok(site.seconds - startedAt > 0, 'others have had their turns');
  });
}

for (const [limit, offset, expected] of [
  [1, 0, ['u0']],
  [2, 1, ['u1', 'u2']],
  [5, MESSAGES - 1, [`u${MESSAGES - 1}`]],
  [5, MESSAGES, []],
  [5, MESSAGES + 1, []],
  [0, 0, []],
] as const) {
  test(`messages: ${limit} from ${offset} on`, async () => {
    const site = siteWith(() => 'example.com');
    const found: string[] = [];
    for await (const page of site.server.messages(LIST, limit, offset)) {
      found.push(...page.map(({ recipient }) => recipient.split('@')[0]!));
    }
    assert.deepEqual(found, expected);
    assert.equal(await site.server.countMessages(LIST), MESSAGES);
    assert.equal(await site.server.countMessages({ ...LIST, queue: 'delayed' }), 0);
  });
}
