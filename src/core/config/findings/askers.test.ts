import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OPTIONS } from '../catalogue.ts';
import type { Configuration } from '../configuration.ts';
import { loadConfiguration } from '../load.ts';
import { idleTime, listenerBinding, listenerBindingGroup, relayHosts } from '../options/listener-options.ts';
import { formatProblem } from '../problem.ts';
import { levelsOf, namesAsked } from './askers.ts';
import { findDeadConfiguration } from './dead-configuration.ts';
import { stanzasBelow } from './dead-entry.ts';
import { settingOf } from './explanation.ts';

function load(text: string): Configuration {
  const result = loadConfiguration('t', () => ({ text }));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

const PLACES = [
  'domain d.test { }',
  'host mx.test { }',
  'binding c { domain d.test { } host mx.test { } }',
  'binding_group g { domain d.test { } host mx.test { } binding b { domain d.test { } host mx.test { } } }',
];

test('an option that is acted on is looked for wherever it may stand', () => {
  for (const stanza of stanzasBelow(load(PLACES.join('\n')).root)) {
    for (const option of OPTIONS) {
      const scope = stanza.kind.name;
      if (option.handling.kind !== 'acted' || !option.scopes.includes(scope)) continue;
      if (!['binding_group', 'binding', 'domain', 'host'].includes(scope)) continue;
      if (option.misplacement(stanza.path) !== null) continue;
      assert.ok(levelsOf(option, stanza).own >= 0, `${option.name} in ${stanza.path.map(({ kind }) => kind.name)}`);
    }
  }
});

for (const [text, expected] of [
  ['domain D.Test. { }', ['d.test']],
  ['domain "/^(A|b)\\.test$/" { }', ['a.test', 'b.test']],
  ['domain "/^a\\.test\\.?$/" { }', ['a.test']],
  ['domain "/^a\\.test\\.$/" { }', []],
  ['domain "/^$/" { }', []],
  ['domain "/^(192\\.0\\.2\\.1|a)$/" { }', ['a']],
  ['host "/^(192\\.0\\.2\\.1|a)$/" { }', ['192.0.2.1', 'a']],
  ['host 192.0.2.1 { }', ['192.0.2.1, as an address']],
  ['domain "/test$/" { }', ['all that test$ matches']],
  ['binding b { }', ['any']],
] as const) {
  test(`names asked of ${text}`, () => {
    const stanza = [...stanzasBelow(load(text).root)][1]!;
    const names = namesAsked(stanza).map((name) => {
      if (name.kind === 'any') return 'any';
      if (name.kind === 'matching') return `all that ${name.source} matches`;
      return name.key + (name.isAddress ? ', as an address' : '');
    });
    assert.deepEqual(names, expected);
  });
}

// ---- listeners

const LISTENS = [':25', ':26'];
const BLOCKS = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '192.0.2.0/24'];
const CLIENTS = ['10.1.2.3', '10.1.3.4', '10.9.9.9', '192.0.2.9', '203.0.113.1'];
const place = fc.oneof(
  fc.constant<string[]>([]),
  fc.constantFrom(...LISTENS).map((name) => [`listen "${name}"`]),
  fc.constantFrom(...BLOCKS).map((name) => [`peer ${name}`]),
  fc
    .tuple(fc.constantFrom(...LISTENS), fc.constantFrom(...BLOCKS))
    .map(([name, block]) => [`listen "${name}"`, `peer ${block}`]),
);
const setting = fc.constantFrom(
  'idle_time = 1',
  'idle_time = 2',
  'relay_hosts = ( 10.0.0.0/8 )',
  'binding = b',
  'binding_group = default',
);
const stanza = fc
  .tuple(place, setting)
  .map(([path, text]) => `${path.map((one) => `${one} {`).join(' ')} ${text} ${'}'.repeat(path.length)}`);

test('what every endpoint says first has no effect in its listener', () => {
  let count = 0;
  fc.assert(
    fc.property(fc.array(stanza, { maxLength: 14 }), (stanzas) => {
      const text = `binding b { }\nesmtp_listener { listen ":25" { } listen ":26" { }\n${stanzas.join('\n')}\n}`;
      const loaded = loadConfiguration('t', () => ({ text }));
      if (loaded.kind === 'problems') return; // binding and binding_group in one stanza
      const { configuration } = loaded;
      for (const { stanza: where, option, kind } of findDeadConfiguration(configuration).entries) {
        if (kind !== 'shadowed' || option === null) continue;
        count += 1;
        const own = settingOf(where, option)!;
        for (const listen of LISTENS) {
          for (const peer of CLIENTS) {
            const subject = { listener: { kind: 'esmtp_listener', listen, peer } } as const;
            if (option === idleTime || option === relayHosts) {
              const { setBy } = configuration.resolve(option, subject);
              assert.notDeepEqual(setBy === 'default' ? null : setBy.at, own.at, text);
            } else {
              assert.ok(option === listenerBinding || option === listenerBindingGroup);
              // A choice says no place, so it is compared with what it is without the setting.
              const without = text
                .split('\n')
                .toSpliced(own.at.line - 1, 1)
                .join('\n');
              assert.deepEqual(load(without).bindingChoice(subject), configuration.bindingChoice(subject), text);
            }
          }
        }
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(count > 5, String(count));
});
