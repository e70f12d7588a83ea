// What `why` says of the part of a queue that waits for the place of a connection in another shard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueExplanation } from '../delivery/queue-explanation.ts';
import type { Subject } from './command.ts';
import { WHY_COMMANDS } from './why-command.ts';

test('why: the place of a connection that another shard has', async () => {
  const found: QueueExplanation = {
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
  const server = {
    async *bindings() {
      yield [{ binding: 'default' }];
    },
    why: async () => found,
  };
  const subject = { server } as unknown as Subject;
  const { text } = await WHY_COMMANDS[0]!.run(['default', 'a.example'], subject, '', null as never);
  assert.match(
    text,
    /1 of 1 wanted connections\nWaits for the place of a connection in another shard, for 0\.7 s now: all mail of the queue asks for no more than the 1 there\.\nNext chance: /,
  );
});
