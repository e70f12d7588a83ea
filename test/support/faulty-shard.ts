// The thread of a shard with a bug that shows itself some time after the beginning.
import { workerData } from 'node:worker_threads';
import { assert } from '../../src/core/base/assert.ts';

await import('../../src/daemon/shard-worker.ts');
if ((workerData as { readonly number: number }).number === 1) {
  setTimeout(() => assert(false, 'a bug of the test'), 100);
}
