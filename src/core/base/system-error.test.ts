import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemErrorText } from './system-error.ts';

for (const [code, reading, writing] of [
  ['ENOENT', 'no such file', 'no such directory'],
  ['EACCES', 'permission denied', 'permission denied'],
  ['EIO', 'the disk cannot be read or written', 'the disk cannot be read or written'],
  ['EEXIST', 'a file stands there already', 'a file stands there already'],
  ['EXDEV', 'EXDEV', 'EXDEV'],
] as const) {
  test(`${code} is "${reading}" to who reads and "${writing}" to who writes`, () => {
    const error = Object.assign(new Error('x'), { code });
    assert.deepEqual([systemErrorText(error), systemErrorText(error, 'write')], [reading, writing]);
  });
}

test('an error without a code is its message', () => {
  assert.equal(systemErrorText(new Error('odd')), 'odd');
});
