// Mail of several shards as that of one server: lists that go right across them, and two real engines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fakeServer, type GivenServer } from '../../test/support/fake-server.ts';
import { VirtualSite } from '../../test/support/virtual-site.ts';
import { wallMs } from '../core/base/moment.ts';
import { collectPages } from '../core/console/pages.ts';
import type { QueuedMessage } from '../core/console/server-view.ts';
import { ShardsView } from './shards-view.ts';

const AT = wallMs(1_070_244_212_345);
const LIST = { domain: 'a.com', binding: null, queue: null };
const ANY = { domain: null, binding: null, header: null };

const message = (id: string, queue: 'active' | 'delayed' = 'active'): QueuedMessage => ({
  queue,
  binding: 'default',
  id,
  createdAt: AT,
  reversePath: null,
  recipient: 'x@a.com',
});

/** The lists of a shard that has these messages. */
function withMessages(all: readonly QueuedMessage[]): GivenServer {
  const matching = (queue: QueuedMessage['queue'] | null) => all.filter((one) => queue === null || one.queue === queue);
  return {
    messages: ({ queue }, limit, offset) => matching(queue).slice(offset, offset + limit),
    countMessages: ({ queue }) => matching(queue).length,
  };
}

test('property: limit and offset go right across shards, active mail first', async () => {
  const shard = fc.record({ active: fc.nat(4), delayed: fc.nat(4) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(shard, { minLength: 1, maxLength: 4 }),
      fc.nat(12),
      fc.nat(12),
      fc.constantFrom(null, 'active' as const, 'delayed' as const),
      async (shards, limit, offset, queue) => {
        const mail = shards.map(({ active, delayed }, place) => [
          ...Array.from({ length: active }, (_, index) => message(`${place}a${index}`)),
          ...Array.from({ length: delayed }, (_, index) => message(`${place}d${index}`, 'delayed')),
        ]);
        const inOrder = (['active', 'delayed'] as const)
          .filter((one) => queue === null || one === queue)
          .flatMap((one) => mail.flatMap((own) => own.filter((each) => each.queue === one)));
        const view = new ShardsView(mail.map((own) => fakeServer(withMessages(own))));
        const found = await collectPages(view.messages({ ...LIST, queue }, limit, offset));
        assert.deepEqual(found, inOrder.slice(offset, offset + limit));
        assert.equal(await view.countMessages({ ...LIST, queue }), inOrder.length);
      },
    ),
  );
});

test('two engines: what is found, counted and failed in both', async () => {
  const configuration = 'Suspend_Delivery = true\n';
  const sites = [1, 2].map(() => new VirtualSite({ configuration, answer: () => '250 ok' }));
  for (const [index, site] of sites.entries()) {
    for (let count = 0; count <= index; count++) site.submit('<a@sender.example>', '<b@example.com>');
  }
  const view = new ShardsView(sites.map(({ server }) => server));
  const done = async <T>(promise: Promise<T>): Promise<T> => {
    for (const site of sites) site.runUntil(site.seconds + 1);
    return promise;
  };
  const { activeMessages, received } = await view.summary();
  assert.deepEqual([activeMessages, received], [3, 3]);
  assert.deepEqual(
    (await collectPages(view.domains())).map(({ domain, active }) => [domain, active]),
    [['example.com', 3]],
  );
  const explained = await view.why('default', 'example.com');
  assert.deepEqual([explained?.reason.kind, explained?.active], ['suspended', 3]);
  const ids = (await collectPages(view.messages({ ...LIST, domain: 'example.com' }, 10, 0))).map(({ id }) => id);
  assert.equal(ids.length, 3);
  assert.equal((await done(view.findMessage(ids[2]!)))?.id, ids[2]);
  const failed = await done(
    view.failDomain({ ...ANY, domain: 'example.com', quiet: true, reply: '554 x', dryRun: false }),
  );
  assert.equal(failed.count, 3);
  assert.equal(await view.countMessages({ ...LIST, domain: 'example.com' }), 0);
});
