// The thread of a shard that ends in the midst of what it is at, as one that is out of memory would, when the test wants it.
import { BroadcastChannel, workerData } from 'node:worker_threads';

const channel = new BroadcastChannel('mortal-shard');
channel.onmessage = ({ data }: { readonly data: unknown }) => {
  if (data === (workerData as { readonly number: number }).number) process.exit(1);
};
channel.unref();

await import('../../src/daemon/shard-worker.ts');
