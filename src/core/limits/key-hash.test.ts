import assert from 'node:assert/strict';
import test from 'node:test';
import { hashKey } from './key-hash.ts';

/** The octets 0, 1, 2 ... two to a unit. */
const textOf = (octets: number): string =>
  String.fromCharCode(...Array.from({ length: octets / 2 }, (_, at) => 2 * at + ((2 * at + 1) << 8)));

// vectors.h of the reference implementation, "vectors_hsip64": key 00 to 07.
for (const [octets, expected] of [
  [0, '218d1f59b9b83cc8'],
  [2, '064f39ef7c50eb57'],
] as const) {
  test(`a key of ${octets} octets is hashed as the reference does`, () => {
    const half = Buffer.alloc(8);
    const [first, second] = hashKey(textOf(octets), [0x03020100, 0x07060504, 0, 0]);
    half.writeInt32LE(first, 0);
    half.writeInt32LE(second, 4);
    assert.equal(half.toString('hex'), expected);
  });
}

test('the halves of a hash, and hashes under other seeds, are different', () => {
  const [one, other] = [hashKey('pair a b', [1, 2, 3, 4]), hashKey('pair a b', [1, 2, 3, 5])];
  assert.deepEqual(one.slice(0, 2), other.slice(0, 2));
  assert.notDeepEqual(one.slice(2), other.slice(2));
  assert.notDeepEqual(one.slice(0, 2), one.slice(2));
});
