import assert from 'node:assert/strict';
import test from 'node:test';
import { HeapRelease, threadHeap } from './heap-release.ts';

const MB = 2 ** 20;

/** Shares of time that were worked, one for each look. @returns places of the looks that collected */
function looksThatCollect(shares: readonly number[], sizes: readonly number[], left = 100): number[] {
  const collected: number[] = [];
  let at = 0;
  let size = 0;
  const release = new HeapRelease({
    size: () => size * MB,
    collect: () => {
      collected.push(at);
      size = left;
    },
  });
  for (; at < shares.length; at++) {
    size = sizes[at] ?? size;
    release.look(shares[at]!);
  }
  return collected;
}

test('memory is given back behind three idle looks in a row, and again when there is more', () => {
  for (const [shares, sizes, expected] of [
    [[0, 0], [300], []],
    [[0, 0, 0], [300], [2]],
    [[0.019, 0.019, 0.019], [300], [2]],
    [[0, 0, 0.02, 0, 0], [300], []],
    [[0, 0, 0.02, 0, 0, 0], [300], [5]],
    // Nothing was added: no pause for nothing.
    [[0, 0, 0, 0, 0, 0], [300], [2]],
    [[0, 0, 0, 0, 0, 0], [300, 300, 300, 109.9], [2]],
    [
      [0, 0, 0, 0, 0, 0],
      [300, 300, 300, 110.1],
      [2, 5],
    ],
    // Waits for a row of its own.
    [[0, 0, 0, 0, 0], [300, 300, 300, 300, 300], [2]],
  ] as const) {
    assert.deepEqual(looksThatCollect(shares, sizes), expected, `${shares} ${sizes}`);
  }
  assert.deepEqual(looksThatCollect([0, 0, 0, 0, 0, 0], [30, 30, 30, 17.9], 10), [2], 'less than 8 MB more');
  assert.deepEqual(looksThatCollect([0, 0, 0, 0, 0, 0], [30, 30, 30, 18.1], 10), [2, 5], 'more than 8 MB more');
});

test('the heap of the thread becomes smaller when it is collected', () => {
  const heap = threadHeap();
  heap.collect();
  const before = heap.size();
  let kept: unknown[] = Array.from({ length: 200_000 }, (_, index) => ({ index, text: [index] }));
  const { length } = kept;
  const full = heap.size();
  assert.ok(full > before + length * 8, `${full} against ${before}`);
  kept = [];
  heap.collect();
  assert.ok(heap.size() < (before + full) / 2, `${heap.size()} of ${full} is left, ${kept.length} kept`);
});
