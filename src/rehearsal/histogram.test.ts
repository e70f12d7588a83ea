import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

const histogramOf = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

/** Nearest rank. */
const exact = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1]!;

test('nothing has no percentile', () => {
  assert.deepEqual([new Histogram().percentile(0.5), new Histogram().most], [null, null]);
});

for (const [share, expected] of [
  [0, 1],
  [0.5, 5],
  [0.51, 6],
  [0.95, 10],
  [1, 10],
] as const) {
  test(`${share} of 1 to 10 do not exceed ${expected}`, () => {
    assert.equal(histogramOf([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).percentile(share), expected);
  });
}

test('64 values are kept as they are, 65 are counted in classes', () => {
  const values = Array.from({ length: 64 }, (_, index) => 1000 + index);
  assert.equal(histogramOf(values).percentile(0.5), 1031);
  const found = histogramOf([...values, 2000]).percentile(0.5)!;
  assert.ok(found !== 1032 && Math.abs(found / 1032 - 1) <= 0.02, String(found));
});

test('property: within 2 per cent of the exact answer, in one piece or added up', () => {
  const times = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(times, times, fc.double({ min: 0, max: 1, noNaN: true }), (first, second, share) => {
      const sum = histogramOf(first);
      sum.addAll(histogramOf(second));
      const all = [...first, ...second];
      assert.equal(sum.count, all.length);
      assert.equal(sum.most, Math.max(...all));
      for (const histogram of [sum, histogramOf(all)]) {
        const ratio = histogram.percentile(share)! / exact(all, share);
        assert.ok(ratio > 0.98 && ratio < 1.0201, `${ratio}`);
      }
    }),
  );
});
