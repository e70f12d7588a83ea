// One tracer that listens in all shards: what it hears, how it ends, and what becomes of it when a shard ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeServer } from '../../test/support/fake-server.ts';
import { type MonoMs, monoMs, wallMs } from '../core/base/moment.ts';
import { ShardGone } from '../core/base/shard-gone.ts';
import { Timers } from '../core/base/timers.ts';
import type { TraceLine, TraceRequest, Tracer } from '../core/console/trace-view.ts';
import type { OutboundConnection } from '../core/delivery/outbound-connection.ts';
import { ShardsTraces } from './shards-traces.ts';
import { SmtpDialogues, TRACERS_MAX } from './smtp-dialogues.ts';

const ANY: TraceRequest = { binding: null, domain: null, address: null, owner: 'test', linesMax: 100, ms: 60_000 };
const CONNECTION = {
  queue: { binding: 'b', domain: 'example.com' },
  candidate: { host: 'mx', address: '192.0.2.1' },
} as OutboundConnection;

/** Shards that tell what they are made to tell, at times that rise by a millisecond with each line. */
function bench(count: number) {
  let now = 0;
  const moment = () => ({ mono: monoMs(now), wall: wallMs(now) });
  const turns = {
    begin: moment,
    end() {},
    clock: moment,
    get now() {
      return moment();
    },
  };
  const timers = new Timers();
  const shards = Array.from({ length: count }, () => new SmtpDialogues(turns, timers));
  const traces = new ShardsTraces(shards.map((own) => ({ ...fakeServer(), traces: own })));
  const tell = (shard: number, text: string): void => {
    now += 1;
    shards[shard]!.event(CONNECTION, 36, text);
  };
  const pass = (ms: number): void => {
    now += ms;
    timers.advance(monoMs(now) as MonoMs);
  };
  return { shards, traces, tell, pass };
}

async function heardBy(tracer: Tracer): Promise<TraceLine[]> {
  const lines: TraceLine[] = [];
  for (let heard = await tracer.next(); heard !== null; heard = await tracer.next()) lines.push(...heard.lines);
  return lines;
}

test('lines of all shards in order of time, with the shard in the number of the session', async () => {
  const { traces, tell } = bench(2);
  const tracer = (await traces.begin(ANY))!;
  for (const shard of [1, 0, 1]) tell(shard, `of ${shard}`);
  tracer.stop();
  assert.deepEqual(
    (await heardBy(tracer)).map(({ session, text }) => `${session} ${text}`),
    ['3602 of 1', '3601 of 0', '3602 of 1'],
  );
  assert.deepEqual(await traces.list(), []);
});

test('a reader that waits is woken by any of them', async () => {
  const { traces, tell } = bench(3);
  const tracer = (await traces.begin(ANY))!;
  for (const shard of [2, 0, 2, 1]) {
    const next = tracer.next();
    tell(shard, 'hello');
    assert.deepEqual(
      (await next)?.lines.map(({ session }) => session),
      [3600 + shard + 1],
    );
  }
});

test('it ends after as many lines as were asked for, over all shards', async () => {
  const { shards, traces, tell } = bench(2);
  const tracer = (await traces.begin({ ...ANY, linesMax: 3 }))!;
  for (const shard of [0, 1, 0, 1, 0]) tell(shard, 'x');
  assert.equal((await heardBy(tracer)).length, 3);
  assert.ok(shards.every(({ isHeard }) => !isHeard));
});

test('it ends after its time, and when it is removed; a list has each once', async () => {
  const { shards, traces, tell, pass } = bench(2);
  const [byTime, removed] = [(await traces.begin({ ...ANY, ms: 1000 }))!, (await traces.begin(ANY))!];
  for (const shard of [0, 1, 1]) tell(shard, 'x');
  assert.deepEqual(
    (await traces.list()).map(({ id, lines, linesMax }) => [id, lines, linesMax]),
    [
      [byTime.id, 3, 100],
      [removed.id, 3, 100],
    ],
  );
  pass(1000);
  assert.equal((await heardBy(byTime)).length, 3);
  assert.deepEqual([await traces.remove(removed.id), await traces.remove(9)], [true, false]);
  assert.equal((await heardBy(removed)).length, 3);
  assert.equal(await traces.remove(removed.id), false);
  assert.ok(shards.every(({ isHeard }) => !isHeard));
});

test('when one shard has as many as there may be, no other listens either', async () => {
  const { shards, traces } = bench(2);
  for (let count = 0; count < TRACERS_MAX; count++) await shards[1]!.begin(ANY);
  assert.equal(await traces.begin(ANY), null);
  assert.equal(shards[0]!.isHeard, false);
});

test('a shard that ends takes the tracer with it, once what it said before was heard', async () => {
  const { shards, traces, tell } = bench(1);
  const gone = new ShardGone('shard 2');
  const { promise, reject } = Promise.withResolvers<null>();
  const ending = {
    begin: async () => ({ id: 1, next: () => promise, stop() {} }),
    list: async () => [],
    remove: async () => false,
  };
  const joined = new ShardsTraces([{ traces: shards[0]! }, { traces: ending }]);
  assert.deepEqual(await traces.list(), []);
  const tracer = (await joined.begin(ANY))!;
  tell(0, 'x');
  assert.equal((await tracer.next())?.lines.length, 1);
  reject(gone);
  await assert.rejects(tracer.next(), gone);
  assert.equal(shards[0]!.isHeard, false);
});

test('a shard that is gone when it is asked to listen: nobody is left listening', async () => {
  const { shards } = bench(1);
  const gone = new ShardGone('shard 2');
  const ended = { ...fakeServer().traces, begin: () => Promise.reject(gone) };
  await assert.rejects(new ShardsTraces([{ traces: shards[0]! }, { traces: ended }]).begin(ANY), gone);
  assert.equal(shards[0]!.isHeard, false);
});
