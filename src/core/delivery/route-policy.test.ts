import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import { isInAnyBlock } from '../routing/route-policy.ts';
import { isSamePolicy, routePolicy } from './route-policy.ts';

function policyOf(text: string, domain = 'a.example') {
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded', 'it loads');
  return routePolicy(loaded.configuration, domain);
}

test('defaults are the documented ones', () => {
  const policy = policyOf('');
  assert.equal(policy.mxFailuresFallbackToA, 3);
  assert.equal(policy.dnsFailuresToPurge, 10);
  assert.deepEqual([policy.minTtlSeconds, policy.maxTtlSeconds, policy.prefersIpv6], [0, 4_294_967_295, false]);
  assert.ok(!isInAnyBlock('127.0.0.1', policy.prohibitedHosts));
});

test('what is set, for the domain it is set for', () => {
  const text = `Prohibited_Hosts = ( "127.0.0.0/8" 0.0.0.0 )
Skip_hosts = ( 192.0.2.0/24 )
MX_Failures_Fallback_To_A = -1
Domain "b.example" {
  MX_Failures_Fallback_To_A = 0
  DNS_Failures_To_Purge = 2
}`;
  const [a, b] = [policyOf(text), policyOf(text, 'b.example')];
  assert.deepEqual([a.mxFailuresFallbackToA, a.dnsFailuresToPurge], [1, 10]);
  assert.deepEqual([b.mxFailuresFallbackToA, b.dnsFailuresToPurge], [0, 2]);
  for (const [address, isProhibited, isSkipped] of [
    ['127.9.9.9', true, false],
    ['0.0.0.0', true, false],
    ['0.0.0.1', false, false],
    ['192.0.2.9', false, true],
    ['::1', false, false],
  ] as const) {
    assert.equal(isInAnyBlock(address, a.prohibitedHosts), isProhibited, address);
    assert.equal(isInAnyBlock(address, a.skipHosts), isSkipped, address);
  }
});

test('a change of what routes rest on is noticed', () => {
  const text = 'Skip_hosts = ( 192.0.2.0/24 )';
  assert.ok(isSamePolicy(policyOf(text), policyOf(text)));
  for (const other of [
    '',
    'Skip_hosts = ( 192.0.2.0/25 )',
    `${text} Max_DNS_TTL = 60`,
    `${text} Prefer_IPv6_MXs = true`,
  ])
    assert.ok(!isSamePolicy(policyOf(text), policyOf(other)), other);
});

test('domains that everybody may send to are relayed ones', () => {
  const text = 'Relay_Domains = ( "B.example" "*.c.example" )';
  for (const [domain, isRelayed] of [
    ['b.example', true],
    ['x.b.example', false],
    ['x.c.example', true],
    ['a.example', false],
  ] as const)
    assert.equal(policyOf(text, domain).isRelayed, isRelayed, domain);
  assert.equal(policyOf('', 'b.example').isRelayed, false);
});
