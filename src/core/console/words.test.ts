import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { quoteWord, splitWords } from './words.ts';

for (const [line, expected] of [
  ['', []],
  ['  \t ', []],
  ['\n\nsummary', ['summary']],
  ['active 100 ', ['active', '100']],
  ['binding summary "two words"', ['binding', 'summary', 'two words']],
  [`domain 'a "b"'`, ['domain', 'a "b"']],
  ['say "a \\"b\\" \\\\"', ['say', 'a "b" \\']],
  ["fail domain x.example don't send", ['fail', 'domain', 'x.example', "don't", 'send']],
  ['get ""', ['get', '']],
] as const) {
  test(`words of ${JSON.stringify(line)}`, () => {
    assert.deepEqual(splitWords(line), { kind: 'words', words: expected });
  });
}

test('a quote that is never closed is said so', () => {
  assert.deepEqual(splitWords('domain "x.example'), { kind: 'unterminated', quote: '"' });
  assert.deepEqual(splitWords("domain 'x example"), { kind: 'unterminated', quote: "'" });
});

test('quoted words come back, and any line has an answer', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      assert.deepEqual(splitWords(words.map(quoteWord).join(' ')), { kind: 'words', words });
    }),
  );
  fc.assert(fc.property(fc.string(), (line) => void splitWords(line)));
});
