import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import { noteUndeclared } from './undeclared-binding.ts';

const TEXT = 'binding_group "news" { binding "news1" { } }\nbinding "receipts" { domain "d.test" { } }\n';

for (const [query, note] of [
  ['max_retries', null],
  ['binding receipts max_retries', null],
  ['binding news1 domain d.test max_retries', null],
  ['binding default max_retries', null],
  ['binding_group default binding receipts max_retries', null],
  ['domain nobody.declared.this.test max_retries', null],
  [
    'binding Receipts max_retries',
    'note: no binding "Receipts" is declared (did you mean "receipts"?); this is what its mail would fall back to',
  ],
  [
    'binding zzz domain d.test max_retries',
    'note: no binding "zzz" is declared; this is what its mail would fall back to',
  ],
  [
    'binding_group new binding news1 max_retries',
    'note: no binding_group "new" is declared (did you mean "news"?); this is what its mail would fall back to',
  ],
  ['nonsense', null],
] as const) {
  test(`eval ${query}`, () => {
    const loaded = loadConfiguration('t', () => ({ text: TEXT }));
    assert.ok(loaded.kind === 'loaded');
    assert.equal(noteUndeclared(loaded.configuration, query.split(' ')), note);
  });
}
