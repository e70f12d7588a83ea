// The thread of a shard that ends, when the test wants it, in the midst of telling what it has counted: it holds the order of all
// shards, slots are taken or given back, and nobody was told.
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import type { FromShard } from '../../src/daemon/shard-messages.ts';

const { number } = workerData as { readonly number: number };
let endsAt: string | null = null;
const channel = new BroadcastChannel('dying-in-order');
channel.onmessage = ({ data }: { readonly data: unknown }) => {
  const [shard, kind] = data as [number, string];
  if (shard === number) endsAt = kind;
};
channel.unref();

const port = parentPort!;
const post = port.postMessage.bind(port);
port.postMessage = (message: FromShard) => {
  if (endsAt !== null && message.kind === 'audit' && message.event.event.kind === endsAt) process.exit(1);
  post(message);
};

await import('../../src/daemon/shard-worker.ts');
