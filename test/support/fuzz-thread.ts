// A fuzzer in a thread of its own, so that who waits for it can tell a hang, and so that its memory is bounded. The
// thread counts its inputs in `progress` and ends with what it found, or null.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface FuzzOrders {
  readonly seed: number;
  readonly milliseconds: number;
  /** One Int32: inputs so far. */
  readonly progress: SharedArrayBuffer;
}

/** An input takes a millisecond; one that takes this long never ends. */
const HANG_MS = 60_000;
const HEAP_MB_MAX = 256;

/** @returns what went wrong, or null, and the number of inputs */
export async function runFuzzThread(
  worker: URL,
  { seed, milliseconds }: Omit<FuzzOrders, 'progress'>,
): Promise<{ readonly failure: string | null; readonly inputs: number }> {
  const progress = new SharedArrayBuffer(4);
  const done = new Int32Array(progress);
  const orders: FuzzOrders = { seed, milliseconds, progress };
  const thread = new Worker(worker, { workerData: orders, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX } });
  // Running out of memory is an error event, which rejects.
  const ended = once(thread, 'message').then(
    ([failure]) => failure as string | null,
    (error: unknown) => `the thread ended at input ${done[0]}: ${error instanceof Error ? error.stack : error}`,
  );
  try {
    const hang = new Promise<string>((resolve) => {
      let last = -1;
      const look = setInterval(() => {
        if (done[0] === last) {
          clearInterval(look);
          resolve(`input ${last} does not end`);
        }
        last = done[0]!;
      }, HANG_MS);
      void ended.finally(() => clearInterval(look));
    });
    return { failure: await Promise.race([ended, hang]), inputs: done[0]! };
  } finally {
    await thread.terminate();
  }
}
