// Throttles are resolved by reference: what has one key shares one throttle (the examples of the manual by their ids).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import type { ThrottleValues } from './settings.ts';
import { deliverySettings } from './settings-of.ts';

function settingsOf(text: string) {
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded', JSON.stringify(loaded));
  return (binding: string, domain: string) => deliverySettings(loaded.configuration, binding, domain, 'here.test');
}

const rates = (values: ThrottleValues['messages']) =>
  values.map(({ key, count, periodMs }) => `${key}: ${count}/${periodMs / 1000}`);

test('T2: a group with a value is one throttle for its bindings and for the domain inside', () => {
  const settings = settingsOf(`
    binding_group "mygroup" {
      Outbound_Throttle_Messages = "10"
      binding "mybinding1" {} binding "mybinding2" {} domain "mydomain1" {}
    }`);
  const expected = ['outbound_throttle_messages binding_group "mygroup": 10/1'];
  for (const binding of ['mybinding1', 'mybinding2']) {
    for (const domain of ['mydomain1', 'any.test'])
      assert.deepEqual(rates(settings(binding, domain).throttles.messages), expected);
  }
  assert.deepEqual(settings('default', 'mydomain1').throttles, { connections: [], messages: [] });
});

test('T3: set again in each of the three, each has its own', () => {
  const settings = settingsOf(`
    binding_group "mygroup" {
      Outbound_Throttle_Messages = "10"
      binding "mybinding1" { Outbound_Throttle_Messages = "10" }
      binding "mybinding2" { Outbound_Throttle_Messages = "10" }
      domain "mydomain1" { Outbound_Throttle_Messages = "10" }
    }`);
  const keys = [
    settings('mybinding1', 'a.test'),
    settings('mybinding2', 'a.test'),
    settings('mybinding1', 'mydomain1'),
  ];
  assert.equal(new Set(keys.map(({ throttles }) => throttles.messages[0]!.key)).size, 3);
});

test('global: one throttle for all; 0 lifts it for a scope; the cluster has windows of its own', () => {
  const settings = settingsOf(`
    outbound_throttle_connections = 100
    cluster_outbound_throttle_connections = "50/10"
    domain "free.test" { outbound_throttle_connections = 0 }
    binding "b" {}`);
  const global = ['outbound_throttle_connections global: 100/1', 'cluster_outbound_throttle_connections global: 50/10'];
  assert.deepEqual(rates(settings('b', 'a.test').throttles.connections), global);
  assert.deepEqual(rates(settings('default', 'b.test').throttles.connections), global);
  assert.deepEqual(rates(settings('b', 'free.test').throttles.connections), global.slice(1));
});

test('T5, T6, T7: the host chain; a pattern is one throttle for all names', () => {
  const settings = settingsOf(`
    host "smtp.example.com" { Outbound_Throttle_Messages = "10/5" Outbound_Throttle_Connections = "5/10" }
    binding "vip" { host "smtp.example.com" { Outbound_Throttle_Messages = "100" Outbound_Throttle_Connections = "30" } }
    host "/sink-[ab]\\.test/" { Outbound_Throttle_Messages = "8/3600" }
    outbound_throttle_messages = 1`);
  const hostRates = (binding: string, host: string) => {
    const { connections, messages } = settings(binding, 'd.test').hostThrottles(host, '192.0.2.1');
    return [...rates(connections), ...rates(messages)];
  };
  assert.deepEqual(hostRates('vip', 'smtp.example.com'), [
    'outbound_throttle_connections binding "vip" host "smtp.example.com": 30/1',
    'outbound_throttle_messages binding "vip" host "smtp.example.com": 100/1',
  ]);
  assert.deepEqual(hostRates('other', 'smtp.example.com'), [
    'outbound_throttle_connections host "smtp.example.com": 5/10',
    'outbound_throttle_messages host "smtp.example.com": 10/5',
  ]);
  for (const host of ['sink-a.test', 'sink-b.test'])
    assert.deepEqual(hostRates('vip', host), ['outbound_throttle_messages host "/sink-[ab]\\\\.test/": 8/3600']);
  assert.deepEqual(hostRates('vip', 'elsewhere.test'), [], 'never the scopes around a domain');
});

test('the place of a value is kept for people', () => {
  const settings = settingsOf('\nbinding "b" {\n  outbound_throttle_messages = "60/3"\n}');
  assert.deepEqual(settings('b', 'd.test').throttles.messages[0]!.setAt, { file: 't.conf', line: 3, column: 3 });
});
