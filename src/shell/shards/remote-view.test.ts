// A view over a port: what is asked and answered is what it is without the port, lists come page by page, and nothing hangs
// when the other end is gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { domainRow, fakeServer } from '../../../test/support/fake-server.ts';
import { VirtualSite } from '../../../test/support/virtual-site.ts';
import { ShardGone } from '../../core/base/shard-gone.ts';
import { collectPages, type Pages } from '../../core/console/pages.ts';
import type { ServerView } from '../../core/console/server-view.ts';
import type { TraceRequest } from '../../core/console/trace-view.ts';
import { RemoteView } from './remote-view.ts';
import { ROWS_PER_MESSAGE, serveView } from './serve-view.ts';

async function over<T>(view: ServerView, ask: (remote: RemoteView) => Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  serveView(view, port2);
  const remote = new RemoteView(port1, 'shard 2');
  try {
    return await ask(remote);
  } finally {
    remote.close();
    await once(port2, 'close');
  }
}

const LISTS =
  /^(?:server\.(?:domains|domainsOfBinding|queues|bindings|outbound|inbound|messages|throttles)|dns\.kept|tlsReports\.domains|curfew\.states|limits\.(?:open|waiting))$/;
const PARTS = ['dns', 'policies', 'tlsReports', 'tls', 'curfew', 'limits'] as const;

/** Every method of it says what it was called with. */
function echoOf(part: string, names: readonly string[]): Record<string, (...args: unknown[]) => unknown> {
  const methods = names.map((name) => {
    const called = `${part}.${name}`;
    async function* list(...args: unknown[]) {
      yield [[called, args]];
    }
    return [name, LISTS.test(called) ? list : async (...args: unknown[]) => [called, args]];
  });
  return Object.fromEntries(methods);
}

const methodsOf = (part: object): string[] => {
  const prototype: object = Object.getPrototypeOf(part);
  const inherited = prototype === Object.prototype ? [] : Object.getOwnPropertyNames(prototype);
  const names = [...Object.keys(part), ...inherited];
  return names.filter((name) => name !== 'constructor' && typeof (part as never)[name] === 'function');
};

test('every method is called with its arguments and gives its answer', async () => {
  const whole = fakeServer() as unknown as Record<string, object>;
  const ownMethods = Object.keys(whole).filter((name) => typeof whole[name] === 'function' && name !== 'nextTurn');
  const parts = PARTS.map((name) => [name, echoOf(name, methodsOf(whole[name]!))]);
  const echo = { ...whole, ...echoOf('server', ownMethods), ...Object.fromEntries(parts) } as unknown as ServerView;
  await over(echo, async (remote) => {
    const asked = [['server', ownMethods] as const, ...PARTS.map((name) => [name, methodsOf(whole[name]!)] as const)];
    for (const [part, names] of asked) {
      const target = (part === 'server' ? remote : remote[part]) as unknown as ReturnType<typeof echoOf>;
      for (const name of names) {
        const called = `${part}.${name}`;
        const args = ['a', null, 3].slice(0, Math.max(target[name]!.length, 0));
        const answer = target[name]!(...args);
        const value = LISTS.test(called) ? (await collectPages(answer as Pages<unknown>))[0] : await answer;
        assert.deepEqual(value, [called, args]);
      }
    }
    await remote.nextTurn();
  });
});

test('what a real engine shows survives the way', async () => {
  const quietHours = '* foo.com on * * * * *\n';
  const site = new VirtualSite({
    configuration: 'Max_Outbound_Connections = 1\n',
    answer: () => '450 later',
    quietHours,
  });
  for (const to of ['<a@example.com>', '<b@example.com>', '<c@foo.com>']) site.submit('<news@sender.example>', to);
  site.runUntil(site.seconds + 1);
  const { server } = site;
  const list = { domain: 'example.com', binding: null, queue: null };
  await over(server, async (remote) => {
    for (const ask of [
      (view) => view.summary(),
      (view) => collectPages(view.domains()),
      (view) => view.domain('example.com'),
      (view) => view.domain('none.example'),
      (view) => collectPages(view.queues()),
      (view) => collectPages(view.bindings()),
      (view) => collectPages(view.messages(list, 10, 0)),
      (view) => view.countMessages(list),
      (view) => view.why('default', 'example.com'),
      (view) => view.why('default', 'foo.com'),
      (view) => view.curfew.schedule(),
      (view) => collectPages(view.curfew.states()),
      (view) => view.curfew.keeps('default', 'foo.com'),
      (view) => collectPages(view.limits.waiting()),
      (view) => view.limits.usesOf('max_outbound_connections', { binding: 'default', domain: 'example.com' }, null),
    ] as ((view: ServerView) => Promise<unknown>)[]) {
      assert.deepEqual(await ask(remote), await ask(server), String(ask));
    }
  });
});

test('property: a list is read in order, in messages of bounded length, as far as its reader goes, and is over then', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 3 * ROWS_PER_MESSAGE }), { maxLength: 4 }),
      fc.nat(10),
      async (lengths, pagesRead) => {
        let made = 0;
        const { promise: isOver, resolve } = Promise.withResolvers<void>();
        async function* domains() {
          try {
            for (const length of lengths) yield Array.from({ length }, () => domainRow('a.com', made++, 0, 0, 0));
          } finally {
            resolve();
          }
        }
        await over({ ...fakeServer(), domains }, async (remote) => {
          const found: number[] = [];
          const pages = remote.domains();
          let read = 0;
          for await (const page of pages) {
            assert.ok(page.length > 0 && page.length <= ROWS_PER_MESSAGE);
            found.push(...page.map(({ connections }) => connections));
            read += 1;
            if (read > pagesRead) break;
          }
          assert.deepEqual(
            found,
            Array.from({ length: found.length }, (_, index) => index),
          );
          if (read <= pagesRead) assert.equal(found.length, made);
          await isOver;
        });
      },
    ),
    { numRuns: 40 },
  );
});

test('nothing is made before it is asked for', async () => {
  let pages = 0;
  async function* domains() {
    for (;;) {
      pages += 1;
      yield [domainRow('a.com', pages, 0, 0, 0)];
    }
  }
  await over({ ...fakeServer(), domains }, async (remote) => {
    const list = remote.domains()[Symbol.asyncIterator]();
    for (const expected of [1, 2, 3]) {
      await list.next();
      await remote.watchdog(); // whatever was on its way before has been done
      assert.equal(pages, expected);
    }
    await list.return?.(undefined);
  });
});

test('an error comes back as one, and the port goes on', async () => {
  const broken = {
    ...fakeServer(),
    summary: () => Promise.reject(new Error('no such luck')),
    domains: async function* () {
      yield [domainRow('a.com', 0, 0, 0, 0)];
      throw new Error('torn');
    },
    watchdog: (() => Promise.resolve(() => {})) as never, // cannot be sent
  };
  await over(broken, async (remote) => {
    await assert.rejects(remote.summary(), /^Error: shard 2: Error: no such luck/);
    await assert.rejects(collectPages(remote.domains()), /torn/);
    await assert.rejects(remote.watchdog(), /could not be cloned/);
    assert.equal(await remote.flush({ domain: null, binding: null }), 12_521);
  });
});

test('dialogues: what is heard, the end, and a tracer that nobody knows', async () => {
  const site = new VirtualSite({ configuration: '', answer: () => '250 ok' });
  const request: TraceRequest = {
    binding: null,
    domain: null,
    address: null,
    owner: 'test',
    linesMax: 100,
    ms: 60_000,
  };
  await over(site.server, async (remote) => {
    const tracer = (await remote.traces.begin(request))!;
    assert.deepEqual(
      (await remote.traces.list()).map(({ id }) => id),
      [tracer.id],
    );
    const first = tracer.next();
    await remote.watchdog();
    site.submit('<news@sender.example>', '<a@example.com>');
    site.runUntil(site.seconds + 1);
    assert.equal((await first)?.lines[0]?.text, 'connected');
    tracer.stop();
    while ((await tracer.next()) !== null);
    assert.deepEqual(await remote.traces.list(), []);
    assert.equal(await remote.traces.remove(99), false);
  });
});

test('a reader whose thread is gone leaves its lists and tracers', async () => {
  const { promise: isOver, resolve } = Promise.withResolvers<void>();
  async function* domains() {
    try {
      for (;;) yield [domainRow('a.com', 0, 0, 0, 0)];
    } finally {
      resolve();
    }
  }
  const { port1, port2 } = new MessageChannel();
  serveView({ ...fakeServer(), domains }, port2);
  await new RemoteView(port1, 'shard 2').domains()[Symbol.asyncIterator]().next();
  port1.close();
  await isOver;
});

const WAY_OUT = {
  'in order': 'process.exit(0)',
  'with an error': 'throw new Error("the end")',
} as const;

for (const [id, end] of Object.entries(WAY_OUT)) {
  test(`a thread that ends ${id} while it is asked: all that waits fails, and so does what comes after`, async () => {
    const { port1, port2 } = new MessageChannel();
    const code = `require('node:worker_threads').workerData.on('message', () => { ${end} })`;
    const worker = new Worker(code, { eval: true, workerData: port2, transferList: [port2 as MessagePort] });
    worker.on('error', () => {});
    const remote = new RemoteView(port1, 'shard 2');
    const isGone = (error: unknown): boolean =>
      error instanceof ShardGone && error.message.startsWith('shard 2 has ended');
    await Promise.all([
      assert.rejects(remote.summary(), isGone),
      assert.rejects(remote.flush({ domain: null, binding: null }), isGone),
      assert.rejects(collectPages(remote.domains()), isGone),
    ]);
    await assert.rejects(remote.watchdog(), isGone);
  });
}
