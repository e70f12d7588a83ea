import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ring } from '../core/limits/doorbell.ts';
import { BELL } from '../core/limits/ledger-memory.ts';
import { BellWatch } from './bell-watch.ts';

/** The words of a shard, with a bell that is watched. */
function watched() {
  const words = new Int32Array(new SharedArrayBuffer(64));
  let rings = 0;
  let heard = (): void => {};
  const watch = new BellWatch(words, () => {
    rings += 1;
    Atomics.store(words, BELL, 0);
    heard();
  });
  const nextRing = () => {
    return new Promise<void>((resolve) => {
      heard = resolve;
    });
  };
  return { words, watch, nextRing, rings: () => rings };
}

test('a ring from this thread or another wakes it, each time', async () => {
  const { words, watch, nextRing, rings } = watched();
  for (let time = 1; time <= 3; time++) {
    const heard = nextRing();
    ring(words);
    await heard;
    assert.equal(rings(), time);
  }
  const heard = nextRing();
  const code = `const { workerData } = require('node:worker_threads');
    Atomics.store(workerData, ${BELL}, 1);
    Atomics.notify(workerData, ${BELL});`;
  const worker = new Worker(code, { eval: true, workerData: words });
  await heard;
  await worker.terminate();
  watch.stop();
});

test('a bell that was rung before it is watched is heard; behind the stop none is', async () => {
  const words = new Int32Array(new SharedArrayBuffer(64));
  ring(words);
  const rung = Promise.withResolvers<void>();
  let rings = 0;
  const watch = new BellWatch(words, () => {
    rings += 1;
    Atomics.store(words, BELL, 0);
    rung.resolve();
  });
  await rung.promise;
  watch.stop();
  ring(words);
  await delay(20);
  assert.equal(rings, 1);
});
