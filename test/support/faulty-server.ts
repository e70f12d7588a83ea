// A process with two shards, one of which has a bug. @param argv the configuration file
import { loadConfiguration } from '../../src/core/config/load.ts';
import { readSource } from '../../src/daemon/read-source.ts';
import { openShardThreads } from '../../src/daemon/shard-threads.ts';

const loaded = loadConfiguration(process.argv[2]!, readSource);
if (loaded.kind !== 'loaded') throw new Error('the configuration does not load');
const { configuration } = loaded;
process.on('uncaughtException', ({ name, message }) => {
  process.stdout.write(`${name}: ${message}\n`);
  process.exit(70);
});
await openShardThreads({
  configuration,
  shards: 2,
  version: '0',
  report: () => {},
  file: new URL('./faulty-shard.ts', import.meta.url),
});
