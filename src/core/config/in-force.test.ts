import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SENDING_CHAIN } from './chain.ts';
import type { Configuration } from './configuration.ts';
import { InForceTable } from './in-force.ts';
import { loadConfiguration } from './load.ts';
import { messageExpiration, retryInterval } from './options/retry-options.ts';
import { trailOf } from './resolution.ts';

function load(text: string): Configuration {
  const loaded = loadConfiguration('t.conf', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  return loaded.configuration;
}

const TEXT = `
  retry_interval = 10
  binding_group "g" { retry_interval = 20 binding "a" { domain "x.test" { retry_interval = 30 } } binding "b" { } }
  domain "x.test" { message_expiration = 40 }
  domain "/^y/" { message_expiration = 50 }
`;

test('domains that the same stanzas speak for share what is in force, others do not', () => {
  const configuration = load(TEXT);
  const of = (binding: string, domain: string) => configuration.inForce({ binding, domain });
  assert.equal(of('a', 'one.test'), of('a', 'two.test'));
  assert.equal(of('a', 'y1.test'), of('a', 'y2.test'));
  assert.equal(of('c', 'one.test'), of('default', 'one.test')); // neither is declared
  assert.notEqual(of('a', 'one.test'), of('b', 'one.test'));
  assert.notEqual(of('a', 'one.test'), of('a', 'x.test'));
  assert.notEqual(of('a', 'one.test'), of('a', 'y1.test'));
  assert.notEqual(of('a', 'one.test'), load(TEXT).inForce({ binding: 'a', domain: 'one.test' }));
});

test('values are those of a walk of the scopes, however often they are asked for', () => {
  const configuration = load(TEXT);
  const names = fc.constantFrom('x.test', 'y.test', 'y.x.test', 'z.test', 'X.test');
  fc.assert(
    fc.property(fc.constantFrom('a', 'b', 'c'), names, (binding, domain) => {
      const stanzas = configuration.inForce({ binding, domain });
      for (const option of [retryInterval, messageExpiration]) {
        const group = configuration.groupOf(binding);
        const walked = trailOf(configuration.root, SENDING_CHAIN, { group, binding, domain })
          .map(({ stanza }) => stanza.settings.get(option.name)?.value)
          .find((value) => value !== undefined);
        assert.equal(stanzas.value(option), walked ?? option.default);
        assert.equal(configuration.value(option, { binding, domain }), walked ?? option.default);
      }
    }),
  );
});

test('a table that is full begins anew, and goes on giving one object for one row', () => {
  const configuration = load(`${TEXT} ${Array.from({ length: 20 }, (_, n) => `domain "d${n}.test" {}`).join(' ')}`);
  const trail = (n: number) => trailOf(configuration.root, SENDING_CHAIN, { domain: `d${n}.test` });
  const table = new InForceTable(8);
  for (let n = 0; n < 20; n++) {
    const first = table.of(trail(n));
    assert.equal(table.of(trail(n)), first);
    assert.deepEqual(first.trail, trail(n));
  }
  const wide = new InForceTable(1000);
  const first = wide.of(trail(0));
  for (let n = 1; n < 20; n++) wide.of(trail(n));
  assert.equal(wide.of(trail(0)), first);
});
