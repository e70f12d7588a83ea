import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MonoMs, monoMs } from '../base/moment.ts';
import { Throttle } from './throttle.ts';

/** How many may be taken at that time. */
function takeAll(throttle: Throttle, at: number): number {
  let taken = 0;
  while (throttle.take(monoMs(at))) taken += 1;
  return taken;
}

test('a burst of the count after silence, then nothing until the first is a period old', () => {
  const throttle = new Throttle(3, 1000);
  assert.equal(takeAll(throttle, 50), 3);
  assert.equal(throttle.take(monoMs(1049.999)), false);
  assert.equal(throttle.recoversAt(monoMs(1049.999)), 1050);
  assert.equal(takeAll(throttle, 1050), 3);
});

test('the recovery is that of the oldest event in the window, and now when there is room', () => {
  const throttle = new Throttle(2, 1000);
  assert.equal(throttle.recoversAt(monoMs(5)), 5);
  throttle.take(monoMs(10));
  throttle.take(monoMs(400));
  assert.equal(throttle.recoversAt(monoMs(500)), 1010);
  assert.equal(throttle.free(monoMs(1010)), 1);
  throttle.take(monoMs(1010));
  assert.equal(throttle.recoversAt(monoMs(1011)), 1400);
});

test('below one per second', () => {
  const throttle = new Throttle(1, 60_000);
  assert.deepEqual(
    [0, 59_999, 60_000, 119_999, 120_000].map((at) => throttle.take(monoMs(at))),
    [true, false, true, false, true],
  );
});

test('what is not known counts as the whole count at its end', () => {
  const throttle = new Throttle(5, 1000, monoMs(100));
  assert.equal(takeAll(throttle, 1099), 0);
  assert.equal(throttle.recoversAt(monoMs(1099)), 1100);
  assert.equal(takeAll(throttle, 1100), 5);
});

test('a lowered count holds at once, a raised one can be used at once', () => {
  const throttle = new Throttle(5, 1000);
  for (const at of [0, 100, 200, 300, 400]) throttle.take(monoMs(at));
  throttle.change(2, 1000);
  assert.equal(throttle.recoversAt(monoMs(500)), 1300, 'until only one is left in the window');
  assert.equal(takeAll(throttle, 1300), 1);
  throttle.change(6, 1000);
  assert.equal(takeAll(throttle, 1300), 4);
});

test('a longer period counts what left the shorter one, and where that was forgotten, the whole count', () => {
  const quiet = new Throttle(2, 1000);
  for (const at of [0, 2000, 4000]) quiet.take(monoMs(at));
  quiet.change(4, 10_000);
  assert.equal(takeAll(quiet, 6000), 1);
  const busy = new Throttle(2, 1000);
  for (let at = 0; at < 20_000; at += 500) busy.take(monoMs(at));
  busy.change(3, 60_000);
  assert.equal(takeAll(busy, 20_000), 0);
  assert.ok(busy.recoversAt(monoMs(20_000)) > 75_000);
});

test('above 100,000 events count at the end of their slot: never too early, and at most a slot too long', () => {
  const periodMs = 1_000_000;
  const slotMs = periodMs / 10_000;
  const throttle = new Throttle(200_000, periodMs);
  throttle.add(monoMs(150), 199_999);
  assert.equal(takeAll(throttle, 151), 1);
  const recovery = throttle.recoversAt(monoMs(152));
  assert.ok(recovery >= 151 + periodMs && recovery <= 151 + periodMs + slotMs, `${recovery}`);
  assert.equal(throttle.free(monoMs(recovery)), 200_000);
  for (let at = 0; at < 50_000; at++) throttle.take(monoMs(2_000_000 + at * 7.3));
  assert.ok(throttle.entries < 10_010);
});

test('a moved event counts from now on; one that has left the window is worth nothing', () => {
  const throttle = new Throttle(1, 1000);
  throttle.take(monoMs(0));
  assert.equal(throttle.move(monoMs(0), monoMs(600)), true);
  assert.equal(throttle.take(monoMs(1000)), false);
  assert.equal(throttle.recoversAt(monoMs(1000)), 1600);
  assert.equal(throttle.move(monoMs(600), monoMs(1600)), false);
  assert.equal(throttle.take(monoMs(1600)), true);
});

test('an event that the rate of now would not have let through is worth nothing', () => {
  const fewer = new Throttle(2, 1000);
  fewer.take(monoMs(0));
  fewer.take(monoMs(100));
  fewer.change(1, 1000);
  assert.equal(fewer.move(monoMs(100), monoMs(200)), false);
  assert.equal(fewer.move(monoMs(100), monoMs(1000)), true, 'the other has left the window');
  const longer = new Throttle(1, 1000, monoMs(0));
  longer.take(monoMs(1000));
  longer.change(1, 9000);
  assert.equal(longer.move(monoMs(1000), monoMs(2000)), false, 'nothing is known of the time before the start');
});

interface Step {
  readonly waitMs: number;
  readonly what: 'take' | 'move' | 'change';
  readonly count: number;
  readonly periodMs: number;
}

const stepArbitrary = (changes: boolean): fc.Arbitrary<Step> =>
  fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.nat(40), fc.double({ min: 0, max: 200, noNaN: true })),
    what: fc.constantFrom(...(['take', 'take', 'take', 'move', changes ? 'change' : 'take'] as const)),
    count: fc.integer({ min: 1, max: 6 }),
    periodMs: fc.integer({ min: 1, max: 300 }),
  });

const inWindow = (events: readonly number[], at: number, periodMs: number) =>
  events.filter((event) => event + periodMs > at).length;

test('in any order of steps no span of the period holds more than the count, and no recovery is missed', () => {
  fc.assert(
    fc.property(
      fc.array(stepArbitrary(false), { maxLength: 200 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 300 }),
      (steps, count, periodMs) => {
        const throttle = new Throttle(count, periodMs);
        const events: number[] = [];
        let at = 0;
        for (const { waitMs, what } of steps) {
          at += waitMs;
          const now = at as MonoMs;
          const room = inWindow(events, at, periodMs) < count;
          assert.equal(throttle.recoversAt(now) === now, room);
          if (what === 'move' && events.length > 0) {
            const from = events[Math.floor(events.length / 2)]!;
            const isHeld = from + periodMs > at && inWindow(events, at, periodMs) <= count;
            assert.equal(throttle.move(monoMs(from), now), isHeld);
            if (isHeld) events.splice(events.indexOf(from), 1);
            if (isHeld) events.push(at);
          } else if (throttle.take(now)) {
            assert.ok(room, 'taken without room');
            events.push(at);
          } else {
            assert.ok(!room, 'denied with room');
            const recovery = throttle.recoversAt(now);
            assert.ok(inWindow(events, recovery, periodMs) < count, 'recovery is too early');
            assert.ok(
              events.some((event) => event + periodMs === recovery),
              'recovery is when an event leaves',
            );
          }
          for (const from of events) {
            const span = events.filter((event) => event >= from && from + periodMs > event).length;
            assert.ok(span <= count);
          }
        }
      },
    ),
  );
});

test('whatever changes, what is let through never passes the value in force then', () => {
  fc.assert(
    fc.property(fc.array(stepArbitrary(true), { maxLength: 200 }), (steps) => {
      let [count, periodMs] = [3, 50];
      const throttle = new Throttle(count, periodMs);
      const events: number[] = [];
      let at = 0;
      for (const step of steps) {
        at += step.waitMs;
        if (step.what === 'change') {
          [count, periodMs] = [step.count, step.periodMs];
          throttle.change(count, periodMs);
        } else if (throttle.take(monoMs(at))) {
          assert.ok(inWindow(events, at, periodMs) < count);
          events.push(at);
        }
      }
      const recovery = throttle.recoversAt(monoMs(at));
      assert.ok(throttle.take(recovery), 'there is room at the recovery');
    }),
  );
});
