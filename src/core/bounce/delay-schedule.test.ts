import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DelaySettings, nextDelayNoticeMs } from './delay-schedule.ts';

const HOUR = 3_600_000;

function settings(intervalHours: number, capHours: number): DelaySettings {
  return { delayNoticeIntervalMs: intervalHours * HOUR, delayNoticeMaxIntervalMs: capHours * HOUR };
}

function firstNotices(given: DelaySettings, count: number): number[] {
  const dues: number[] = [];
  for (let at = 0; dues.length < count; at = dues.at(-1)! * HOUR) dues.push(nextDelayNoticeMs(at, given) / HOUR);
  return dues;
}

for (const [id, given, hours] of [
  ['B4: 10800 with a cap of 86400', settings(3, 24), [3, 9, 21, 45, 69, 93, 117]],
  ['the defaults: 3600 with a cap of 43200', settings(1, 12), [1, 3, 7, 15, 27, 39]],
  ['a cap that equals the interval', settings(2, 2), [2, 4, 6, 8]],
  ['a cap below the interval', settings(3, 1), [1, 2, 3]],
  ['no cap', settings(1, 0), [1, 3, 7, 15, 31, 63, 127]],
] as const) {
  test(`notices of delay, ${id}: after ${hours.join(', ')} h`, () => {
    assert.deepEqual(firstNotices(given, hours.length), hours);
  });
}

test('an interval of 0 is no notice', () => {
  assert.equal(nextDelayNoticeMs(0, settings(0, 12)), Number.POSITIVE_INFINITY);
});

for (const [elapsed, due] of [
  [0, 3],
  [3 * HOUR - 1, 3],
  [3 * HOUR, 9],
  [45 * HOUR - 1, 45],
  [45 * HOUR, 69],
  [69 * HOUR - 1, 69],
  [69 * HOUR, 93],
] as const) {
  test(`B4: ${elapsed} ms after the reception the next notice is due after ${due} h`, () => {
    assert.equal(nextDelayNoticeMs(elapsed, settings(3, 24)), due * HOUR);
  });
}

test('property: whenever one asks, the answer is the first of the sequence that is later', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 1, max: 50 }), fc.nat(3000), (cap, interval, elapsed) => {
      const given = { delayNoticeIntervalMs: interval, delayNoticeMaxIntervalMs: cap };
      const longest = cap === 0 ? Number.POSITIVE_INFINITY : cap;
      let [due, next] = [0, Math.min(interval, longest)];
      while (due <= elapsed) {
        due += next;
        next = Math.min(next * 2, longest);
      }
      assert.equal(nextDelayNoticeMs(elapsed, given), due);
    }),
  );
});
