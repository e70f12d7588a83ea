// Run by test/long/report-fuzz.test.ts in a thread (fuzz-thread.ts).
import { parentPort, workerData } from 'node:worker_threads';
import type { FuzzOrders } from './fuzz-thread.ts';
import { checkReportInput } from './report-fuzz.ts';

const { seed, milliseconds, progress } = workerData as FuzzOrders;
const done = new Int32Array(progress);
const end = performance.now() + milliseconds;
let failure: string | null = null;
while (performance.now() < end && failure === null) {
  const number = done[0]!;
  try {
    await checkReportInput(seed, number);
  } catch (error) {
    failure = `input ${number}: ${error instanceof Error ? error.stack : error}`;
  }
  Atomics.add(done, 0, 1);
}
parentPort!.postMessage(failure);
