// Run by test/long/config-fuzz.test.ts in a thread (fuzz-thread.ts).
import { parentPort, workerData } from 'node:worker_threads';
import { configurationCorpus } from './config-corpus.ts';
import { mutatedConfiguration } from './config-mutator.ts';
import { assertSound } from './config-soundness.ts';
import type { FuzzOrders } from './fuzz-thread.ts';

const { seed, milliseconds, progress } = workerData as FuzzOrders;
const done = new Int32Array(progress);
const corpus = configurationCorpus();
const end = performance.now() + milliseconds;
let failure: string | null = null;
while (performance.now() < end && failure === null) {
  const number = done[0]!;
  const text = mutatedConfiguration(corpus, seed, number);
  try {
    assertSound(text);
  } catch (error) {
    failure = `mutation ${number}: ${error instanceof Error ? error.stack : error}\n${text}`;
  }
  Atomics.add(done, 0, 1);
}
parentPort!.postMessage(failure);
