import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RowList } from './row-list.ts';
import { CHUNK_ROWS, placeInChunk, Rows } from './rows.ts';

const uint32Rows = () => new Rows(() => new Uint32Array(CHUNK_ROWS));

test('property: no row is had twice, and each keeps what was written', () => {
  const step = fc.oneof(fc.constant('take' as const), fc.nat(1000));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const rows = uint32Rows();
      const values = new Map<number, number>();
      let last = 0;
      for (const one of steps) {
        if (one === 'take') {
          const row = rows.take();
          assert.ok(!values.has(row) && rows.has(row));
          rows.columnsOf(row)[placeInChunk(row)] = ++last;
          values.set(row, last);
        } else {
          const row = [...values.keys()][one];
          if (row === undefined) continue;
          rows.give(row);
          values.delete(row);
        }
        assert.equal(rows.size, values.size);
      }
      for (const [row, value] of values) assert.equal(rows.columnsOf(row)[placeInChunk(row)], value);
    }),
  );
});

test('chunks that no row is in are given up but for one, and their rows are there again when they are wanted', () => {
  const rows = uint32Rows();
  const most = 3 * CHUNK_ROWS + 1;
  const taken = Array.from({ length: most }, () => rows.take());
  assert.deepEqual([rows.size, rows.chunks], [most, 4]);
  for (const row of taken) rows.give(row);
  assert.deepEqual([rows.size, rows.chunks], [0, 1]);
  const again = new Set(Array.from({ length: most }, () => rows.take()));
  assert.deepEqual([again.size, rows.size, rows.chunks], [most, most, 4]);
});

test('property: a list of rows is a stack with places', () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ push: fc.integer({ min: 0, max: 2 ** 32 - 1 }), times: fc.integer({ min: 1, max: 40 }) }),
    },
    fc.record({ pop: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ set: fc.nat(200) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new RowList();
      const model: number[] = [];
      for (const one of steps) {
        if ('push' in one) {
          for (let time = 0; time < one.times; time++) {
            list.push(one.push);
            model.push(one.push);
          }
        } else if ('pop' in one) {
          for (let time = 0; time < one.pop && model.length > 0; time++) assert.equal(list.pop(), model.pop());
        } else if (one.set < model.length) {
          list.set(one.set, 7);
          model[one.set] = 7;
        }
        assert.deepEqual(
          Array.from({ length: list.size }, (_, place) => list.at(place)),
          model,
        );
      }
    }),
  );
});
