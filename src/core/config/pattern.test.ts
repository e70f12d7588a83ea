import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, matchesPattern } from './pattern.ts';

for (const [source, name, matches] of [
  ['^yahoo\\.', 'yahoo.com', true],
  ['(?i)^YAHOO', 'yahoo.com', true],
  ['^YAHOO', 'yahoo.com', true],
  ['(?:^|[.])example[.](com|co[.]uk)$', 'a.example.co.uk', true],
  ['(?:^|[.])example[.](com|co[.]uk)$', 'anexample.com', false],
  ['sink-[ab]\\.test', 'x.sink-b.test', true],
  ['^(?<n>a)\\x62$', 'ab', true],
  ['a\\++', 'a++', true],
  ['^a{1,2}$', 'aa', true],
  ['(?i:A)b', 'ab', true],
] as const) {
  test(`${source} and ${name}: ${matches}`, () => {
    const compiled = compilePattern(source);
    assert.ok(compiled.kind === 'pattern');
    assert.equal(matchesPattern(compiled.pattern, name), matches);
  });
}

for (const [source, construct] of [
  ['(?>a)', 'atomic groups'],
  ['(?#x)a', 'comments'],
  ['a++', 'possessive'],
  ['a{1,2}+', 'possessive'],
  ['\\Aa\\z', '\\A'],
  ['a\\z', '\\z'],
  ['\\Qa.b\\E', '\\Q'],
  ['\\h', '\\h'],
  ['\\u0061', '\\u'],
  ['[[:alpha:]]', 'classes of the form [:'],
  ['[]a]', 'a class that begins with ]'],
  ['(?P<n>a)', 'groups of the form (?P'],
  ['(?R)', 'recursion'],
  ['(?1)', 'recursion'],
  ['(?|a|b)', 'branch resets'],
  ['a(?i)b', 'flags inside the pattern'],
  ['(?x)a b', 'flags inside the pattern'],
  ['(?x:a b)', 'group flags'],
  ['(*FAIL)', 'verbs'],
  ['(a', 'a pattern that can be read: Unterminated group'],
] as const) {
  test(`${source} is refused: ${construct}`, () => {
    const compiled = compilePattern(source);
    assert.ok(compiled.kind === 'problem' && compiled.expected.includes(construct), JSON.stringify(compiled));
  });
}

test('a repetition of a repetition is warned about', () => {
  for (const source of ['(a+)+', '(?:a|b*)*c', '((a+)b?)+', '(a{2,})*', '([a-z]+)*'])
    assert.ok((compilePattern(source) as { caution?: string }).caution, source);
  for (const source of ['(ab)+', 'a+b+', '(a+)b', '(a+)?', '\\(a+\\)+', '(a[*+])+'])
    assert.equal((compilePattern(source) as { caution?: string }).caution, null, source);
});

test('a name longer than a domain name can be is not matched', () => {
  const { pattern } = compilePattern('a') as { pattern: RegExp };
  assert.ok(matchesPattern(pattern, 'a'.repeat(253)));
  assert.ok(!matchesPattern(pattern, 'a'.repeat(254)));
});
