import assert from 'node:assert/strict';
import test from 'node:test';
import { nearestName } from './near-name.ts';

const NAMES = ['summary', 'domain', 'domains', 'delayed', 'active', 'pid'];

for (const [word, expected, why] of [
  ['summary', 'summary', 'the same'],
  ['SUMMARY', 'summary', 'case does not count'],
  ['sumary', 'summary', 'a letter is missing'],
  ['sumamry', 'summary', 'two letters are swapped'],
  ['dmain', 'domain', 'the nearest wins over a farther one'],
  ['dip', null, 'too far for a short word'],
  ['qid', 'pid', 'one letter of a short word'],
  ['', null, 'nothing is near nothing'],
  ['flush', null, 'no resemblance'],
] as const) {
  test(`nearest name to "${word}": ${why}`, () => assert.equal(nearestName(word, NAMES), expected));
}
