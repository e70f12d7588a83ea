// Passwords: in configuration files, and in nothing that people are shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, load, MAIN, planOf, written } from '../../../test/support/config-files.ts';
import { formatChange } from './change-text.ts';
import { formatContents } from './display.ts';
import { readTokens } from './lexer.ts';
import { outboundSmtpAuthPass } from './options/transport-options.ts';
import { parseValue } from './parser.ts';
import { Findings } from './problem.ts';
import { formatXml } from './saving/xml.ts';

const TEXT = 'Outbound_SMTP_Auth_Pass = "pass word"\n';

test('asterisks for people, the password for files', () => {
  const { root } = load({ [MAIN]: TEXT });
  assert.equal(formatContents(root, 'whole'), 'Outbound_SMTP_Auth_Pass = "********"\n');
  assert.equal(formatContents(root, 'whole', 'files'), TEXT);
  assert.doesNotMatch(formatXml(root), /pass word/);
});

test('a value in force, and none', () => {
  const subject = { binding: 'default', domain: 'a.test' };
  const { value, text } = load({ [MAIN]: TEXT }).resolve(outboundSmtpAuthPass, subject);
  assert.deepEqual([value, text], ['pass word', '"********"']);
  assert.equal(load({ [MAIN]: '' }).resolve(outboundSmtpAuthPass, subject).text, '""');
});

test('a change is written with its password, and remembered without', () => {
  const files = { [MAIN]: TEXT };
  const after = changed(
    load(files),
    'set outbound_smtp_auth_pass "new one"',
    'set domain a.test outbound_smtp_auth_pass two',
  );
  assert.equal(
    written(files, planOf(after, files))[MAIN],
    'Outbound_SMTP_Auth_Pass = "new one"\nDomain "a.test" {\n  Outbound_SMTP_Auth_Pass = "two"\n}\n',
  );
  const findings = new Findings();
  const value = parseValue(readTokens('t', '"new one"', findings), 'x', findings)!;
  for (const text of ['outbound_smtp_auth_pass', 'Outbound_SMTP_Auth_Pass']) {
    const option = { kind: 'word' as const, text, quoted: false, at: { file: 't', line: 1, column: 1 } };
    assert.equal(formatChange({ kind: 'set', path: [], option, value }), `config set ${text} = "********"`);
  }
});
