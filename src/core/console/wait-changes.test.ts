import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopeOfKey, setCommand } from './wait-changes.ts';

for (const [scope, expected] of [
  ['', 'config set max_outbound_connections N'],
  ['Binding_Group "news" Binding "n1"', 'config set binding_group news binding n1 max_outbound_connections N'],
  ['Domain "a.example"', 'config set domain a.example max_outbound_connections N'],
  ['domain "/^(a|b)\\.example$/"', 'config set domain "/^(a|b)\\.example$/" max_outbound_connections N'],
  ['Binding "two words" Host "192.0.2.7"', 'config set binding "two words" host 192.0.2.7 max_outbound_connections N'],
] as const) {
  test(`what changes a limit of ${scope === '' ? 'the global scope' : scope}`, () =>
    assert.equal(setCommand('Max_Outbound_Connections', 'N', { scope }), expected));
}

test('what changes a default', () => assert.equal(setCommand('TLS', 'no', 'default'), 'config set tls no'));

for (const [key, scope] of [
  ['global', ''],
  ['binding "n1" domain "a.example"', 'binding "n1" domain "a.example"'],
  ['domain "/\\\\.example$/"', 'domain "/\\.example$/"'],
] as const) {
  test(`the scope of ${key}`, () => assert.equal(scopeOfKey(key), scope));
}
