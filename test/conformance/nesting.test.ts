// The nesting matrix: every scope in every other one is taken where the documentation has it, and refused with the
// scopes it may stand in elsewhere. Generated from options.tsv.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { formatProblem, formatWarning } from '../../src/core/config/problem.ts';
import { findScopeKind, SCOPE_KINDS } from '../../src/core/config/scope.ts';
import { OUR_SCOPES, ROWS } from './option-rows.ts';
import { opening, PLACES, placeOf } from './scope-places.ts';

function load(text: string, lenient = false) {
  const loaded = loadConfiguration('t.conf', () => ({ text }), { lenient });
  const problems = loaded.kind === 'problems' ? loaded.problems : [];
  return { problems, warnings: loaded.warnings };
}

const SCOPES = [...new Set(ROWS.filter(({ kind }) => kind === 'scope').map(({ name }) => name))];

/** What stands around such a stanza when this server refuses modules of that kind. */
const isRefused = (scope: string): boolean =>
  scope !== 'global' && placeOf(scope).path.some(({ handling }) => handling.kind === 'refused');

for (const scope of SCOPES) {
  const kind = findScopeKind(scope)!;

  test(`${scope} stands in ${kind.parents.join(', ')}`, () => {
    for (const parent of kind.parents) {
      const place = placeOf(scope, parent);
      const { problems, warnings } = load(`${place.opening} ${place.closing}`);
      const refused = place.path.filter(({ handling }) => handling.kind === 'refused');
      assert.deepEqual(
        problems.map(({ subject, hint }) => [subject, hint]),
        refused.map(({ keyword, handling }) => [keyword, handling.kind === 'refused' ? handling.because : '']),
      );
      const kept = place.path.find(({ handling }) => handling.kind === 'kept');
      if (kept === undefined) assert.deepEqual(warnings.map(formatWarning), [], place.opening);
      else assert.ok(kept.handling.kind === 'kept' && warnings[0]!.text === `not used: ${kept.handling.because}`);
    }
  });

  test(`${scope} stands in no other scope`, () => {
    for (const place of PLACES) {
      if (kind.parents.includes(place.scope) || place.kind?.isChecked === false || isRefused(place.scope)) continue;
      const { problems } = load(`${place.opening}\n  ${opening(kind)} }\n${place.closing}`);
      const [first] = problems;
      assert.equal(problems.length, 1, `${scope} in ${place.scope}`);
      assert.deepEqual([first!.at.line, first!.at.column], [2, 3]);
      const text = formatProblem(first!);
      const isOption = text.includes('it is an option');
      const where = place.kind?.keyword ?? 'the global scope';
      const expected = new RegExp(`^t\\.conf:2:3: ${scope}: found (a|an unknown) stanza in ${where}; expected `);
      assert.match(text, expected);
      if (!isOption) for (const parent of kind.parents) assert.ok(text.includes(parent), text);
    }
  });
}

test('stanzas are named, or not, as the kind says', () => {
  for (const { keyword, naming } of SCOPE_KINDS) {
    const place = placeOf(keyword);
    const outer = place.path.slice(0, -1);
    const around = (inner: string): string => `${outer.map(opening).join(' ')} ${inner} ${'}'.repeat(outer.length)}`;
    const naked = load(around(`${keyword} { }`)).problems.filter(({ found }) => found === 'no name');
    assert.equal(naked.length, naming === 'named' ? 1 : 0, keyword);
    const called = load(around(`${keyword} "q" { }`)).problems.filter(({ found }) => found === 'the name "q"');
    assert.equal(called.length, naming === 'anonymous' ? 1 : 0, keyword);
  }
  assert.ok(Object.keys(OUR_SCOPES).every((scope) => findScopeKind(scope) !== null));
});

test('a module that nobody knows is a mistake, and is left out with a warning when lenient', () => {
  const text = 'max_retries = 3\nfrobnicator "f" {\n  speed = ( 1 2 )\n  inner { a = b }\n}\n';
  assert.deepEqual(load(text).problems.map(formatProblem), [
    't.conf:2:1: frobnicator: found an unknown stanza in the global scope; expected binding_group, binding, domain, host, esmtp_listener, control_listener or a module',
  ]);
  const lenient = load(text, true);
  assert.deepEqual(lenient.problems, []);
  assert.deepEqual(lenient.warnings.map(formatWarning), [
    't.conf:2:1: warning: frobnicator: left out: no such stanza is known',
  ]);
});

test('an unknown option of a known module is a mistake, of one whose options nobody lists it is kept', () => {
  assert.match(
    formatProblem(load('mail_loop { code = 5 colour = red }').problems[0]!),
    /^t\.conf:1:22: colour: found an unknown option in mail_loop; expected an option/,
  );
  assert.deepEqual(load('fingerprint { colour = red shade { x = 1 } }').problems, []);
});

test('what is refused stays refused when lenient', () => {
  assert.equal(load('delayed_reroute_domain = other.example clamav { }', true).problems.length, 2);
});

test('policy in Lua and Sieve is reported before all else, once for each script', () => {
  const { warnings } = load(
    'growbuf_size = 1\nscriptlet "scriptlet" {\n script "a" { source = "a" }\n script "b" { source = "b" }\n}\nsieve "s" { each_rcpt_phase1 = "x" }',
  );
  assert.deepEqual(
    warnings.map(({ at, subject, isLoud, repeats }) => [at.line, subject, isLoud ?? false, repeats]),
    [
      [2, 'scriptlet', true, 0],
      [3, 'source', true, 1],
      [6, 'sieve', true, 0],
      [1, 'growbuf_size', false, 0],
    ],
  );
  assert.match(formatWarning(warnings[0]!), /^t\.conf:2:1: WARNING: scriptlet: not used: policy scripts do not run: /);
});
