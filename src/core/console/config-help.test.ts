import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCOPE_KINDS } from '../config/scope.ts';
import { describeHelp } from './config-help.ts';
import NOTES from './option-notes.json' with { type: 'json' };
import { TOPICS } from './option-topics.ts';

for (const [name, ...expected] of [
  ['curfew', 'curfew ["NAME"] { ... }\n\nA stanza: quiet hours', 'It stands in the global scope.', '\nschedule_file '],
  [
    'Domain',
    'Domain "NAME" { ... }\n',
    'It stands in the global scope, a binding_group or a binding.',
    '\nmax_retries ',
  ],
  ['ec_logger', 'A stanza: the usual logs', '\nmainlog '],
  ['static_routes', 'refused, since'],
  ['snmp', 'kept, with a warning, since nothing comes of it: '],
  ['binding', 'Binding "NAME" { ... }\n', '\nbinding\n\n', '- Value: '],
  ['delivery', 'Delivery\n\n'],
] as const) {
  test(`help on ${name}`, () => {
    const { text, failed } = describeHelp(name);
    assert.equal(failed, false);
    for (const part of expected) assert.ok(text.includes(part), `${part} in ${text}`);
  });
}

test('every stanza and every topic has something to say', () => {
  for (const name of [...SCOPE_KINDS.map(({ keyword }) => keyword), ...TOPICS.map(({ key }) => key)]) {
    const { text, failed } = describeHelp(name);
    assert.ok(!failed && text.split('\n').length > 3, `${name}: ${text}`);
    assert.doesNotMatch(text, /options of a module/, name);
  }
});

for (const [word, near] of [
  ['curfw', 'curfew'],
  ['bindng_group', 'binding_group'],
  ['thottles', 'throttles'],
  ['max_outbond_connections', 'max_outbound_connections'],
  ['xyzzy', null],
] as const) {
  test(`help on ${word} suggests ${near ?? 'nothing, but says where all names are'}`, () => {
    const { text, failed } = describeHelp(word);
    assert.ok(failed);
    assert.ok(text.includes(near === null ? '("config help"' : `(did you mean "${near}"? "config help" lists`), text);
  });
}

test('a page sends nobody to itself', () => {
  for (const [name, text] of Object.entries(NOTES)) {
    const also = /See also:.*/s.exec(text)?.[0] ?? '';
    assert.ok(!also.includes(`[${name}]`) && !also.includes(`](${name}.md)`), `${name}: ${also}`);
  }
});

for (const name of ['listen', 'security']) {
  test(`${name}: what is kept and what is refused are told apart in the list, too`, () => {
    const { text } = describeHelp(name) as { text: string };
    // A word may be that of a stanza and of a topic: both are described.
    const under = (title: string) =>
      text
        .split('\n\n')
        .filter((paragraph) => paragraph.startsWith(title))
        .join('\n');
    const [kept, refused] = [under('Kept, with a warning: '), under('Refused unless they change nothing: ')];
    assert.match(kept, /\btls_allow_renegotiation\b/);
    assert.match(refused, /\btls_client_ca\b/);
    assert.doesNotMatch(kept, /\btls_client_ca\b/);
    assert.doesNotMatch(refused, /\btls_allow_renegotiation\b/);
  });
}
