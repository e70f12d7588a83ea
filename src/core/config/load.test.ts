import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wallMs } from '../base/moment.ts';
import { withChange } from './change.ts';
import type { Configuration } from './configuration.ts';
import { formatContents } from './display.ts';
import { type LoadOptions, type LoadResult, loadConfiguration } from './load.ts';
import { maxOutboundConnections } from './options/connection-options.ts';
import { formatProblem, formatWarning } from './problem.ts';
import { readPath } from './scope-path.ts';
import type { Source } from './source.ts';
import type { WordSyntax } from './syntax.ts';

const AUTHOR = { at: wallMs(7), by: 'somebody' };

/** Loads `/etc/mail.conf` out of a map from paths to texts; a directory is what paths begin with. */
function load(files: Record<string, string>, options?: LoadOptions): LoadResult {
  const readSource = (path: string): Source => {
    const text = files[path];
    if (text !== undefined) return { text };
    const prefix = `${path.replace(/\/$/, '')}/`;
    const inside = Object.keys(files).flatMap((name) =>
      name.startsWith(prefix) ? [name.slice(prefix.length).split('/')[0]!] : [],
    );
    return inside.length === 0 ? { problem: 'no such file' } : { directory: [...new Set(inside)].reverse() };
  };
  return loadConfiguration('/etc/mail.conf', readSource, options);
}

function loaded(result: LoadResult): Configuration {
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

const problemsOf = (result: LoadResult): string[] =>
  result.kind === 'problems' ? result.problems.map(formatProblem) : [];
const domainValue = (configuration: Configuration, domain: string): number =>
  configuration.value(maxOutboundConnections, { domain });

test('included text counts as standing there, in any scope', () => {
  const configuration = loaded(
    load({
      '/etc/mail.conf': 'domain "a.test" { include "sub/limits.conf" }\nreadonly_include "/opt/more.conf"',
      '/etc/sub/limits.conf': 'include "deeper.conf"',
      '/etc/sub/deeper.conf': 'max_outbound_connections = 3',
      '/opt/more.conf': 'max_outbound_connections = 4',
    }),
  );
  assert.deepEqual([domainValue(configuration, 'a.test'), domainValue(configuration, 'b.test')], [3, 4]);
});

test('a directory is read in order of names, without hidden files and subdirectories; the last setting wins', () => {
  const configuration = loaded(
    load({
      '/etc/mail.conf': 'include "conf.d"',
      '/etc/conf.d/10-a': 'max_outbound_connections = 1',
      '/etc/conf.d/20-b': 'max_outbound_connections = 2',
      '/etc/conf.d/.30-c': 'max_outbound_connections = 3',
      '/etc/conf.d/40-d/x': 'max_outbound_connections = 4',
    }),
  );
  assert.equal(domainValue(configuration, 'a.test'), 2);
});

test('relative names are looked for beside the including file, then in the search path', () => {
  const files = { '/etc/mail.conf': 'include "x.conf"', '/srv/x.conf': 'max_outbound_connections = 5' };
  assert.equal(domainValue(loaded(load(files, { searchPath: ['/none', '/srv'] })), 'a.test'), 5);
  assert.deepEqual(problemsOf(load(files)), [
    '/etc/mail.conf:1:9: include "x.conf": found no such file; expected a file or a directory that can be read',
  ]);
});

test('a file that includes itself, by whatever name, is an error', () => {
  const [problem] = problemsOf(
    load({ '/etc/mail.conf': 'include "b.conf"', '/etc/b.conf': 'include "../etc/./mail.conf"' }),
  );
  assert.match(problem!, /^\/etc\/b\.conf:1:9: include "\/etc\/mail\.conf": found the file that is being read/);
});

test('a file may be included twice', () => {
  const files = {
    '/etc/mail.conf': 'domain a { include "x" } domain b { include "x" }',
    '/etc/x': 'max_outbound_connections = 6',
  };
  assert.deepEqual(
    ['a', 'b'].map((domain) => domainValue(loaded(load(files)), domain)),
    [6, 6],
  );
});

test('a file that cannot be read', () => {
  assert.deepEqual(problemsOf(load({})), ['cannot read /etc/mail.conf: no such file']);
});

test('repeated stanzas are one stanza', () => {
  const text =
    'domain "A.test." { max_outbound_connections = 1 idle_timeout = 3 } domain a.test { max_outbound_connections = 2 }';
  const configuration = loaded(load({ '/etc/mail.conf': text }));
  assert.equal(
    formatContents(configuration.root, 'whole'),
    'Domain "A.test." {\n  Max_Outbound_Connections = 2\n  Idle_Timeout = 3\n}\n',
  );
});

test('unknown modules and options are errors, and warnings when lenient', () => {
  const files = {
    '/etc/mail.conf': 'frobnicator "x" { a = ( 1 ) b { } }\nfrob = 1\ndelayed_reroute_domain = other.example',
  };
  assert.equal(problemsOf(load(files)).length, 3);
  const lenient = load(files, { lenient: true });
  assert.deepEqual(lenient.warnings.map(formatWarning), [
    '/etc/mail.conf:1:1: warning: frobnicator: left out: no such stanza is known',
    '/etc/mail.conf:2:1: warning: frob: left out: no such option is known',
  ]);
  assert.deepEqual(problemsOf(lenient), [
    '/etc/mail.conf:3:26: delayed_reroute_domain: found other.example; expected none (mail would go to the domain itself)',
  ]);
});

const names = fc.constantFrom('a.test', 'b.test', '/^a/', '192.0.2.1');
const settings = fc.constantFrom(
  'max_outbound_connections = -1',
  'MAX_outbound_connections = "7"',
  'ehlo_hostname = plain.name',
  'tls_key = "a \\"quoted\\" name\\""',
  'suspend_delivery = ON',
  'message_expiration = 5',
);
const stanza = (inner: fc.Arbitrary<string>, opening: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(opening, fc.array(inner, { maxLength: 3 })).map(([head, items]) => `${head} {\n${items.join('\n')}\n}`);
const routes = fc.constantFrom('routes = ( a "smtp://b?pref=5", __mx__ )', 'routes = x', 'routes = ()');
const domains = stanza(
  fc.oneof(settings, routes),
  names.map((name) => `domain "${name}"`),
);
const bindings = stanza(fc.oneof(settings, domains), fc.constantFrom('binding x', 'binding "y"'));
const texts = fc.array(
  fc.oneof(
    settings,
    routes,
    domains,
    bindings,
    fc.constant('debug_flags { error = ( ALL ) } auth_radius { map [ a = b ] }'),
  ),
  { maxLength: 6 },
);

test('property: what showrecurse prints loads again as the same', () => {
  fc.assert(
    fc.property(texts, (items) => {
      const first = loaded(load({ '/etc/mail.conf': items.join('\n') }));
      const shown = formatContents(first.root, 'whole');
      assert.equal(formatContents(loaded(load({ '/etc/mail.conf': shown })).root, 'whole'), shown);
    }),
  );
});

test('property: no text makes a load throw', () => {
  const pieces = fc.oneof(
    settings,
    names,
    fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      '=',
      '"',
      'domain',
      'listen',
      'peer',
      'include',
      'binding',
      'esmtp_listener',
      'ec_logger',
      '-2',
      'tls',
    ),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (words) => void load({ '/etc/mail.conf': words.join(' ') })),
    { numRuns: 500 },
  );
});

test('a change leaves the configuration it was made from as it is', () => {
  const before = loaded(load({ '/etc/mail.conf': 'domain "/^a/" { max_outbound_connections = 1 } domain b.test { }' }));
  const word = (text: string): WordSyntax => ({
    kind: 'word',
    text,
    quoted: true,
    at: { file: 'c', line: 1, column: 1 },
  });
  const path = readPath(before.root, ['domain', '/^a/'].map(word));
  assert.ok(path.kind === 'path');
  const option = word('max_outbound_connections');
  const after = loaded(withChange(before, { kind: 'set', path: path.steps, option, value: word('2') }, AUTHOR));
  assert.deepEqual([domainValue(before, 'a.test'), domainValue(after, 'a.test')], [1, 2]);
  assert.deepEqual([before.version, after.version], [1, 2]);
  const removed = loaded(withChange(after, { kind: 'remove', path: path.steps }, AUTHOR));
  assert.deepEqual([domainValue(after, 'a.test'), domainValue(removed, 'a.test')], [2, 32]);
  const refused = withChange(after, { kind: 'set', path: path.steps, option, value: word('-2') }, AUTHOR);
  assert.equal(problemsOf(refused).length, 1);
});
