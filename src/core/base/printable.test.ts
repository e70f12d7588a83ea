import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, printableInPlace, shortened } from './printable.ts';

for (const [id, text, escaped, inPlace] of [
  ['plain text and other scripts stay', 'a b ü 例 😀', 'a b ü 例 😀', 'a b ü 例 😀'],
  ['an escape sequence', 'a\x1b[31mb', 'a\\x1b[31mb', 'a\ufffd[31mb'],
  ['line ends and tabs', 'a\r\n\tb', 'a\\x0d\\x0a\\x09b', 'a\ufffd\ufffd\ufffdb'],
  ['C1 controls and DEL', '\x7f\x85\x9b', '\\x7f\\x85\\x9b', '\ufffd\ufffd\ufffd'],
  ['marks of direction', 'a\u202eb\u2066', 'a\\u202eb\\u2066', 'a\ufffdb\ufffd'],
  ['half a surrogate pair', 'a\ud83d', 'a\\ud83d', 'a\ufffd'],
] as const) {
  test(`what is printed: ${id}`, () => {
    assert.equal(printable(text), escaped);
    assert.equal(printableInPlace(text), inPlace);
  });
}

test('long text is cut and marked', () => {
  assert.deepEqual([shortened('abcdef', 6), shortened('abcdefg', 6)], ['abcdef', 'abc...']);
});
