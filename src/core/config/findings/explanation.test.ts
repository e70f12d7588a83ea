import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Configuration } from '../configuration.ts';
import { loadConfiguration } from '../load.ts';
import type { Option } from '../option.ts';
import { bindAddress, maxOutboundConnections, scopeMaxOutboundConnections } from '../options/connection-options.ts';
import { idleTime } from '../options/listener-options.ts';
import { maxRetries } from '../options/retry-options.ts';
import { formatProblem } from '../problem.ts';
import type { Subject } from '../resolution.ts';
import { formatPosition } from '../source.ts';
import { type ExplainedLevel, explainOption } from './explanation.ts';

function load(text: string): Configuration {
  const result = loadConfiguration('t', () => ({ text }));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

/** `level: kind stanza, kind stanza` */
function brief({ level, looks, furtherMismatches }: ExplainedLevel): string {
  const words = looks.map((look) => `${look.kind} ${look.kind === 'notNamed' ? look.scope : look.stanza}`.trimEnd());
  return `${level}: ${words.join(', ')}${furtherMismatches > 0 ? ` +${furtherMismatches}` : ''}`;
}

for (const [id, text, option, subject, expected] of [
  [
    'every level says why it did not decide',
    'max_outbound_connections = 9\nbinding_group g { binding b { } }\nbinding b { domain "/^x/" { } domain "/d/" { } }\ndomain d.test { max_outbound_connections = 3 }\ndomain "/test/" { max_outbound_connections = 4 }',
    maxOutboundConnections,
    { binding: 'b', domain: 'd.test' },
    [
      'binding_group::binding::domain: noStanza Domain "d.test"',
      'binding::domain: noMatch Binding "b" Domain "/^x/", silent Binding "b" Domain "/d/"',
      'binding_group::domain: noStanza Domain "d.test"',
      'binding_group::binding: silent Binding_Group "g" Binding "b"',
      'binding: silent Binding "b"',
      'binding_group: silent Binding_Group "g"',
      'domain: decides Domain "d.test", tooLate Domain "/test/"',
      'global: tooLate',
    ],
  ],
  [
    'a question without a binding',
    '',
    bindAddress,
    {},
    [
      'binding_group::binding::domain: notNamed binding_group',
      'binding::domain: notNamed binding',
      'binding_group::domain: notNamed binding_group',
      'binding_group::binding: notNamed binding_group',
      'binding: notNamed binding',
      'binding_group: notNamed binding_group',
      'domain: notNamed domain',
      'global: silent',
    ],
  ],
  [
    'sums hold at every level',
    'scope_max_outbound_connections = 5\nbinding b { scope_max_outbound_connections = 6 }',
    scopeMaxOutboundConnections,
    { binding: 'b' },
    [
      'binding_group::binding::domain: noStanza Binding_Group "default"',
      'binding::domain: notNamed domain',
      'binding_group::domain: noStanza Binding_Group "default"',
      'binding_group::binding: noStanza Binding_Group "default"',
      'binding: decides Binding "b"',
      'binding_group: noStanza Binding_Group "default"',
      'domain: notNamed domain',
      'global: adds',
    ],
  ],
  [
    'a host by name and address, and many patterns',
    `${Array.from({ length: 7 }, (_, n) => `host "/^no${n}/" { }`).join('\n')}\nhost mx.test { }\nhost 192.0.2.1 { max_outbound_connections = 1 }`,
    maxOutboundConnections,
    { host: 'mx.test', address: '192.0.2.1' },
    [
      'binding_group::binding::host: notNamed binding_group',
      'binding_group::host: notNamed binding_group',
      'binding::host: notNamed binding',
      'host: decides Host "192.0.2.1", silent Host "mx.test", noMatch Host "/^no0/", noMatch Host "/^no1/", noMatch Host "/^no2/", noMatch Host "/^no3/", noMatch Host "/^no4/" +2',
    ],
  ],
  [
    'a client of a listener',
    'esmtp_listener { idle_time = 1 listen ":25" { peer 10.0.0.0/8 { } peer 10.1.0.0/16 { idle_time = 3 } } }',
    idleTime,
    { listener: { kind: 'esmtp_listener', listen: ':25', peer: '10.1.2.3' } },
    [
      'esmtp_listener::listen::peer: decides Esmtp_Listener Listen ":25" Peer "10.1.0.0/16", silent Esmtp_Listener Listen ":25" Peer "10.0.0.0/8"',
      'esmtp_listener::listen: silent Esmtp_Listener Listen ":25"',
      'esmtp_listener::peer: noStanza Peer "10.1.2.3"',
      'esmtp_listener: tooLate Esmtp_Listener',
      'global: silent',
    ],
  ],
] as [string, string, Option<unknown>, Subject, string[]][]) {
  test(`explanation: ${id}`, () =>
    assert.deepEqual(explainOption(load(text), option, subject).levels.map(brief), expected));
}

test('an explanation and a lookup never disagree', () => {
  const names = {
    binding_group: ['g', 'default'],
    domain: ['d.test', '/^d/', '/test$/'],
    host: ['mx.test', '192.0.2.1', '/^m/'],
  };
  const step = (scope: keyof typeof names) => fc.constantFrom(...names[scope]).map((name) => `${scope} "${name}"`);
  const binding = fc.constantFrom('binding "b"', 'binding "c"', 'binding "default"');
  const outer = fc.oneof(
    fc.constant<string[]>([]),
    step('binding_group').map((one) => [one]),
    fc.constant(['binding_group "g"', 'binding "a"']),
    binding.map((one) => [one]),
  );
  const inner = fc.oneof(
    fc.constant<string[]>([]),
    step('domain').map((one) => [one]),
    step('host').map((one) => [one]),
  );
  const stanza = fc.tuple(outer, inner, fc.integer({ min: 0, max: 9 })).map(([around, within, value]) => {
    const path = [...around, ...within];
    return `${path.map((one) => `${one} {`).join(' ')} max_outbound_connections = ${value} ${'}'.repeat(path.length)}`;
  });
  const subject = fc.record({
    binding: fc.constantFrom('a', 'b', 'c', 'default', undefined),
    domain: fc.constantFrom('d.test', 'D.TEST.', 'x.test', 'other.example', undefined),
    host: fc.constantFrom(undefined, undefined, 'mx.test', 'mail.example'),
    address: fc.constantFrom(undefined, undefined, '192.0.2.1'),
  });
  fc.assert(
    fc.property(
      fc.array(stanza, { maxLength: 8 }),
      fc.array(subject, { minLength: 5, maxLength: 5 }),
      (texts, subjects) => {
        const configuration = load(texts.join('\n'));
        for (const one of subjects) {
          const { setBy } = configuration.resolve(maxOutboundConnections, one);
          const found = explainOption(configuration, maxOutboundConnections, one);
          const decides = found.levels.flatMap(({ looks }) => looks.filter(({ kind }) => kind === 'decides'));
          assert.equal(decides.length, setBy === 'default' ? 0 : 1);
          assert.equal(
            found.setBy && formatPosition(found.setBy.at),
            setBy === 'default' ? null : formatPosition(setBy.at),
          );
          assert.equal(found.setBy?.scope ?? '', setBy === 'default' ? '' : setBy.scope);
        }
      },
    ),
  );
});

test('a literal stanza is asked before patterns, and these in their order, whether they match or not', () => {
  const text =
    'domain "/^x/" { max_retries = 1 }\ndomain "/a/" { max_retries = 2 }\ndomain "/^y/" { }\ndomain a.test { max_retries = 3 }';
  const loaded = loadConfiguration('t', () => ({ text }));
  assert.ok(loaded.kind === 'loaded');
  const { levels } = explainOption(loaded.configuration, maxRetries, { domain: 'a.test' });
  const looks = levels.find(({ level }) => level === 'domain')!.looks;
  assert.deepEqual(
    looks.map((look) => [look.kind, 'stanza' in look ? look.stanza : '']),
    [
      ['decides', 'Domain "a.test"'],
      ['noMatch', 'Domain "/^x/"'],
      ['tooLate', 'Domain "/a/"'],
      ['noMatch', 'Domain "/^y/"'],
    ],
  );
});
