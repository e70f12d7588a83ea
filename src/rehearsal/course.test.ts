import assert from 'node:assert/strict';
import test from 'node:test';
import { Tally } from './tally.ts';
import { STEPS_MAX, TimeScale } from './time-scale.ts';

test('quiet steps go on as the one before ended; the highest of a step is kept', () => {
  const tally = new Tally();
  tally.addReceived(3, 1);
  tally.addOpen(1);
  tally.addOpen(1);
  tally.removeOpen(1);
  tally.addDelivered(10, 1, 0);
  tally.addDelivered(10, 4, 0);
  tally.addFailed(4, 250);
  tally.removeOpen(5);
  const { backlog, open, delivered } = tally.course.full(7);
  assert.deepEqual(backlog, [0, 3, 2, 2, 2, 0, 0]);
  assert.deepEqual(open, [0, 2, 1, 1, 1, 1, 0]);
  assert.deepEqual(delivered, [0, 1, 0, 0, 1, 0, 0]);
  assert.equal(tally.drainedAt, 250);
});

test('two steps become one with the higher peak and the sum of events', () => {
  const tally = new Tally();
  tally.addReceived(1, 0);
  tally.addReceived(1, 3);
  tally.addDelivered(1, 3, 0);
  tally.addRefused('transient', 2, 2);
  tally.course.coarsen();
  const { backlog, delivered, refused } = tally.course.full(2);
  assert.deepEqual(
    [backlog, delivered, refused],
    [
      [1, 2],
      [0, 1],
      [0, 2],
    ],
  );
});

test('steps are doubled at the bound, and not before', () => {
  let doublings = 0;
  const scale = new TimeScale(() => {
    doublings += 1;
  });
  const { stepMs } = scale;
  assert.equal(scale.stepOf(stepMs * STEPS_MAX - 1), STEPS_MAX - 1);
  assert.equal(doublings, 0);
  assert.equal(scale.stepOf(stepMs * STEPS_MAX), STEPS_MAX / 2);
  assert.deepEqual([doublings, scale.stepMs], [1, 2 * stepMs]);
  assert.equal(scale.stepOf(stepMs * STEPS_MAX * 8), STEPS_MAX / 2);
  assert.deepEqual([doublings, scale.stepMs], [4, 16 * stepMs]);
});
