import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { CounterCells } from './counter-cells.ts';

interface Model {
  open: number;
  peak: number;
  isAwaited: boolean;
  references: number;
}

/** Many at once, so that the peak comes to lie farther above what is open than a hot cell can tell. */
const change = fc.record({
  counter: fc.nat(3),
  kind: fc.constantFrom('take', 'give', 'await', 'refer', 'unrefer'),
  times: fc.nat(1500),
});

test('a cell tells what is open, its peak and its flags, as numbers of their own would', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const cells = new CounterCells();
      const models: Model[] = Array.from({ length: 4 }, () => ({ open: 0, peak: 0, isAwaited: false, references: 0 }));
      for (let index = 0; index < 4; index++) assert.equal(cells.begin(), index);
      for (const { counter, kind, times } of changes) {
        const model = models[counter]!;
        if (kind === 'take') {
          for (let time = 0; time < times; time++) cells.take(counter);
          model.open += times;
          model.peak = Math.max(model.peak, model.open);
        } else if (kind === 'give') {
          const given = Math.min(times, model.open);
          for (let time = 0; time < given; time++) cells.give(counter);
          model.open -= given;
        } else if (kind === 'await') {
          model.isAwaited = times % 2 === 0;
          cells.setAwaited(counter, model.isAwaited);
        } else if (kind === 'refer') {
          model.references += 1;
          cells.refer(counter);
        } else if (model.references > 0) {
          model.references -= 1;
          cells.unrefer(counter);
        }
        models.forEach(({ open, peak, isAwaited, references }, index) => {
          assert.equal(cells.open(index), open);
          assert.equal(cells.peak(index), peak);
          assert.equal(cells.isAwaited(index), isAwaited);
          assert.equal(cells.isUnused(index), open === 0 && !isAwaited && references === 0);
        });
      }
    }),
  );
});

test('a counter that is given out again begins without a peak', () => {
  const cells = new CounterCells();
  const index = cells.begin();
  cells.take(index);
  cells.give(index);
  cells.end(index);
  assert.equal(cells.begin(), index);
  assert.equal(cells.peak(index), 0);
});

test('more is given back than was taken: an error, not a number', () => {
  const cells = new CounterCells();
  const index = cells.begin();
  cells.take(index);
  cells.give(index);
  assert.throws(() => cells.give(index), /no counter falls below zero/);
});
