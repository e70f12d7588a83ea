import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../../base/moment.ts';
import { loadConfiguration } from '../load.ts';
import { formatProblem, formatWarning } from '../problem.ts';
import { checkWarnings } from './check-warnings.ts';

const NOW = wallMs(Date.UTC(2026, 6, 1));

function check(files: Record<string, string>): string[] {
  const read = (path: string) => {
    const text = files[path];
    return text === undefined ? { problem: 'no such file', isMissing: true } : { text };
  };
  const loaded = loadConfiguration('/c', read);
  assert.ok(loaded.kind === 'loaded', loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join() : '');
  const warnings = checkWarnings(loaded.configuration, NOW).map(formatWarning);
  return warnings.filter((line) => !line.startsWith('/c: '));
}

for (const [name, hint] of [
  ['*.b.com', '; for all names below b.com write Domain "/\\.b\\.com$/", with that name "/(^|\\.)b\\.com$/"'],
  ['.c.com', '; for all names below c.com write Domain "/\\.c\\.com$/", with that name "/(^|\\.)c\\.com$/"'],
  ['@d.com', '; write Domain "d.com" without the @'],
  ['x@d.com', '; write Domain "d.com" without the @'],
  ['a..b', '; take it out, or write the name as it stands behind the @ of an address'],
  ['mail*.com', '; a name stands for itself only, for several write a pattern between slashes'],
  ['a_b.com', null],
  ['A.com.', null],
  ['[192.0.2.1]', null],
  ['192.0.2.1', null],
  ['[IPv6:::1]', null],
] as const) {
  test(`a domain of the name ${name} ${hint === null ? 'may be asked' : 'has no effect'}`, () => {
    const found = check({ '/c': `Domain "${name}" { max_retries = 3 }` });
    const text = `/c:1:1: warning: Domain "${name}": has no effect: no domain can have this name${hint}`;
    assert.deepEqual(found, hint === null ? [] : [text]);
  });
}

for (const [pattern, isDead] of [
  ['/foo\\.$/', true],
  ['/^foo\\.$/', true],
  ['/foo\\\\.$/', false],
  ['/a|foo\\.$/', false],
  ['/foo.$/', false],
] as const) {
  test(`${pattern} ${isDead ? 'matches no name' : 'may match'}`, () => {
    assert.equal(check({ '/c': `Domain "${pattern}" { max_retries = 3 }` }).length, isDead ? 1 : 0);
  });
}

test('an option that is set twice in one file for one scope: the last one wins', () => {
  const text = 'max_retries = 1\nmax_retries = 2\nbinding b { max_retries = 3 }\nbinding b { max_retries = 3 }\n';
  assert.deepEqual(check({ '/c': text }), [
    '/c:1:1: warning: max_retries: has no effect: it is set again at /c:2:1, and the last one wins; take one of them out',
    '/c:3:13: warning: max_retries: has no effect in Binding "b": it is set again at /c:4:13, and the last one wins; take one of them out',
  ]);
});

test('what another file says again is overridden, which is no mistake, nor is a file that is read twice', () => {
  const files = {
    '/c': 'max_retries = 1\ninclude /d\nbinding b { include /d }\nbinding b { include /d }',
    '/d': 'max_retries = 2',
  };
  assert.deepEqual(
    check(files).filter((line) => line.includes('again')),
    [],
  );
});

for (const [value, warned] of [
  ['2026-06-30T23:59:59Z', true],
  ['2026-07-01T00:00:00Z', true],
  ['2026-07-01T00:00:01Z', false],
  ['true', false],
  ['false', false],
] as const) {
  test(`Suspend_Delivery = ${value} ${warned ? 'has passed' : 'has not passed'}`, () => {
    const found = check({ '/c': `binding b { suspend_delivery = ${value} }` });
    const text = `/c:1:13: warning: suspend_delivery: ${value} has passed, so that no mail is held by it; take it out, or write another time`;
    assert.deepEqual(found, warned ? [text] : []);
  });
}

for (const [text, isWarned] of [
  ['max_retries = 3', true],
  ['esmtp_listener { }', true],
  ['esmtp_listener { listen ":25" { enable = false } }', true],
  ['control_listener { listen /tmp/x { } }', true],
  ['esmtp_listener { listen ":25" { } }', false],
] as const) {
  test(`${text}: mail ${isWarned ? 'cannot' : 'can'} come in`, () => {
    const loaded = loadConfiguration('/c', () => ({ text }));
    assert.ok(loaded.kind === 'loaded');
    const [first, ...others] = checkWarnings(loaded.configuration, NOW).map(formatWarning);
    assert.equal(
      first?.startsWith('/c: warning: esmtp_listener: no mail comes in, since'),
      isWarned ? true : undefined,
    );
    assert.deepEqual(others, []);
  });
}
