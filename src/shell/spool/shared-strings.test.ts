import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SharedStrings } from './shared-strings.ts';

test('property: a string has one number while somebody has it, and nobody else has that number', () => {
  const step = fc.oneof(
    fc.record({ take: fc.constantFrom('', 'one', 'größe', 'Ω\ud800', 'four') }),
    fc.record({ drop: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const strings = new SharedStrings();
      const taken: { text: string; number: number }[] = [];
      for (const one of steps) {
        if ('take' in one) taken.push({ text: one.take, number: strings.take(one.take) });
        else {
          const [dropped] = taken.splice(one.drop, 1);
          if (dropped !== undefined) strings.drop(dropped.number);
        }
        for (const { text, number } of taken) assert.equal(strings.at(number), text);
        const texts = new Set(taken.map(({ text }) => text));
        assert.equal(new Set(taken.map(({ number }) => number)).size, texts.size);
        assert.equal(strings.size, texts.size);
      }
    }),
  );
});

test('a long string is not taken, nor one too many; what is known is', () => {
  const strings = new SharedStrings(10);
  assert.equal(strings.take('x'.repeat(256)), -1);
  const last = strings.take('y'.repeat(255));
  for (let count = 1; count < 10; count++) assert.ok(strings.take(String(count)) > 0);
  assert.equal(strings.take('one more'), -1);
  assert.equal(strings.take('y'.repeat(255)), last);
  strings.drop(last);
  assert.equal(strings.take('one more'), -1);
  strings.drop(last);
  assert.equal(strings.take('one more'), last);
});
