import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { Candidate } from '../mail/hosts.ts';
import { rollUpRules } from './roll-up-rules.ts';

function rulesOf(text: string) {
  const loaded = loadConfiguration('t', () => ({ text }));
  assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join('\n') : '');
  return rollUpRules(loaded.configuration);
}

const ROLLED = `
Host "mx.pool.test" { Rollup_MX = true Rollup_MX_Name = "Pool.TEST" }
Host "/^mx\\d\\.other\\.test$/" { Rollup_MX = true Rollup_MX_Name = "other.test" }
Host "mx9.other.test" { Rollup_MX = false }
Host "192.0.2.7" { Rollup_MX = true Rollup_MX_Name = "seven.test" }
Binding "apart" { Host "mx.pool.test" { Rollup_MX = false } }
Binding "else" { Host "mx.pool.test" { Rollup_MX_Name = "else.test" } }
Binding_Group "g" {
  Binding "grouped" { }
  Host "mx.pool.test" { Rollup_MX_Name = "g.test" }
}
Domain "relayed.test" { Gateway = "relay.test" }
`;

/** `host preference address`, the best first. */
const route = (...hosts: readonly string[]): readonly Candidate[] =>
  hosts.map((text) => {
    const [host = '', preference, address = '192.0.2.1'] = text.split(' ');
    return { host, address, family: 4, port: 25, preference: Number(preference) };
  });

const PLAIN = { gateway: null, routes: [] };

for (const [title, hosts, expected, subject] of [
  ['its exchanger', ['mx.pool.test 10'], 'pool.test'],
  ['another exchanger', ['mx.test 10'], null],
  ['a pattern', ['mx1.other.test 0', 'mx2.other.test 0'], 'other.test'],
  ['a name that a pattern covers and a stanza takes out', ['mx9.other.test 0'], null],
  ['two of the best, one of them not', ['mx.pool.test 10', 'mx.test 10'], null],
  ['two of the best, the other order', ['mx.test 10', 'mx.pool.test 10'], null],
  ['two of the best with two names', ['mx.pool.test 10', 'mx1.other.test 10'], null],
  ['a worse one not', ['mx.pool.test 10', 'mx.test 20'], 'pool.test'],
  ['only a worse one', ['mx.test 10', 'mx.pool.test 20'], null],
  ['two addresses of one exchanger', ['mx.pool.test 10 192.0.2.1', 'mx.pool.test 10 192.0.2.2'], 'pool.test'],
  ['an address', ['mx.test 10 192.0.2.7'], 'seven.test'],
  ['no host', [], null],
  ['a binding that says no', ['mx.pool.test 10'], null, { binding: 'apart' }],
  ['a binding with a name of its own', ['mx.pool.test 10'], 'else.test', { binding: 'else' }],
  ['a group with a name of its own', ['mx.pool.test 10'], 'g.test', { binding: 'grouped' }],
  ['the name itself', ['mx.pool.test 10'], null, { domain: 'pool.test' }],
  ['the name of another exchanger: no circle', ['mx.pool.test 10'], null, { domain: 'other.test' }],
  ['a gateway', ['mx.pool.test 10'], null, { domain: 'relay.test' }],
  ['mail of a domain with a gateway', ['mx.pool.test 10'], null, { settings: { gateway: 'x.test', routes: [] } }],
  ['mail of a domain with routes', ['mx.pool.test 10'], null, { settings: { gateway: null, routes: ['__mx__'] } }],
] as const) {
  test(`rolled up to, ${title}: ${expected}`, () => {
    const rules = rulesOf(ROLLED)!;
    const candidates = route(...hosts);
    const queue = { binding: 'default', domain: 'a.test', settings: PLAIN, ...subject };
    assert.deepEqual([rules.nameFor(queue, candidates), rules.nameFor(queue, candidates)], [expected, expected]);
  });
}

test('one route asked for by two bindings has the answer of each', () => {
  const rules = rulesOf(ROLLED)!;
  const candidates = route('mx.pool.test 10');
  const names = ['default', 'apart', 'else'].map((binding) =>
    rules.nameFor({ binding, domain: 'a.test', settings: PLAIN }, candidates),
  );
  assert.deepEqual(names, ['pool.test', null, 'else.test']);
});

test('where nothing is rolled up there are no rules', () => {
  assert.equal(rulesOf(''), null);
  assert.equal(rulesOf('Host "mx.test" { Rollup_MX = false Rollup_MX_Name = "pool.test" }'), null);
});
