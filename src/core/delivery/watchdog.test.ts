// A scheduler that loses a wake-up on purpose: a copy of the source with a mistake in it. The watchdog finds the queue, says
// so once, and the mail goes out; in the scheduler as it is there is nothing to find.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { candidate, nodeLimits, SchedulerBench } from '../../../test/support/scheduler-bench.ts';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCHEDULER = 'src/core/delivery/scheduler.ts';
const LEDGER = 'src/core/limits/ledger.ts';

/** The bench with a scheduler in whose source the first line of `text` is left out. */
async function benchWithout(t: TestContext, file: string, text: string): Promise<typeof SchedulerBench> {
  const directory = temporaryDirectory(t);
  for (const name of ['package.json', 'src/core', 'test/support/scheduler-bench.ts'])
    cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const parts = readFileSync(join(ROOT, file), 'utf8').split(text);
  assert.equal(parts.length, 2, `${file} does not have exactly once: ${text}`);
  writeFileSync(join(directory, file), parts.join(text.replace(/^.*\n/, '')));
  const module = await import(pathToFileURL(join(directory, 'test/support/scheduler-bench.ts')).href);
  return module.SchedulerBench;
}

/** Another queue of the binding waits for the slot of the connection that is closed. */
function freeASlot(bench: SchedulerBench): void {
  bench.add(1, 'a.example');
  bench.establish();
  bench.add(1, 'b.example');
  bench.deliver(bench.connections[0]!);
  bench.close(bench.connections[0]!);
}

function reload(bench: SchedulerBench): void {
  bench.add(1, 'b.example');
  bench.settings = { bindingConnections: 1 };
  bench.scheduler.reconfigure(nodeLimits(), bench.at);
  bench.scheduler.run(bench.at);
}

function endSuspension(bench: SchedulerBench): void {
  bench.add(1, 'b.example');
  bench.later(1000);
}

for (const [id, file, text, settings, happen] of [
  [
    'who waits for a slot is not woken',
    LEDGER,
    '    this.#released.add(counter);\n    this.#unheard',
    { bindingConnections: 1 },
    freeASlot,
  ],
  [
    'a reload ends waits, and nobody looks at the queue',
    SCHEDULER,
    '      this.#markReady(queue);\n    }\n    for (const connection of this.#idle.newestFirst()) {',
    { bindingConnections: 0 },
    reload,
  ],
  [
    'a queue is not looked at when its time comes',
    SCHEDULER,
    '    setNextLook(this.#timers, queue, at);\n    this.watchdog',
    { suspendedUntil: 1_001_000 },
    endSuspension,
  ],
] as const) {
  test(`a lost wake-up is found: ${id}`, async (t) => {
    const Bench = await benchWithout(t, file, text);
    const bench = new Bench(settings as ConstructorParameters<typeof SchedulerBench>[0]);
    happen(bench);
    assert.deepEqual(bench.connections, [], 'the mistake is one');
    assert.equal(bench.queue('b.example').active.size, 1);
    for (let second = 0; second < 5; second++) bench.later(1000);
    assert.deepEqual(bench.stalled, [], 'not at once');
    for (let second = 0; second < 5; second++) bench.later(1000);
    assert.equal(bench.stalled.length, 1);
    assert.match(
      bench.stalled[0]!,
      /^default b\.example: (there is room for a connection to mx-127\.0\.0\.1\.example|it waits for nothing|what held it is over)/,
    );
    assert.equal(bench.scheduler.watchdog.stalls, 1);
    assert.equal(bench.connections.length, 1, 'it was looked at again');
    bench.later(60_000);
    assert.equal(bench.stalled.length, 1);
  });

  test(`as it is there is nothing to find: ${id}`, () => {
    const bench = new SchedulerBench(settings as ConstructorParameters<typeof SchedulerBench>[0]);
    happen(bench);
    bench.later(0);
    assert.equal(bench.connections.length, 1);
    assert.equal(bench.scheduler.watchdog.watched, 0);
  });
}

test('waits of every kind are none of its business', () => {
  const setAt = { file: 'mail.conf', line: 1, column: 1 };
  const throttles = { connections: [{ key: 't', count: 1, periodMs: 3_600_000, setAt }], messages: [] };
  for (const settings of [
    { maxOutboundConnections: 0 },
    { bindingConnections: 0 },
    { hostLimit: () => 0 },
    { scopeLimits: [{ key: 'scope', limit: 0 }] },
    { suspendedUntil: 1e15 },
    { bindingExists: false },
    { throttles },
    { bindAddress: '::1' },
  ] as ConstructorParameters<typeof SchedulerBench>[0][]) {
    const bench = new SchedulerBench({ hostFailureRetryMs: 1e9, ...settings });
    bench.add(3);
    for (let second = 0; second < 60; second++) bench.later(1000);
    assert.deepEqual(bench.stalled, [], JSON.stringify(settings));
  }
  const down = new SchedulerBench({ hostFailureRetryMs: 1e9 });
  down.add(3);
  down.failConnect(down.connections[0]!);
  for (let second = 0; second < 60; second++) down.later(1000);
  assert.deepEqual(down.stalled, []);
  const resolving = new SchedulerBench();
  resolving.route = null;
  resolving.add(1);
  for (let second = 0; second < 60; second++) resolving.later(1000);
  assert.deepEqual(resolving.stalled, []);
});

test('so many queues are looked at in one turn, and all in the end', () => {
  const bench = new SchedulerBench({ bindingConnections: 0 });
  bench.route = { kind: 'hosts', candidates: [candidate('127.0.0.1')], ttlMs: 60_000 };
  for (let index = 0; index < 1200; index++) bench.add(1, `d${index}.example`);
  assert.equal(bench.scheduler.watchdog.watched, 1200);
  let asked = 0;
  const { ledger } = bench;
  const { hasRoomInPlaceOf } = ledger;
  ledger.hasRoomInPlaceOf = (...claims) => {
    asked += 1;
    return hasRoomInPlaceOf.apply(ledger, claims);
  };
  bench.later(2000);
  assert.equal(asked, 500);
  bench.later(2000);
  bench.later(2000);
  assert.equal(asked, 1500);
});
