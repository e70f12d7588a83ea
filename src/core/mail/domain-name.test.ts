import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalDomain, isHostName } from './domain-name.ts';

for (const [text, canonical] of [
  ['Example.COM.', 'example.com'],
  ['example.com', 'example.com'],
  ['.', '.'],
  ['', ''],
] as const) {
  test(`canonical form of "${text}"`, () => assert.equal(canonicalDomain(text), canonical));
}

const label = (length: number): string => 'x'.repeat(length);

for (const [id, name, isOne] of [
  ['a name', 'mail-1._sub.example', true],
  ['a single label', 'localhost', true],
  ['a label of 63', `${label(63)}.example`, true],
  ['a label of 64', `${label(64)}.example`, false],
  ['253 characters', [63, 63, 63, 61].map(label).join('.'), true],
  ['254 characters', [63, 63, 63, 62].map(label).join('.'), false],
  ['nothing', '', false],
  ['the root', '.', false],
  ['an empty label', 'a..b', false],
  ['a dot in front', '.a', false],
  ['a dot behind', 'a.', false],
  ['upper case', 'A.example', false],
  ['a line end', 'a.example\n', false],
  ['letters outside ASCII', 'bücher.example', false],
  ['a literal', '[192.0.2.1]', false],
] as const) {
  test(`host name: ${id}`, () => assert.equal(isHostName(name), isOne));
}
