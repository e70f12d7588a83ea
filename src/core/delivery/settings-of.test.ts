import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import type { DeliverySettings } from './settings.ts';
import { deliverySettings } from './settings-of.ts';

function settingsIn(text: string): (binding: string, domain: string, hostname?: string) => DeliverySettings {
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  return (binding, domain, hostname = 'here.test') => deliverySettings(loaded.configuration, binding, domain, hostname);
}

test('domains without stanzas of their own share their settings, others have their own', () => {
  const of = settingsIn('retry_interval = 5 binding "b" { } domain "x.test" { retry_interval = 6 }');
  assert.equal(of('b', 'one.test'), of('b', 'two.test'));
  assert.equal(of('b', 'x.test'), of('b', 'x.test'));
  assert.deepEqual([of('b', 'one.test').retryIntervalMs, of('b', 'x.test').retryIntervalMs], [5000, 6000]);
});

test('what depends on binding or host name is never shared', () => {
  const of = settingsIn('binding "b" { } host "mx.test" { max_outbound_connections = 2 }');
  assert.notEqual(of('undeclared', 'a.test'), of('default', 'a.test')); // no stanza speaks for either
  assert.deepEqual([of('undeclared', 'a.test').bindingExists, of('default', 'a.test').bindingExists], [false, true]);
  assert.equal(of('b', 'a.test', 'one.test').ehloHostname, 'one.test');
  assert.equal(of('b', 'a.test', 'two.test').ehloHostname, 'two.test');
});

test('where certificates are compared with the domain, each domain has a policy of its own', () => {
  const of = settingsIn('tls = required tls_verify = host');
  assert.notEqual(of('default', 'a.test').tls, of('default', 'b.test').tls);
  assert.equal(of('default', 'a.test').tls.verify, 'host');
});

test('reports on TLS go out whatever becomes of TLS', () => {
  const of = settingsIn(
    'tls = required tls_verify = host use_dane = true use_mta_sts = true tls_protocols = "+TLSv1.3" domain "a.test" { tls = no }',
  );
  for (const domain of ['a.test', 'b.test']) {
    const { bindingExists, tls, usesDane, usesMtaSts } = of('tls_reports', domain);
    const { mode, verify, fallsBack, parameters } = tls;
    assert.deepEqual([mode, verify, fallsBack, parameters.versions], ['ifavailable', 'no', true, ['TLSv1.3']]);
    assert.deepEqual([bindingExists, usesDane, usesMtaSts], [true, false, false]);
  }
  assert.deepEqual([of('default', 'b.test').tls.mode, of('default', 'b.test').usesDane], ['required', true]);
});

test('mx_failures_to_delay holds for a domain or for all', () => {
  const of = settingsIn('domain "a.test" { mx_failures_to_delay = 0 } domain "b.test" { mx_failures_to_delay = 5 }');
  const values = ['a.test', 'b.test', 'c.test'].map((domain) => of('default', domain).mxFailuresToDelay);
  assert.deepEqual(values, [0, 5, 50]);
});

test('fully_resolve_before_smtp is said by bindings and domains', () => {
  const of = settingsIn(
    'binding "b" { fully_resolve_before_smtp = false } domain "a.test" { fully_resolve_before_smtp = true }',
  );
  assert.deepEqual([of('b', 'a.test').fullyResolves, of('b', 'b.test').fullyResolves], [false, false]);
  assert.deepEqual([of('default', 'a.test').fullyResolves, of('default', 'b.test').fullyResolves], [true, true]);
});

test('where mail is rolled up, all hosts are known before the first connection', () => {
  const rolled = 'host "mx.test" { rollup_mx = true rollup_mx_name = "name.test" } domain "name.test" { }';
  for (const [text, fullyResolves] of [
    ['fully_resolve_before_smtp = false', false],
    [`fully_resolve_before_smtp = false ${rolled}`, true],
  ] as const)
    assert.equal(settingsIn(text)('default', 'a.test').fullyResolves, fullyResolves, text);
});
