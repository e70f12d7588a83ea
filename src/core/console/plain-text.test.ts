import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainText, wrapWords } from './plain-text.ts';

const words = (count: number): string => Array(count).fill('four').join(' ');

for (const [id, markdown, text] of [
  ['headings', '# a\n\n## b c\n', 'a\n\nb c\n'],
  ['marks and links', '**Value:** `-1` or [limits](../limits.md#x), \\*\n', 'Value: -1 or limits, *\n'],
  [
    'examples are moved in as they are',
    '```conf\na {\n\n  b = `c` **d**\n}\n```\n',
    '    a {\n\n      b = `c` **d**\n    }\n',
  ],
  ['lines of a paragraph are joined', 'a\nb\n\nc\n', 'a b\n\nc\n'],
  ['items stay apart', 'a:\n- b\n  c\n- d\n', 'a:\n- b c\n- d\n'],
  ['a line of 100 characters is one', `${words(20)}\n`, `${words(20)}\n`],
  ['a longer one goes on', `${words(21)}\n`, `${words(20)}\nfour\n`],
  ['an item goes on below its words', `- ${words(21)}\n`, `- ${words(19)}\n  four four\n`],
] as const) {
  test(`plain text: ${id}`, () => assert.equal(plainText(markdown), text));
}

test('a word longer than a line has its own', () => {
  assert.deepEqual(wrapWords(['a', 'b'.repeat(120), 'c'], '> ', '  '), ['> a', `  ${'b'.repeat(120)}`, '  c']);
});
