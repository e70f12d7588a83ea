// What `why` says of a queue with parts in several shards: of one that waits for the place of a connection elsewhere, and of a
// limit that the connections of the queue itself fill.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Holder, LimitUse, QueueExplanation } from '../delivery/queue-explanation.ts';
import type { Subject } from './command.ts';
import { WHY_COMMANDS } from './why-command.ts';

async function why(found: QueueExplanation): Promise<string> {
  const server = {
    async *bindings() {
      yield [{ binding: found.binding }];
    },
    why: async () => found,
  };
  const subject = { server, process: { utcOffsetMinutes: () => 0 } } as unknown as Subject;
  return (await WHY_COMMANDS[0]!.run([found.binding, found.domain], subject, '', null as never)).text;
}

const FOUND: QueueExplanation = {
  binding: 'default',
  domain: 'a.example',
  active: 61,
  delayed: 0,
  connections: 1,
  wanted: 1,
  reason: { kind: 'place', open: 1 },
  waitingMs: 700,
  limits: [],
  throttles: [],
};

test('why: the place of a connection that another shard has', async () => {
  assert.match(
    await why(FOUND),
    /1 of 1 wanted connections\nWaits for the place of a connection in another shard, for 0\.7 s now: all mail of the queue asks for no more than the 1 there\.\nNext chance: /,
  );
});

test('why: connections that all are of the queue itself are not given up for it', async () => {
  const own: Holder = { binding: 'default', domain: 'a.example', connections: 5 };
  const setBy = 'system';
  const limit = { counter: 3, option: 'max_outbound_connections', counts: 'all', limit: 5, open: 5, peak: 5, setBy };
  const limits = [limit as unknown as LimitUse];
  const chance = async (holders: readonly Holder[]): Promise<string> => {
    const text = await why({ ...FOUND, reason: { kind: 'limit', limits, holders, isOwn: false } });
    return /Next chance: (.*)/.exec(text)![1]!;
  };
  assert.match(await chance([own]), /^its mail goes on over these connections/);
  assert.match(await chance([own, { ...own, domain: 'b.example' }]), /^when one of these connections ends/);
});
