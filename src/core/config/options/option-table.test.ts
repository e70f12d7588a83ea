import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '../../base/assert.ts';
import { GLOBAL_CHAIN, LISTENER_CHAIN, OWN_CHAIN, SENDING_CHAIN } from '../chain.ts';
import { keptOptions, loudlyKeptOptions, refusedOptions } from './option-table.ts';

test('a row is read from its columns', () => {
  const [first, second, third] = keptOptions(
    'because',
    `
    Some_Size, Some_Length  integer      32, 0   sending restart  how large something is
    some_words              list         ( a b)  reception        words of something
    some_kind               small|Large  -       opendkim         kind of something
    `,
  );
  assert.deepEqual(
    [first!.name, first!.display, first!.aliases, first!.default, first!.needsRestart, first!.chain],
    ['some_size', 'Some_Size', ['some_length'], 32, true, SENDING_CHAIN],
  );
  assert.deepEqual(first!.scopes, ['binding', 'binding_group', 'domain', 'global']);
  assert.deepEqual(first!.handling, { kind: 'kept', because: 'because' });
  assert.deepEqual([32, 0, 5].map(first!.isHarmless), [true, true, false]);
  assert.deepEqual([second!.default, second!.chain, second!.needsRestart], [['a', 'b'], LISTENER_CHAIN, false]);
  assert.deepEqual([third!.default, third!.type.format(null), third!.chain], [null, '""', OWN_CHAIN]);
});

test('a default that is not what is done passes no more than other values', () => {
  const [kept] = loudlyKeptOptions('because', '  some_flag  boolean  !true, false  global  whether something is done');
  assert.deepEqual([kept!.default, kept!.chain], [true, GLOBAL_CHAIN]);
  assert.deepEqual([true, false].map(kept!.isHarmless), [false, true]);
  assert.deepEqual(kept!.handling, { kind: 'kept', because: 'because', isLoud: true });
});

test('what nobody set is off or empty where that says the same', () => {
  const rows = refusedOptions(
    'because',
    `
    some_flag   boolean  -  host  whether something is asked for
    some_words  list     -  host  words of something
    some_text   text     -  host  text of something
    `,
  );
  assert.deepEqual(
    rows.map((row) => row.default),
    [false, [], null],
  );
  for (const row of rows) assert.ok(row.isHarmless(row.default) && row.hostDefault === row.default, row.name);
});

for (const [row, claim] of [
  ['  some_size  integer  3  global', /five columns/],
  ['  some_size  number  3  global  how large something is', /a type of values: number/],
  ['  some_size  integer  many  global  how large something is', /a value of its type: many/],
] as const) {
  test(`a row that cannot be read is a mistake of ours: ${claim.source}`, () => {
    assert.throws(
      () => keptOptions('because', row),
      (error) => error instanceof InvariantError && claim.test(error.message),
    );
  });
}
