// A shard whose thread ends is replaced: its mail is read from its spool, limits hold over what its receivers may count still,
// and no slot is lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadNamed } from '../../src/daemon/load-for-server.ts';
import { loadVersion, openTwoShards } from '../support/ended-shards.ts';
import { surroundings } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LIMIT = 6;

test('a shard that ends is replaced; nothing is lost, no limit passed, no slot kept', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['d1.example'], { behaviour: { delays: { final: { from: 30, to: 30 } } } });
  const { sink } = receivers;
  const directory = temporaryDirectory(t);
  const file = join(directory, 'headgate.conf');
  writeFileSync(
    file,
    `${surroundings(directory)}\nShards = 2\nSuspend_Delivery = true\nMax_Outbound_Connections = ${LIMIT}\n${receivers.routes}`,
  );
  const { shards, channel, reports, port, close } = await openTwoShards(t, file, 'mortal-shard');
  const accepted = await inject(port, [{ domain: 'd1.example', messages: 1500 }]);

  writeFileSync(
    file,
    `${surroundings(directory)}\nShards = 2\nMax_Outbound_Connections = ${LIMIT}\n${receivers.routes}`,
  );
  const other = loadVersion(file, 2);
  const change = await shards.prepare(other);
  assert.ok('commit' in change);
  await change.commit();
  assert.deepEqual(loadNamed(other).problems, []);
  const peak = receivers.watchPeak({ destination: receivers.endpoint('d1.example') });
  const paniclog = new LogFile(join(directory, 'paniclog.ec'));
  for (const number of [1, 0]) {
    const before = sink.counts.total.messages;
    await sink.whenReceived(before + 100);
    channel.postMessage(number);
    await paniclog.waitFor((line) => line.includes(`shard ${number + 1} takes and delivers mail again`));
  }
  await receivers.whenArrived(accepted);
  assert.ok(peak() <= LIMIT, `${peak()} connections`);
  t.diagnostic(`${sink.arrivals.repeated} messages that were under way came again`);

  const more = await inject(port, [{ domain: 'd1.example', messages: 300 }]);
  await sink.when(() => receivers.count('d1.example').now === LIMIT);
  await receivers.whenArrived(new Map([...accepted, ...more]));
  await shards.comeToRest();
  const summary = await shards.server.summary();
  assert.equal(summary.outboundConnections, 0);
  await close();
  assert.deepEqual(reports, []);
});

test('a bug in any shard stops the process', { timeout: 60_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'headgate.conf');
  writeFileSync(file, `${surroundings(directory)}\nShards = 2\n`);
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../support/faulty-server.ts', import.meta.url)), file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const [code] = await once(child, 'close');
  assert.deepEqual([code, told], [70, 'InvariantError: a bug of the test\n']);
});
