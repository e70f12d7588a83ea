// Random configurations: what is said to be dead is dead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Limit } from '../../base/limit.ts';
import { wallMs } from '../../base/moment.ts';
import { OPTIONS } from '../catalogue.ts';
import { withChange } from '../change.ts';
import type { Configuration } from '../configuration.ts';
import { loadConfiguration } from '../load.ts';
import type { Option } from '../option.ts';
import {
  clusterOutboundThrottleMessages,
  clusterServerMaxOutboundConnections,
  maxOutboundConnections,
  outboundThrottleMessages,
  scopeMaxOutboundConnections,
  serverMaxOutboundConnections,
  serverReserveOutboundConnections,
} from '../options/connection-options.ts';
import { formatProblem } from '../problem.ts';
import type { Subject } from '../resolution.ts';
import type { PathStep } from '../scope-path.ts';
import { stanzaKey } from '../stanza.ts';
import { readStanzaName } from '../stanza-name.ts';
import type { Rate } from '../value-type.ts';
import { findDeadConfiguration } from './dead-configuration.ts';
import type { DeadEntry } from './dead-entry.ts';

function load(text: string): Configuration {
  const result = loadConfiguration('t', () => ({ text }));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

const LISTENER = 'esmtp_listener { listen "127.0.0.1:25" { } }';
const DOMAINS = ['d.test', 'e.test', '/^(d|e)\\.test$/', '/^d\\.test$/', '/test$/', '/.*/', '/^d\\.test\\.$/'];
const HOSTS = ['mx.test', '192.0.2.1', '/^mx\\.test$/', '/.*/'];
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  max_outbound_connections: fc.integer({ min: 1, max: 6 }).map(String),
  max_retries: fc.constantFrom('1', '2', '3'), // at most domains: hosts get it in the stanza around them
  outbound_throttle_messages: fc.constantFrom('"0"', '"2/1"', '"9/3"', '"4/2"'),
  scope_max_outbound_connections: fc.integer({ min: 1, max: 9 }).map(String),
};
const WIDE: Readonly<Record<string, fc.Arbitrary<string>>> = {
  server_max_outbound_connections: fc.integer({ min: 1, max: 9 }).map(String),
  cluster_outbound_throttle_messages: fc.constantFrom('"0"', '"2/1"', '"9/3"', '"4/2"'),
};

interface Placed {
  readonly path: readonly string[];
  readonly option: string;
  readonly value: string;
}

const oneOf = (scope: string, names: readonly string[]) =>
  fc.constantFrom(...names).map((name) => `${scope} "${name}"`);
const BINDINGS = ['a', 'a', 'b', 'b', 'c', 'default'];
/** `a` and `b` stand in group g, no binding is in group h. */
const outer = fc.oneof(
  { arbitrary: fc.constant<string[]>([]), weight: 3 },
  fc.constantFrom(['binding_group "g"'], ['binding_group "g"'], ['binding_group "h"'], ['binding_group "default"']),
  fc.constantFrom(['binding_group "g"', 'binding "a"'], ['binding_group "g"', 'binding "b"']),
  oneOf('binding', BINDINGS).map((step) => [step]),
);
const inner = fc.oneof(
  { arbitrary: fc.constant<string[]>([]), weight: 2 },
  oneOf('domain', DOMAINS).map((step) => [step]),
  oneOf('host', HOSTS).map((step) => [step]),
);
const settings = (table: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc.oneof(...Object.entries(table).map(([option, value]) => value.map((text) => ({ option, value: text }))));
const placed: fc.Arbitrary<Placed> = fc
  .tuple(outer, inner, settings(VALUES), settings(WIDE))
  .map(([around, within, small, wide]) => {
    const path = [...around, ...within];
    if (within[0]?.startsWith('host') && small.option === 'max_retries') return { path: around, ...small };
    const isWide = within.length === 0 && (wide.option.startsWith('server') || !around.at(-1)?.startsWith('binding "'));
    return isWide && small.value > '3' ? { path, ...wide } : { path, ...small };
  });
const listening = fc.constantFrom('', LISTENER, 'esmtp_listener { listen "127.0.0.1:25" { binding_group = g } }');
const reserve = fc.integer({ min: 0, max: 2 }).map((count) => `server_reserve_outbound_connections = ${count}`);

const configurationText = fc
  .tuple(fc.array(placed, { minLength: 1, maxLength: 24 }), listening, reserve)
  .map(([stanzas, listener, held]) =>
    [
      'binding_group "g" { binding "a" { } binding "b" { } }',
      listener,
      held,
      ...stanzas.map(({ path, option, value }) => {
        const opening = path.map((step) => `${step} {`).join(' ');
        return `${opening} ${option} = ${value} ${'}'.repeat(path.length)}`;
      }),
    ].join('\n'),
  );

const NAMES = ['d.test', 'e.test', 'x.test', 'other.example', 'd.test.example'];
const ADDRESSES = [
  ['mx.test', '192.0.2.1'],
  ['mx.test', '192.0.2.2'],
  ['mail.example', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
] as const;
const SUBJECTS: readonly Subject[] = [
  {},
  ...['a', 'b', 'c', 'default', 'gone'].flatMap((binding): Subject[] => [
    { binding },
    ...NAMES.map((domain): Subject => ({ binding, domain })),
    ...ADDRESSES.map(([host, address]): Subject => ({ binding, host, address })),
  ]),
];

const ACTED = OPTIONS.filter(({ handling, name }) => handling.kind === 'acted' && (name in VALUES || name in WIDE));

/** Everything that anybody asks for, except by the bindings that are left out. */
function valuesOf(configuration: Configuration, but: ReadonlySet<string>): string[] {
  return SUBJECTS.filter(({ binding }) => binding === undefined || !but.has(binding)).flatMap((subject) =>
    ACTED.map((option) => {
      const caps =
        subject.binding === undefined ? '' : configuration.bindingLimit(serverMaxOutboundConnections, subject.binding);
      const sums = configuration
        .settingsAlong(scopeMaxOutboundConnections, subject)
        .map(({ stanza, value }) => `${stanza} ${value}`);
      return `${JSON.stringify(subject)} ${option.name} ${JSON.stringify(configuration.value(option, subject))} ${caps} ${sums}`;
    }),
  );
}

function without(configuration: Configuration, { stanza, option }: DeadEntry): Configuration {
  const word = (text: string) => ({ kind: 'word', text, quoted: true, at: stanza.at }) as const;
  const path: PathStep[] = stanza.path.map((step) => {
    const name = readStanzaName(step.kind, step.name ?? '');
    return {
      ...step,
      key: name.kind === 'problem' ? '' : name.key,
      word: word(step.kind.keyword),
      nameWord: word(step.name ?? ''),
    };
  });
  const change =
    option === null
      ? ({ kind: 'remove', path } as const)
      : ({ kind: 'unset', path, option: word(option.name) } as const);
  const result = withChange(configuration, change, { at: wallMs(0), by: 'test' });
  assert.ok(result.kind === 'loaded');
  return result.configuration;
}

test('taking out what has no effect changes no value, for anybody', () => {
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(configurationText, (text) => {
      const configuration = load(text);
      const entries = findDeadConfiguration(configuration).entries.filter(
        ({ kind }) => !['unreached', 'idleThrottle', 'unusedBinding'].includes(kind),
      );
      const before = valuesOf(configuration, new Set());
      let reduced = configuration;
      for (const entry of entries) {
        kinds.set(entry.kind, (kinds.get(entry.kind) ?? 0) + 1);
        assert.deepEqual(
          valuesOf(without(configuration, entry), new Set()),
          before,
          `${stanzaKey(entry.stanza)} ${entry.text}`,
        );
        reduced = without(reduced, entry);
      }
      assert.deepEqual(valuesOf(reduced, new Set()), before, 'all of them together');
    }),
    { numRuns: 600 },
  );
  for (const kind of ['shadowed', 'emptyGroup', 'noName'])
    assert.ok((kinds.get(kind) ?? 0) > 5, `${kind}: ${kinds.get(kind)}`);
});

test('taking out a binding that is never used changes no value for any other', () => {
  let count = 0;
  fc.assert(
    fc.property(configurationText, (text) => {
      const configuration = load(text);
      for (const entry of findDeadConfiguration(configuration).entries.filter(({ kind }) => kind === 'unusedBinding')) {
        count += 1;
        const gone = new Set(
          entry.stanza.kind.name === 'binding' ? [entry.stanza.key] : configuration.bindingsOf(entry.stanza.key),
        );
        for (const one of gone) assert.notEqual(one, 'default');
        assert.deepEqual(valuesOf(without(configuration, entry), gone), valuesOf(configuration, gone), entry.text);
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(count > 5);
});

/** Every counter that a connection takes, with its limit: a plain reading of docs/limits.md. */
function countersOf(configuration: Configuration, binding: string, domain: string, host: string, address: string) {
  const value = (option: Option<Limit>, subject: Subject = {}) => configuration.value(option, subject);
  const server = value(serverMaxOutboundConnections);
  const ceiling = Math.min(
    server === 0 ? 0 : server + configuration.value(serverReserveOutboundConnections),
    value(clusterServerMaxOutboundConnections),
  );
  return new Map<string, Limit>([
    ['node', ceiling],
    [`binding ${binding}`, configuration.bindingLimit(serverMaxOutboundConnections, binding)],
    [`pair ${binding} ${domain}`, value(maxOutboundConnections, { binding, domain })],
    [`address ${binding} ${address}`, value(maxOutboundConnections, { binding, host, address })],
    ...[
      { binding, domain },
      { binding, host, address },
    ].flatMap((subject) =>
      configuration
        .settingsAlong(scopeMaxOutboundConnections, subject)
        .map(({ stanza, value: limit }) => [`scope ${stanza}`, limit] as const),
    ),
  ]);
}

/** The counters whose limit the entry sets, by a connection that takes it. */
function governed(
  configuration: Configuration,
  { stanza, option }: DeadEntry,
  binding: string,
  domain: string,
  host: string,
  address: string,
): string[] {
  const key = stanzaKey(stanza);
  const isSetter = (subject: Subject) => {
    const { setBy } = configuration.resolve(option!, subject);
    return setBy !== 'default' && setBy.stanza === key;
  };
  if (option === scopeMaxOutboundConnections) return [`scope ${key}`];
  if (option === serverMaxOutboundConnections) return isSetter({ binding }) ? [`binding ${binding}`] : [];
  return [
    ...(isSetter({ binding, domain }) ? [`pair ${binding} ${domain}`] : []),
    ...(isSetter({ binding, host, address }) ? [`address ${binding} ${address}`] : []),
  ];
}

test('a limit that is said to be never reached is not reached by whoever opens as much as there is room for', () => {
  let count = 0;
  fc.assert(
    fc.property(configurationText, fc.infiniteStream(fc.nat()), (text, random) => {
      const configuration = load(text);
      const draw = (below: number): number => (random.next().value as number) % below;
      for (const entry of findDeadConfiguration(configuration).entries.filter(({ kind }) => kind === 'unreached')) {
        count += 1;
        const own = entry.stanza.settings.get(entry.option!.name)!.value as Limit;
        const open = new Map<string, number>();
        const connections = configuration
          .bindings()
          .flatMap(({ name }) =>
            [...NAMES, 'y1.test', 'y2.test', 'y3'].flatMap((domain) =>
              [...ADDRESSES, ['mx3', '192.0.2.3'] as const].map(([host, address]) => ({ name, domain, host, address })),
            ),
          );
        const wanted = connections
          .map(({ name, domain, host, address }) => ({
            counters: countersOf(configuration, name, domain, host, address),
            own: governed(configuration, entry, name, domain, host, address),
          }))
          .filter((one) => one.own.some((key) => one.counters.has(key)));
        for (let left = wanted; left.length > 0; ) {
          const next = left[draw(left.length)]!;
          const isFull = [...next.counters].some(
            ([key, limit]) => !next.own.includes(key) && (open.get(key) ?? 0) >= limit,
          );
          if (isFull) left = left.filter((one) => one !== next);
          else for (const key of next.counters.keys()) open.set(key, (open.get(key) ?? 0) + 1);
          for (const key of next.own)
            assert.ok((open.get(key) ?? 0) < own, `${text}\n${stanzaKey(entry.stanza)} ${entry.text}: ${key}`);
        }
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(count > 5, String(count));
});

test('whatever a throttle that never waits counts, counts on a slower one', () => {
  let count = 0;
  fc.assert(
    fc.property(configurationText, (text) => {
      const configuration = load(text);
      for (const { stanza } of findDeadConfiguration(configuration).entries.filter(
        ({ kind }) => kind === 'idleThrottle',
      )) {
        count += 1;
        let common: readonly string[] | null = null; // one of them has counted everything
        const own = stanza.settings.get(outboundThrottleMessages.name)!.value as Rate;
        const others = (subjects: readonly Subject[], options: readonly Option<Rate | null>[]) =>
          subjects.map((subject) =>
            options
              .map((option) => ({ name: option.name, ...configuration.resolve(option, subject) }))
              .flatMap(({ name, setBy, value }) =>
                setBy === 'default' || value === null || value.count === 0
                  ? []
                  : [{ throttle: `${name} ${setBy.stanza}`, value }],
              ),
          );
        for (const subject of SUBJECTS.filter(
          ({ binding, domain, host }) => binding !== undefined && (domain ?? host) !== undefined,
        )) {
          const { setBy } = configuration.resolve(outboundThrottleMessages, subject);
          if (setBy === 'default' || setBy.stanza !== stanzaKey(stanza)) continue;
          const { binding } = subject;
          const around =
            subject.host === undefined
              ? others([subject], [clusterOutboundThrottleMessages])
              : others(
                  NAMES.map((domain) => ({ binding, domain })),
                  [clusterOutboundThrottleMessages, outboundThrottleMessages],
                );
          for (const found of around) {
            const slower = found
              .filter(({ value }) => value.count * Math.ceil(own.seconds / value.seconds) < own.count)
              .map(({ throttle }) => throttle);
            common = slower.filter((name) => common?.includes(name) ?? true);
            assert.ok(common.length > 0, text);
          }
        }
      }
    }),
    { numRuns: 600 },
  );
  assert.ok(count > 5, String(count));
});
