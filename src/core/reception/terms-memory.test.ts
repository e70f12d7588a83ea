import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import type { ClientTerms } from './terms.ts';
import { TermsMemory } from './terms-memory.ts';

function load(text: string) {
  const result = loadConfiguration('test.conf', () => ({ text }));
  assert.ok(result.kind === 'loaded');
  return result.configuration;
}

const TEXT = `
  Relay_Hosts = ( 192.0.2.0/24 )
  ESMTP_Listener {
    Listen ":25" { }
    Listen ":26" { Idle_Time = 30 }
  }
`;
const memory = new TermsMemory('system.example');
const configuration = load(TEXT);
const termsOf = (listen: string, peer: string, of = configuration): ClientTerms =>
  memory.termsOf(of, { listener: { kind: 'esmtp_listener', listen, peer } }, peer);

test('a client has its terms at each endpoint, the same until the configuration is another', () => {
  const first = termsOf(':25', '192.0.2.1');
  assert.equal(first.mayRelay, true);
  assert.equal(first.hostname, 'system.example');
  assert.equal(termsOf(':25', '198.51.100.1').mayRelay, false);
  assert.equal(termsOf(':26', '192.0.2.1').idleMs, 30_000);
  assert.equal(termsOf(':25', '192.0.2.1'), first);
  assert.equal(termsOf(':25', '192.0.2.1', load(TEXT.replace('192.0.2.0', '192.0.3.0'))).mayRelay, false);
  assert.equal(termsOf(':25', '192.0.2.1').mayRelay, true);
});

test('of ever more clients some are forgotten', () => {
  const first = termsOf(':25', '192.0.2.1');
  for (let count = 0; count < 1_000; count++) termsOf(':25', `10.0.${count >> 8}.${count & 255}`);
  const again = termsOf(':25', '192.0.2.1');
  assert.notEqual(again, first);
  assert.equal(again.mayRelay, true);
});
