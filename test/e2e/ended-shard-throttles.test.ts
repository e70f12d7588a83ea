// A shard whose thread ends in the midst of sending takes no token with it and gives none back: the rate is kept to over its
// end, and used afterwards, also while the other shard has to go on alone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openTwoShards } from '../support/ended-shards.ts';
import { surroundings } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { LogFile } from '../support/log-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { TimedReceiver } from '../support/timed-receiver.ts';

const COUNT = 12;
const PERIOD_MS = 10_000;
/** How much sooner than the sender's clock says the second of two messages may come: the first was on its way that long. */
const JITTER_MS = 500;

test('a long window holds over the end of a shard', { timeout: 90_000 }, async (t) => {
  const receiver = await TimedReceiver.listen(t, '127.0.2.14');
  const directory = temporaryDirectory(t);
  const file = join(directory, 'headgate.conf');
  writeFileSync(
    file,
    `${surroundings(directory)}
Shards = 2
Idle_Timeout = 1
Domain "d.example" { Routes = ( "${receiver.route}" ) Outbound_Throttle_Messages = "${COUNT}/${PERIOD_MS / 1000}" }`,
  );
  const { shards, channel, port, close } = await openTwoShards(t, file, 'mortal-shard');
  await inject(port, [{ domain: 'd.example', messages: 30 }]);
  const paniclog = new LogFile(join(directory, 'paniclog.ec'));
  for (const number of [1, 0]) {
    await receiver.whenMessages(receiver.messages.length + 3);
    channel.postMessage(number);
    await paniclog.waitFor((line) => line.includes(`shard ${number + 1} takes and delivers mail again`));
  }
  await receiver.whenMessages(26);
  const times = receiver.messages.map(({ at }) => at);
  for (let last = COUNT; last < times.length; last++) {
    const span = times[last]! - times[last - COUNT]!;
    assert.ok(span > PERIOD_MS - JITTER_MS, `${COUNT + 1} messages in ${Math.round(span)} ms`);
  }
  await shards.comeToRest();
  await close();
});
