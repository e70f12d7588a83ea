// A shard that ends, at whatever it is, leaves an audit that proves the limits still: the part of the log ends there, and the next
// begins with what is open in fact, the slots that the ended one held included.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openTwoShards } from '../support/ended-shards.ts';
import { runHeadgate, surroundings } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { Receivers } from '../support/receivers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LIMIT = 6;

/** One in this process. */
async function openServer(t: TestContext, directory: string, settings: string) {
  const file = join(directory, 'headgate.conf');
  writeFileSync(
    file,
    `${surroundings(directory)}\nShards = 2\nMax_Outbound_Connections = ${LIMIT}\nMax_Deliveries_Per_Connection = 2
    Limit_Audit_Log = "${directory}/limits.log"\n${settings}`,
  );
  const { shards, channel, port, close } = await openTwoShards(t, file, 'dying-in-order');
  return {
    port,
    /** The shard ends when it would tell of that next. */
    endAt: (shard: number, kind: string) => channel.postMessage([shard, kind]),
    stop: async () => {
      await shards.comeToRest();
      await close();
    },
  };
}

const beginnings = (log: LogFile): string[] =>
  log
    .lines()
    .filter((line) => line.split('@')[2] === 'begin')
    .map((line) => line.split('@').slice(4, 6).join(' '));

test('shards that end while they tell of slots taken and of slots given back', { timeout: 90_000 }, async (t) => {
  const receivers = await Receivers.open(t, ['d1.example', 'd2.example'], {
    behaviour: { delays: { final: { from: 20, to: 20 } } },
  });
  const { sink } = receivers;
  const directory = temporaryDirectory(t);
  const log = new LogFile(join(directory, 'limits.log'));
  const paniclog = new LogFile(join(directory, 'paniclog.ec'));
  const server = await openServer(t, directory, receivers.routes);
  const accepted = new Map<string, readonly string[]>();
  const peak = receivers.watchPeak({ destination: receivers.endpoint('d1.example') });
  for (const [number, kind] of [
    [1, 'opened'],
    [0, 'closed'],
    [1, 'closed'],
  ] as const) {
    const some = await inject(server.port, [
      { domain: 'd1.example', messages: 600 },
      { domain: 'd2.example', messages: 600 },
    ]);
    for (const [id, recipients] of some) accepted.set(id, recipients);
    await sink.whenReceived(sink.counts.total.messages + 100);
    const ends = beginnings(log).length;
    server.endAt(number, kind);
    await log.waitFor((line) => line.includes('@shard@unclean@'), ends);
    // Told once of each: what comes again soon is not written again.
    await paniclog.waitFor((line) => line.includes(`shard ${number + 1} takes and delivers mail again`));
  }
  await receivers.whenArrived(accepted);
  await log.waitFor((line) => line.split('@')[2] === 'freed', 3);
  await server.stop();
  assert.ok(peak() <= LIMIT, `${peak()} connections`);

  const { code, stdout } = await runHeadgate(['audit', log.path]);
  assert.equal(code, 0, stdout);
  assert.equal(stdout.match(/^note: .*:\d+: begins because a shard ended/gm)?.length, 3, stdout);
  assert.match(stdout, /^ +6 open, limit 6 +pair default d1\.example/m);
  assert.deepEqual(beginnings(log), ['start clean', 'shard unclean', 'shard unclean', 'shard unclean']);
});

test('a shard that ends while the server stops: the others come to rest, and the audit has no closing line', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['d1.example'], {
    behaviour: { delays: { final: { from: 50, to: 50 } } },
  });
  const directory = temporaryDirectory(t);
  const log = new LogFile(join(directory, 'limits.log'));
  const server = await openServer(t, directory, receivers.routes);
  await inject(server.port, [{ domain: 'd1.example', messages: 400 }]);
  await receivers.sink.when(() => receivers.count('d1.example').now === LIMIT);
  const stopped = server.stop();
  for (const shard of [0, 1]) server.endAt(shard, 'closed');
  await stopped;
  const { code, stdout } = await runHeadgate(['audit', '--running', log.path]);
  assert.equal(code, 0, stdout);
  assert.match((await runHeadgate(['audit', log.path])).stdout, /no closing line/);
  assert.equal(beginnings(log)[0], 'start clean');
  assert.ok(beginnings(log).includes('shard unclean'));
});
