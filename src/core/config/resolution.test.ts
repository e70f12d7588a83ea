import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_LIMIT } from '../base/limit.ts';
import type { Configuration } from './configuration.ts';
import { loadConfiguration } from './load.ts';
import { bindAddress, maxOutboundConnections, serverMaxOutboundConnections } from './options/connection-options.ts';
import { relayHosts } from './options/listener-options.ts';
import { formatProblem } from './problem.ts';

function load(text: string): Configuration {
  const result = loadConfiguration('t', () => ({ text }));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

// A second, plain reading of design decisions 2 and 3: a path of words for each stanza, and a list of paths to look at.

const GROUPS = ['g', 'default'];
const BINDINGS = ['a', 'b', 'default'];
const DOMAINS = ['d.test', 'e.test', '/^d/', '/test$/'];
const HOSTS = ['mx.test', '192.0.2.1', '/^mx/'];

interface Placed {
  readonly path: readonly (readonly [scope: string, name: string])[];
  readonly value: number;
}

const pick = (scope: string, names: readonly string[]) =>
  fc.constantFrom(...names).map((name) => [scope, name] as const);
const group = pick('binding_group', GROUPS);
const leaf = fc.oneof(pick('domain', DOMAINS), pick('host', HOSTS));
/** `a` stands in group g only, `b` in no group, so that no binding is in two groups. */
const grouped = fc.constant([
  ['binding_group', 'g'],
  ['binding', 'a'],
] as const);
const path = fc.oneof(
  fc.constant([]),
  fc.tuple(group),
  fc.tuple(pick('binding', BINDINGS)),
  grouped,
  fc.tuple(leaf),
  fc.tuple(group, leaf),
  fc.tuple(pick('binding', BINDINGS), leaf),
  fc.tuple(grouped, leaf).map(([outer, inner]) => [...outer, inner]),
);
const placed: fc.Arbitrary<Placed> = fc.record({ path, value: fc.integer({ min: -1, max: 99 }) });

function textOf(stanzas: readonly Placed[]): string {
  return stanzas
    .map(({ path, value }) => {
      const opening = path.map(([scope, name]) => `${scope} "${name}" {`).join(' ');
      return `${opening} max_outbound_connections = ${value} ${'}'.repeat(path.length)}`;
    })
    .join('\n');
}

/** The value of the last stanza of exactly that path. */
function valueAt(stanzas: readonly Placed[], wanted: readonly (readonly [string, string])[]): number | undefined {
  return stanzas.findLast(({ path }) => JSON.stringify(path) === JSON.stringify(wanted))?.value;
}

function naive(
  stanzas: readonly Placed[],
  binding: string | null,
  leafScope: 'domain' | 'host',
  names: string[],
): number {
  const group =
    binding === null
      ? null
      : binding === 'a' && stanzas.some(({ path }) => path.length > 1 && path[1]![1] === 'a')
        ? 'g'
        : 'default';
  const g = group === null ? null : (['binding_group', group] as const);
  const b = binding === null ? null : (['binding', binding] as const);
  const outer = { gb: g && b && [g, b], b: b && [b], g: g && [g], none: [] };
  const insides = [outer.gb, ...(leafScope === 'domain' ? [outer.b, outer.g] : [outer.g, outer.b])];
  const inLeaf = (container: readonly (readonly [string, string])[] | null): number | undefined => {
    if (container === null) return undefined;
    for (const name of names) {
      const value = valueAt(stanzas, [...container, [leafScope, name]]);
      if (value !== undefined) return value;
    }
    const order = stanzas
      .filter(
        ({ path }) =>
          path.length === container.length + 1 && JSON.stringify(path.slice(0, -1)) === JSON.stringify(container),
      )
      .map(({ path }) => path.at(-1)!)
      .filter(
        ([scope, name]) =>
          scope === leafScope && name.startsWith('/') && new RegExp(name.slice(1, -1)).test(names.at(-1)!),
      );
    for (const step of order) {
      const value = valueAt(stanzas, [...container, step]);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  for (const container of insides) {
    const value = inLeaf(container);
    if (value !== undefined) return value;
  }
  if (leafScope === 'host') return inLeaf([]) ?? -1;
  for (const container of [outer.gb, outer.b, outer.g]) {
    const value = container === null ? undefined : valueAt(stanzas, container);
    if (value !== undefined) return value;
  }
  return inLeaf([]) ?? valueAt(stanzas, []) ?? 32;
}

test('property: fallback is what a plain reading of its rules says', () => {
  fc.assert(
    fc.property(fc.array(placed, { maxLength: 14 }), (stanzas) => {
      const configuration = load(textOf(stanzas));
      for (const binding of [null, ...BINDINGS]) {
        const subject = binding === null ? {} : { binding };
        for (const domain of ['d.test', 'e.test', 'other']) {
          const expected = naive(stanzas, binding, 'domain', [domain]);
          const value = configuration.value(maxOutboundConnections, { ...subject, domain });
          assert.equal(value === NO_LIMIT ? -1 : value, expected, `${binding} ${domain}`);
        }
        for (const [host, address] of [
          ['mx.test', '192.0.2.1'],
          ['other', '192.0.2.2'],
        ] as const) {
          const expected = naive(stanzas, binding, 'host', [address, host]);
          const value = configuration.value(maxOutboundConnections, { ...subject, host, address });
          assert.equal(value === NO_LIMIT ? -1 : value, expected, `${binding} ${host}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('an answer says which stanza gave it', () => {
  const configuration = load('binding "b" {\n  domain "d.test" { max_outbound_connections = -1 }\n}\n');
  assert.deepEqual(configuration.resolve(maxOutboundConnections, { binding: 'b', domain: 'd.test' }), {
    value: NO_LIMIT,
    text: '-1',
    setBy: {
      at: { file: 't', line: 2, column: 21 },
      level: 'binding::domain',
      scope: 'Binding "b" Domain "d.test"',
      stanza: 'binding "b" domain "d.test"',
    },
  });
  assert.deepEqual(configuration.resolve(maxOutboundConnections), { value: 32, text: '32', setBy: 'default' });
});

test("the cap of a binding is its own or its group's, never that of the server", () => {
  const configuration = load(`server_max_outbound_connections = 9
    binding_group "g" { server_max_outbound_connections = 5 binding "a" { server_max_outbound_connections = 2 } binding "b" {} }
    binding "c" {}`);
  const caps = ['a', 'b', 'c', 'default', 'unknown'].map((name) =>
    configuration.bindingLimit(serverMaxOutboundConnections, name),
  );
  assert.deepEqual(caps, [2, 5, NO_LIMIT, NO_LIMIT, NO_LIMIT]);
  assert.equal(configuration.value(serverMaxOutboundConnections), 9);
  assert.equal(load('').value(serverMaxOutboundConnections), 75000);
});

test('bindings and groups', () => {
  const configuration = load(
    'binding "z" {} binding_group "g" { binding "a" {} binding "b" {} } binding_group "empty" {} binding "a" {}',
  );
  assert.deepEqual(configuration.bindings(), [
    { name: 'default', group: 'default' },
    { name: 'a', group: 'g' },
    { name: 'b', group: 'g' },
    { name: 'z', group: 'default' },
  ]);
  assert.deepEqual(configuration.bindingsOf('g'), ['a', 'b']);
  assert.deepEqual(configuration.bindingsOf('default'), ['z', 'default']);
  assert.deepEqual(configuration.bindingsOf('empty'), []);
  assert.deepEqual([configuration.groupOf('b'), configuration.groupOf('nobody')], ['g', 'default']);
  assert.deepEqual([configuration.hasBinding('default'), configuration.hasBinding('A')], [true, false]);
});

test('address literals are one name in every spelling', () => {
  const configuration = load(
    'domain "192.0.2.1" { max_outbound_connections = 1 } domain "[IPv6:2001:DB8::0:1]" { max_outbound_connections = 2 } host "2001:DB8::0:1" { max_outbound_connections = 3 }',
  );
  const value = (subject: object): number => configuration.value(maxOutboundConnections, subject);
  assert.equal(value({ domain: '[192.0.2.1]' }), 1);
  assert.equal(value({ domain: '[ipv6:2001:db8::1]' }), 2);
  assert.equal(value({ host: 'mx', address: '2001:db8::1' }), 3);
});

test('listeners, their clients and their bindings', () => {
  const configuration = load(`
    binding_group "g" { binding "a" {} }
    esmtp_listener {
      binding_group = "g"
      listen "127.0.0.1:0" { relay_hosts = ( 127.0.0.0/8 ::1 ) peer "127.0.0.9" { binding = "a" } }
      listen "[*]:25" { enable = no }
      listen ":2526" { }
    }
    control_listener { listen "localhost:2025" { } }`);
  const [first, second, ...none] = configuration.esmtpListeners();
  assert.deepEqual(first?.endpoint, { kind: 'tcp', host: '127.0.0.1', port: 0 });
  assert.deepEqual(second?.endpoint, { kind: 'tcp', host: null, port: 2526 });
  assert.equal(none.length, 0);
  assert.equal(configuration.value(relayHosts, first?.subject('10.0.0.1')).length, 2);
  assert.equal(configuration.value(relayHosts, second?.subject()).length, 0);
  assert.deepEqual(configuration.bindingChoice(first!.subject('127.0.0.9')), { kind: 'binding', name: 'a' });
  assert.deepEqual(configuration.bindingChoice(first!.subject('127.0.0.8')), { kind: 'group', name: 'g' });
  assert.equal(load('').bindingChoice({}), null);
  assert.deepEqual(configuration.controlListeners()[0]?.endpoint, { kind: 'tcp', host: 'localhost', port: 2025 });
  assert.equal(configuration.value(bindAddress), null);
});

test('ten thousand domains are loaded, and each is answered with its own value', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `d${index}.test`);
  const configuration = load(
    names.map((name, index) => `domain "${name}" { max_outbound_connections = ${index} }`).join('\n'),
  );
  for (let index = 0; index < names.length; index += 1)
    assert.equal(configuration.value(maxOutboundConnections, { binding: 'default', domain: names[index]! }), index);
});
