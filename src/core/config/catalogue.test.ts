import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOption, nearestOption, OPTIONS, optionsNamed, scopesOf } from './catalogue.ts';
import { chainFor, OWN_CHAIN } from './chain.ts';
import { readTokens } from './lexer.ts';
import { displaySpelling } from './option.ts';
import { parseValue } from './parser.ts';
import { Findings } from './problem.ts';

test('every row reads its own default as it prints it', () => {
  for (const row of OPTIONS) {
    if (row.default === null || row.default === '') continue;
    const findings = new Findings();
    const syntax = parseValue(readTokens('t', row.type.format(row.default), findings), row.name, findings);
    assert.deepEqual(findings.problems, [], row.name);
    const parsed = row.type.parse(syntax!);
    assert.deepEqual(parsed, { kind: 'value', value: row.default }, row.name);
  }
});

test('rows are complete, and no two of them share a name and a scope', () => {
  const taken = new Set<string>();
  for (const row of OPTIONS) {
    assert.match(row.name, /^[a-z0-9_-]+$/);
    assert.equal(row.display.toLowerCase(), row.name);
    assert.ok(row.scopes.length > 0 && row.help.length > 10, row.name);
    assert.ok(!/[.\n]$/.test(row.help), `${row.name}: help is a phrase`);
    for (const scope of row.scopes) {
      const place = `${scope} ${row.name}`;
      assert.ok(!taken.has(place), place);
      taken.add(place);
    }
    assert.equal(row.hostDefault !== undefined, row.scopes.includes('host'), `${row.name}: host queries have an end`);
  }
});

test('a row is either of scopes that fall back or of stanzas that answer for themselves', () => {
  for (const { name, scopes, chain } of OPTIONS) {
    const own = scopes.filter((scope) => chainFor([scope]) === OWN_CHAIN);
    assert.equal(own.length, chain === OWN_CHAIN ? own.length : 0, name);
    if (chain === OWN_CHAIN) assert.deepEqual(own, scopes, name);
  }
});

test('a default is never refused', () => {
  for (const row of OPTIONS)
    if (row.handling.kind === 'refused' && row.default !== null) assert.ok(row.isHarmless(row.default), row.name);
});

test('names are found without regard to case, and by their other spellings', () => {
  assert.equal(findOption('domain', 'MAX_Outbound_Connections')?.name, 'max_outbound_connections');
  assert.equal(findOption('host', 'message_expiration'), null);
  assert.equal(findOption('domain', 'max_resident_active_queue_size')?.name, 'max_resident_active_queue');
  assert.equal(nearestOption('domain', 'max_outbond_conections'), 'max_outbound_connections');
  assert.deepEqual(scopesOf('host_failure_retry'), ['domain', 'global']);
  assert.equal(optionsNamed('nonsense').length, 0);
});

test('display spelling', () => {
  assert.equal(displaySpelling('max_outbound_connections'), 'Max_Outbound_Connections');
  assert.equal(displaySpelling('_unsafe_spool'), '_Unsafe_Spool');
  for (const [name, display] of [
    ['ehlo_hostname', 'EHLO_Hostname'],
    ['remote_smtp_port', 'Remote_SMTP_Port'],
    ['mailerdaemon', 'MailerDaemon'],
    ['log_errors', 'log_errors'],
  ] as const)
    assert.equal(optionsNamed(name)[0]?.display, display);
});
