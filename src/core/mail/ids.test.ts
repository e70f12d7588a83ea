import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdMaker, idOfParts, NO_ID, partsOfId } from './ids.ts';

test('an id as the manual of logs has it', () => {
  assert.deepEqual(partsOfId('53/6B-18426-1AAEACF3'), { counter: 0xb635, pid: 18_426, second: 0x3fca_eaa1 });
  assert.deepEqual(partsOfId(NO_ID), { counter: 0, pid: 0, second: 0 });
});

test('property: what was made of parts has them', () => {
  const parts = fc.tuple(fc.nat(0xffff), fc.nat(999_999_999), fc.nat(2 ** 32 - 1));
  fc.assert(
    fc.property(parts, ([counter, pid, second]) => {
      assert.deepEqual(partsOfId(idOfParts({ counter, pid, second })), { counter, pid, second });
    }),
  );
});

test('property: what is made has parts, and a text with parts is the id of them', () => {
  const made = fc.record({ pid: fc.nat(4_194_304), second: fc.integer({ min: 1, max: 2 ** 32 - 1 }) });
  fc.assert(
    fc.property(made, ({ pid, second }) => {
      const id = new IdMaker(pid).next(second);
      assert.deepEqual(partsOfId(id), { counter: 0, pid, second });
    }),
  );
  const text = fc.stringMatching(/^[0-9A-Fa-g]{2}[/-][0-9A-F]{2}-[0-9]{4,11}-[0-9A-F]{7,9}$/);
  fc.assert(
    fc.property(text, (id) => {
      const parts = partsOfId(id);
      if (parts !== null) assert.equal(idOfParts(parts), id);
    }),
  );
});

for (const text of [
  '',
  'x',
  '53/6B-18426-1AAEACF',
  '53/6b-18426-1AAEACF3',
  '53-6B-18426-1AAEACF3',
  '53/6B-1842-1AAEACF3',
  '53/6B-018426-1AAEACF3',
  '53/6B-1234567890-1AAEACF3',
  '53/6B-18 26-1AAEACF3',
  '53/6B-18426-1AAEACFG',
  '53/6B/18426-1AAEACF3',
]) {
  test(`no id: ${text}`, () => assert.equal(partsOfId(text), null));
}
