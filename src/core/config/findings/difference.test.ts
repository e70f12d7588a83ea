import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Configuration } from '../configuration.ts';
import { loadConfiguration } from '../load.ts';
import type { Option } from '../option.ts';
import { maxOutboundConnections, serverMaxOutboundConnections } from '../options/connection-options.ts';
import { maxRetries } from '../options/retry-options.ts';
import { matchesPattern } from '../pattern.ts';
import { formatProblem } from '../problem.ts';
import type { Subject } from '../resolution.ts';
import { differenceOf, type Owner, type StructureChange, type ValueChange } from './difference.ts';
import type { CellOwner } from './difference-cells.ts';

function load(text: string): Configuration {
  const result = loadConfiguration('t', () => ({ text }));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

const cellText = ({ group, binding, name }: CellOwner): string =>
  [binding === null ? (group === null ? '*' : `${group}::*`) : `${group}::${binding}`, name?.text ?? '*'].join(' ');

function ownerText(owner: Owner): string {
  if (owner.kind === 'delivery') return cellText(owner);
  if (owner.kind === 'server') return 'server';
  if (owner.kind === 'stanza') return owner.scope;
  return [owner.of, owner.listen, owner.peer].filter((part) => part !== null).join(' ');
}

function valueText({ option, owner, before, after, except }: ValueChange): string {
  const but = except.length === 0 ? '' : ` except ${except.map(cellText).join(', ')}`;
  return `${ownerText(owner)}: ${option.name} ${before.text} -> ${after.text}${but}`;
}

function structureText(change: StructureChange): string {
  if (change.kind === 'bindingMoved') return `moved ${change.binding} ${change.before} -> ${change.after}`;
  if ('stanza' in change) return `${change.kind} ${change.stanza}${change.sets.map((text) => ` ${text}`).join('')}`;
  return 'binding' in change ? `${change.kind} ${change.group}::${change.binding}` : `${change.kind} ${change.name}`;
}

for (const [id, before, after, expected] of [
  ['the same', 'max_retries = 1', 'max_retries = 1', []],
  ['the same in other words', 'suspend_delivery = on', 'suspend_delivery = true', []],
  ['a default written down', '', 'max_outbound_connections = 32', []],
  ['for everybody', '', 'max_retries = 2', ['* *: max_retries auto -> 2']],
  [
    'for everybody but those who say otherwise',
    'binding b { max_retries = 1 }\ndomain d.test { max_retries = 3 }',
    'max_retries = 2\nbinding b { max_retries = 1 }\ndomain d.test { max_retries = 3 }',
    ['* *: max_retries auto -> 2 except * d.test, default::b *'],
  ],
  [
    'one domain',
    'domain d.test { max_retries = 3 }',
    'domain d.test { max_retries = 4 }',
    ['* d.test: max_retries 3 -> 4'],
  ],
  [
    'one domain, and a binding with a value of its own',
    'domain d.test { max_retries = 3 }\nbinding b { max_retries = 1 }',
    'domain d.test { max_retries = 4 }\nbinding b { max_retries = 1 }',
    ['* d.test: max_retries 3 -> 4 except default::b *'],
  ],
  [
    'a binding that falls back from now on',
    'domain d.test { max_retries = 3 }\nbinding b { max_retries = 1 }',
    'domain d.test { max_retries = 3 }',
    ['bindingRemoved default::b'],
  ],
  [
    'a value taken out of a binding',
    'max_retries = 5\ndomain d.test { max_retries = 3 }\nbinding b { max_retries = 1 }',
    'max_retries = 5\ndomain d.test { max_retries = 3 }\nbinding b { }',
    ['default::b *: max_retries 1 -> 5', 'default::b d.test: max_retries 1 -> 3'],
  ],
  [
    'the rest of a group',
    'binding_group g { max_retries = 1 binding a { max_retries = 9 } binding b { } }',
    'binding_group g { max_retries = 2 binding a { max_retries = 9 } binding b { } }',
    ['g::* *: max_retries 1 -> 2 except g::a *'],
  ],
  [
    'a binding that moves',
    'binding_group g { max_retries = 1 binding b { } }\nbinding_group h { max_retries = 2 binding a { } }',
    'binding_group g { max_retries = 1 binding c { } }\nbinding_group h { max_retries = 2 binding a { } binding b { } }',
    ['moved b g -> h', 'bindingAdded g::c', 'h::b *: max_retries 1 -> 2'],
  ],
  [
    'the order of patterns',
    'domain "/d/" { max_retries = 1 }\ndomain "/^d/" { max_retries = 2 }\ndomain d.test { retry_interval = 1 }',
    'domain "/^d/" { max_retries = 2 }\ndomain "/d/" { max_retries = 1 }\ndomain d.test { retry_interval = 1 }',
    [],
  ],
  [
    'the server and its bindings',
    'server_max_outbound_connections = 10\nbinding b { server_max_outbound_connections = 3 }',
    'server_max_outbound_connections = 9\nbinding b { server_max_outbound_connections = 2 }',
    ['server: server_max_outbound_connections 10 -> 9', 'default::b *: server_max_outbound_connections 3 -> 2'],
  ],
  [
    'sums, by the stanza that counts',
    'scope_max_outbound_connections = 10\nbinding b { scope_max_outbound_connections = 3 }',
    'binding b { scope_max_outbound_connections = 2 }',
    [': scope_max_outbound_connections 10 -> -1', 'Binding "b": scope_max_outbound_connections 3 -> 2'],
  ],
  [
    'hosts have a chain and a default of their own',
    'host mx.test { max_outbound_connections = 3 }',
    'host 192.0.2.1 { max_outbound_connections = 3 }',
    ['* mx.test: max_outbound_connections 3 -> -1', '* 192.0.2.1: max_outbound_connections -1 -> 3'],
  ],
  [
    'endpoints',
    'esmtp_listener { idle_time = 1 listen ":25" { peer 10.0.0.0/8 { idle_time = 4 } } listen ":26" { } }',
    'esmtp_listener { idle_time = 2 listen ":25" { peer 10.0.0.0/8 { idle_time = 5 } } listen ":27" { } }',
    [
      'listenerCloses :26',
      'listenerOpens :27',
      'esmtp_listener :25: idle_time 1 -> 2',
      'esmtp_listener :25 10.0.0.0/8: idle_time 4 -> 5',
    ],
  ],
  [
    'stanzas of modules come and go as a whole: nothing goes on with the default',
    'bounce_logger x { bouncelog = /a enabled = true }\njson_logger j { }\nalerting { }',
    'bounce_logger y { bouncelog = /b }\njson_logger { }\ncustom_logger { }',
    [
      'stanzaRemoved bounce_logger "x" bouncelog = "/a" enabled = true',
      'stanzaRemoved json_logger "j"',
      'stanzaAdded bounce_logger "y" bouncelog = "/b"',
      'stanzaAdded json_logger',
      'stanzaAdded custom_logger',
    ],
  ],
  ['without an ec_logger there is the stock one', '', 'ec_logger { heartbeat = 6 }', ['ec_logger: heartbeat 60 -> 6']],
  [
    'a named ec_logger takes the place of the stock one',
    '',
    'ec_logger x { heartbeat = 6 }',
    ['stanzaRemoved the stock ec_logger', 'stanzaAdded ec_logger "x" heartbeat = 6'],
  ],
  [
    'loggers, and what is only kept',
    'ec_logger { heartbeat = 5 }\nopendkim_sign = true',
    'ec_logger { heartbeat = 6 }\nopendkim_sign = false',
    ['ec_logger: heartbeat 5 -> 6'],
  ],
] as [string, string, string, string[]][]) {
  test(`difference: ${id}`, () => {
    const { structure, values } = differenceOf(load(before), load(after));
    const found = [...structure.map(structureText), ...values.map(valueText)];
    if (id === 'the order of patterns') assert.deepEqual(found.length <= 2, true, found.join('\n'));
    else assert.deepEqual(found, expected);
  });
}

// ---- 100,000 domains

const many = (count: number, retries: (n: number) => number): string =>
  Array.from({ length: count }, (_, n) => `domain d${n}.test { max_retries = ${retries(n)} }`).join('\n');

test('100,000 domain stanzas are compared with a look each, whatever bindings there are', () => {
  const bindings = Array.from({ length: 50 }, (_, n) => `binding b${n} { max_retries = ${n} }`).join('\n');
  const before = load(`${bindings}\n${many(100_000, (n) => n)}`);
  const after = load(`max_retries = 5\n${bindings}\n${many(100_000, (n) => (n === 7 ? 8 : n))}`);
  const { values, looks, isComplete } = differenceOf(before, after);
  assert.ok(isComplete);
  assert.ok(looks <= 100_000 + 100, String(looks));
  const found = values.map(({ owner, before: old, after: next }) => `${ownerText(owner)} ${old.text} -> ${next.text}`);
  assert.deepEqual(found, ['* * auto -> 5', '* d7.test 7 -> 8']);
  assert.equal(values[0]!.except.length, 100_000 - 1 + 50);
});

test('bindings that lose a value of their own are not compared with each of 100,000 domains', () => {
  const bindings = (retries: string) =>
    Array.from({ length: 100 }, (_, n) => `binding b${n} { ${retries} }`).join('\n');
  const before = load(`${bindings('max_retries = 7')}\n${many(100_000, () => 2)}`);
  const after = load(`${bindings('')}\n${many(100_000, () => 2)}`);
  const { looks, isComplete, uncompared } = differenceOf(before, after);
  assert.ok(isComplete);
  assert.ok(looks <= 100_000 + 100 * 201 + 10, String(looks));
  assert.deepEqual([uncompared.length, uncompared[0]!.names], [100, 100_000 - 200]);
});

test('the comparison ends where it must, and says so', () => {
  const { looks, isComplete } = differenceOf(load(many(100, () => 1)), load(many(100, () => 2)), 50);
  assert.equal(isComplete, false);
  assert.ok(looks <= 110, String(looks));
});

// ---- any two configurations

const DOMAINS = ['d.test', 'e.test', 'f.example', '/^d/', '/example$/'];
const NAMES = ['d.test', 'e.test', 'f.example', 'd.org', 'g.example', 'other.org'];
const PATTERNS = DOMAINS.filter((name) => name.startsWith('/'));
const BINDINGS = ['a', 'b', 'c', 'd', 'default'];
const OPTIONS: readonly Option<unknown>[] = [maxRetries, serverMaxOutboundConnections];

const outer = fc.oneof(
  { arbitrary: fc.constant<string[]>([]), weight: 3 },
  fc.constantFrom(
    ['binding_group "g"'],
    ['binding_group "h"'],
    ['binding_group "default"'],
    ['binding_group "g"', 'binding "a"'],
    ['binding_group "h"', 'binding "c"'],
  ),
  fc.constantFrom(...BINDINGS).map((name) => [`binding "${name}"`]),
);
const inner = fc.oneof(
  fc.constant<string[]>([]),
  fc.constantFrom(...DOMAINS).map((name) => [`domain "${name}"`]),
);
const stanza = fc
  .tuple(outer, inner, fc.integer({ min: 1, max: 4 }), fc.boolean())
  .map(([around, within, value, isCap]) => {
    const path = [...around, ...within];
    const option = isCap && within.length === 0 ? 'server_max_outbound_connections' : 'max_retries';
    return `${path.map((one) => `${one} {`).join(' ')} ${option} = ${value} ${'}'.repeat(path.length)}`;
  });
/** Binding `b` is in one group or the other. */
const home = fc.constantFrom('g', 'h').map((group) => `binding_group "${group}" { binding "b" { } }`);
const base = 'binding_group "g" { binding "a" { } }\nbinding_group "h" { binding "c" { } }\nbinding "d" { }';
const pair = fc.tuple(fc.array(stanza, { maxLength: 10 }), fc.array(stanza, { maxLength: 4 }), fc.nat(10), home, home);

interface Said {
  readonly owner: CellOwner;
  readonly change: ValueChange | null;
}

/** What the difference says of a subject: the most specific line that is about it. */
function saidOf(all: readonly Said[], group: string, binding: string, domain: string): ValueChange | null {
  const names = [domain, ...PATTERNS.filter((name) => matchesPattern(new RegExp(name.slice(1, -1), 'i'), domain))];
  const rows = [`${group}::${binding}`, `${group}::*`, '*'];
  const order = rows.flatMap((row) => [...names, '*'].map((name) => `${row} ${name}`));
  const byText = new Map(all.map((one) => [cellText(one.owner), one]));
  const found = order.map((text) => byText.get(text)).find((one) => one !== undefined);
  return found?.change ?? null;
}

test('who gets another value finds the line that says so, and nobody else finds one', () => {
  let changes = 0;
  fc.assert(
    fc.property(pair, ([common, added, dropped, homeBefore, homeAfter]) => {
      const before = load([base, homeBefore, ...common].join('\n'));
      const after = load([base, homeAfter, ...common.filter((_, n) => n !== dropped), ...added].join('\n'));
      const { values } = differenceOf(before, after);
      for (const option of OPTIONS) {
        const said: Said[] = values
          .filter((change) => change.option === option && change.owner.kind === 'delivery')
          .flatMap((change) => [
            ...change.except.map((owner): Said => ({ owner, change: null })),
            { owner: change.owner as CellOwner, change },
          ]);
        for (const binding of BINDINGS) {
          for (const domain of NAMES) {
            const of = (configuration: Configuration): string => {
              const subject: Subject = { binding, domain };
              const isCap = option === serverMaxOutboundConnections;
              const value = isCap
                ? configuration.bindingLimit(serverMaxOutboundConnections, binding)
                : configuration.value(option, subject);
              return option.type.format(value);
            };
            const [old, next] = [of(before), of(after)];
            const found = saidOf(said, after.groupOf(binding), binding, domain);
            const where = `${binding} ${domain} ${option.name} ${old} -> ${next}\n${values.map(valueText).join('\n')}`;
            if (old === next) assert.equal(found && valueText(found), null, where);
            else assert.deepEqual([found?.before.text, found?.after.text], [old, next], where);
            if (old !== next) changes += 1;
          }
        }
      }
      for (const change of values) assert.notEqual(change.before.text, change.after.text);
    }),
    { numRuns: 1500 },
  );
  assert.ok(changes > 1000, String(changes));
});

test('a limit in host scope has a default of its own', () =>
  assert.equal(maxOutboundConnections.hostDefault, load('').value(maxOutboundConnections, { host: 'mx.test' })));
