import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../core/config/load.ts';
import { addressWarnings, machineOf } from './address-check.ts';

test('bindings whose source address is missing are named with the place that says so', () => {
  const text = 'Binding "here" {\n  Bind_Address = "127.0.0.2"\n}\nBinding "gone" {\n  Bind_Address = "192.0.2.7"\n}\n';
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  const warnings = addressWarnings(loaded.configuration, (address) => address.startsWith('127.'));
  assert.deepEqual(warnings, [
    't.conf:5:3: bind_address: found 192.0.2.7, which is no address of this machine; the mail of binding "gone" waits until it is',
  ]);
  assert.deepEqual(machineOf((address) => address.startsWith('127.')).cautions(loaded.configuration), [
    'bind_address: found 192.0.2.7, which is no address of this machine; the mail of binding "gone" waits until it is',
  ]);
});
