// The shards of a server, in threads of this process that can be made to end.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { readSource } from '../../src/daemon/read-source.ts';
import { openShardThreads } from '../../src/daemon/shard-threads.ts';

export function loadVersion(file: string, version: number): Configuration {
  const loaded = loadConfiguration(file, readSource, { version });
  assert.ok(loaded.kind === 'loaded');
  return loaded.configuration;
}

/**
 * Two of them, that take and deliver mail; given up when the test ends, unless they were stopped.
 * @param thread of test/support, without `.ts`: what a shard runs in; also the name of the channel that it listens to
 */
export async function openTwoShards(t: TestContext, file: string, thread: 'mortal-shard' | 'dying-in-order') {
  const reports: string[] = [];
  const opened = await openShardThreads({
    configuration: loadVersion(file, 1),
    shards: 2,
    version: '0',
    report: (line) => reports.push(line),
    file: new URL(`./${thread}.ts`, import.meta.url),
  });
  assert.ok(opened.kind === 'open');
  const { shards } = opened;
  let isClosed = false;
  t.after(() => isClosed || shards.abandon().then(() => shards.giveUp()));
  assert.deepEqual(await shards.listen(), []);
  shards.start();
  const channel = new BroadcastChannel(thread);
  t.after(() => channel.close());
  return {
    shards,
    channel,
    reports,
    port: Number(shards.places[0]!.split(':')[1]),
    /** They have come to rest. */
    close: async () => {
      await shards.close();
      isClosed = true;
    },
  };
}
