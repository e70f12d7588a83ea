import assert from 'node:assert/strict';
import test from 'node:test';
import { formatTlsa, hostTlsa, type TlsaRecord, usableRecords } from './dane.ts';

const SHA_256_DATA = 'ab'.repeat(32);
const SHA_512_DATA = 'cd'.repeat(64);

function record(text: string): TlsaRecord {
  const [usage, selector, matchingType, data = ''] = text.split(' ');
  return { usage: Number(usage), selector: Number(selector), matchingType: Number(matchingType), data };
}

for (const [id, records, usable] of [
  ['the certificate', [`3 0 1 ${SHA_256_DATA}`], 'all'],
  ['its key', [`3 1 2 ${SHA_512_DATA}`], 'all'],
  ['an authority', [`2 0 1 ${SHA_256_DATA}`, `2 1 1 ${SHA_256_DATA}`], 'all'],
  ['the whole', ['3 1 0 30aa', '2 0 0 30bb'], 'all'],
  ['nothing of the whole', ['3 1 0 '], []],
  ['usages of the web', [`0 0 1 ${SHA_256_DATA}`, `1 1 1 ${SHA_256_DATA}`], []],
  ['usages to come', [`4 0 1 ${SHA_256_DATA}`, `255 0 1 ${SHA_256_DATA}`], []],
  ['selectors to come', [`3 2 1 ${SHA_256_DATA}`], []],
  ['matching types to come', [`3 1 3 ${SHA_256_DATA}`], []],
  ['a digest that is too short', [`3 1 1 ${'ab'.repeat(31)}`], []],
  ['a digest that is too long', [`3 1 1 ${'ab'.repeat(33)}`], []],
  ['the stronger digest of one thing', [`3 1 1 ${SHA_256_DATA}`, `3 1 2 ${SHA_512_DATA}`], [`3 1 2 ${SHA_512_DATA}`]],
  ['digests of two things', [`3 1 1 ${SHA_256_DATA}`, `3 0 2 ${SHA_512_DATA}`, `2 1 2 ${SHA_512_DATA}`], 'all'],
  ['a stronger digest that is of no use', [`3 1 1 ${SHA_256_DATA}`, '3 1 2 cdcd'], [`3 1 1 ${SHA_256_DATA}`]],
  ['the whole beside a digest', ['3 1 0 30aa', `3 1 2 ${SHA_512_DATA}`], 'all'],
] as [string, string[], 'all' | string[]][]) {
  test(`usable records: ${id}`, () => {
    assert.deepEqual(usableRecords(records.map(record)).map(formatTlsa), usable === 'all' ? records : usable);
  });
}

test('a promise is equal in any order, and differs with the names only where an authority vouches for them', () => {
  const own = record(`3 1 1 ${SHA_256_DATA}`);
  const anchor = record(`2 0 1 ${SHA_256_DATA}`);
  const key = (records: TlsaRecord[], ...others: string[]): string => hostTlsa('mx.example', records, others).key;
  assert.equal(key([own, anchor], 'a.example'), key([anchor, own], 'a.example'));
  assert.equal(key([own], 'a.example'), key([own], 'b.example'));
  assert.notEqual(key([anchor], 'a.example'), key([anchor], 'b.example'));
  assert.notEqual(key([own]), key([anchor]));
  assert.notEqual(key([own]), hostTlsa('other.example', [own], []).key);
  assert.deepEqual(hostTlsa('mx.example', [own], ['a.example', 'mx.example']).names, ['mx.example', 'a.example']);
});
