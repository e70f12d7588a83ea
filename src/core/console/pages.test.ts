// Lists in pages: all of it comes, in order, with a turn for others behind each page, and who leaves ends the walk.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { collectPages, inPages, ROWS_PER_TURN } from './pages.ts';

function counted() {
  const turns = { count: 0, nextTurn: async () => void turns.count++ };
  return turns;
}

for (const [rows, pages] of [
  [0, []],
  [1, [1]],
  [ROWS_PER_TURN, [ROWS_PER_TURN]],
  [ROWS_PER_TURN + 1, [ROWS_PER_TURN, 1]],
  [2 * ROWS_PER_TURN, [ROWS_PER_TURN, ROWS_PER_TURN]],
] as const) {
  test(`${rows} rows come in ${pages.length} pages`, async () => {
    const turns = counted();
    const lengths: number[] = [];
    for await (const page of inPages(Array(rows).fill(0), turns)) lengths.push(page.length);
    assert.deepEqual(lengths, pages);
    assert.equal(turns.count, Math.floor(rows / ROWS_PER_TURN));
  });
}

test('property: the rows are those that were given, whatever the length of a page', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), async (rows, length) => {
      assert.deepEqual(await collectPages(inPages(rows, counted(), length)), rows);
    }),
  );
});

test('who leaves ends the walk', async () => {
  let isOver = false;
  let made = 0;
  function* rows() {
    try {
      for (;;) yield made++;
    } finally {
      isOver = true;
    }
  }
  for await (const page of inPages(rows(), counted(), 3)) {
    assert.deepEqual(page, [0, 1, 2]);
    break;
  }
  assert.deepEqual([made, isOver], [3, true]);
});
