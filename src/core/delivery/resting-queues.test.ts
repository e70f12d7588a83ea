import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MailQueue } from './mail-queue.ts';
import { RestingQueues } from './resting-queues.ts';

test('property: the one that rests longest is the oldest, whoever left meanwhile', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (steps) => {
      const queues = Array.from({ length: 21 }, () => ({ restingBefore: null, restingBehind: null }) as MailQueue);
      const resting = new RestingQueues();
      const model = new Set<MailQueue>();
      for (const step of steps) {
        const queue = queues[step]!;
        if (model.delete(queue)) resting.remove(queue);
        else {
          resting.add(queue);
          model.add(queue);
        }
        assert.equal(resting.size, model.size);
        assert.equal(resting.oldest, [...model][0] ?? null);
      }
      for (const queue of model) {
        assert.equal(resting.oldest, queue);
        resting.remove(queue);
      }
      assert.equal(resting.oldest, null);
    }),
  );
});
