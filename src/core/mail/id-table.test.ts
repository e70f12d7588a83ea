import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdTable } from './id-table.ts';
import { IdMaker } from './ids.ts';

test('property: every number is found by its id until it is removed', () => {
  const ids = new IdMaker(4711);
  const made = Array.from({ length: 400 }, () => ids.next(1_764_000_000));
  const step = fc.record({ id: fc.nat(made.length - 1), number: fc.nat(3), adds: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new IdTable();
      const model = new Map<string, number[]>();
      for (const { id: place, number, adds } of steps) {
        const id = made[place]!;
        const kept = model.get(id) ?? [];
        model.set(id, kept);
        if (adds) {
          table.add(id, number);
          kept.push(number);
        } else {
          const isKept = kept.includes(number);
          assert.equal(table.remove(id, number), isKept);
          if (isKept) kept.splice(kept.indexOf(number), 1);
        }
        assert.deepEqual([...table.find(id)].sort(), kept.toSorted());
      }
    }),
  );
});

test('a hundred thousand ids are told apart, and all of them go again', () => {
  const ids = new IdMaker(4711);
  const made = Array.from({ length: 100_000 }, (_, place) => ids.next(1_764_000_000 + (place >> 12)));
  const table = new IdTable();
  for (const [number, id] of made.entries()) table.add(id, number);
  let found = 0;
  for (const [number, id] of made.entries()) {
    const numbers = table.find(id);
    assert.ok(numbers.includes(number));
    found += numbers.length;
  }
  assert.ok(found < made.length * 1.01, `${found} numbers for ${made.length} ids`);
  for (const [number, id] of made.entries()) assert.ok(table.remove(id, number));
  for (const id of made) assert.deepEqual(table.find(id), []);
});
