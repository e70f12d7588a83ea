import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from '../pattern.ts';
import { namesOfPattern } from './finite-pattern.ts';

for (const [source, names] of [
  ['^a$', ['a']],
  ['^A\\.Test$', ['a.test']],
  ['^(a|b)\\.test$', ['a.test', 'b.test']],
  ['^(?:a|b)c?$', ['ac', 'a', 'bc', 'b']],
  ['^mx[12]$', ['mx1', 'mx2']],
  ['^a$|^b$', ['a', 'b']],
  ['^((a|b)c|d)$', ['ac', 'bc', 'd']],
  ['^$', ['']],
  ['a', null],
  ['^a', null],
  ['a$', null],
  ['^a|b$', null],
  ['^(a|^b)$', null],
  ['^(a$|b)$', null],
  ['^a.c$', null],
  ['^a+$', null],
  ['^a??$', null],
  ['^a?+$', null],
  ['^a{2}$', null],
  ['^(?=a)a$', null],
  ['^[a-c]$', null],
  ['^[^a]$', null],
  ['^\\w$', null],
  ['^a\\b$', null],
  ['^(a)\\1$', null],
  ['^(a$', null],
  ['^[ab][ab][ab][ab][ab][ab][ab][ab]$', 256],
  ['^[ab][ab][ab][ab][ab][ab][ab][ab]c?$', null],
] as const) {
  test(`names of ${source}`, () => {
    const found = namesOfPattern(source);
    if (typeof names === 'number') assert.equal(found?.length, names);
    else assert.deepEqual(found, names);
  });
}

test('the names of a pattern are all it matches', () => {
  const piece = fc.constantFrom('a', 'b', '\\.', '(a|b)', '(?:ab|c)', '[bc]', 'a?', '(b|c)?', '.', 'c*', '|', '^', '$');
  const source = fc.array(piece, { maxLength: 5 }).map((pieces) => `^${pieces.join('')}$`);
  const name = fc.array(fc.constantFrom('a', 'b', 'c', '.', 'A'), { maxLength: 5 }).map((letters) => letters.join(''));
  fc.assert(
    fc.property(source, fc.array(name, { minLength: 20, maxLength: 20 }), (body, names) => {
      const compiled = compilePattern(body);
      const found = namesOfPattern(body);
      if (compiled.kind === 'problem' || found === null) return;
      for (const one of found) assert.ok(compiled.pattern.test(one), `${body} matches ${one}`);
      for (const one of names) assert.equal(found.includes(one.toLowerCase()), compiled.pattern.test(one), one);
    }),
    { numRuns: 500 },
  );
});
