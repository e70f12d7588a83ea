// Where the thread of a shard begins.
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { releaseHeapWhenIdle } from '../shell/heap-release.ts';
import type { ShardSetup } from './shard-messages.ts';
import { serveShard } from './shard-service.ts';

await serveShard(parentPort!, workerData as ShardSetup);
flushCompileCache(); // what only threads load
releaseHeapWhenIdle();
