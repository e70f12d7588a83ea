// Parsed, displayed and parsed again, a configuration is the same: every option that can be set, in every scope that takes
// it, in every spelling its type takes; stanzas in stanzas, patterns, dictionaries, comments and white space everywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OPTIONS } from '../../src/core/config/catalogue.ts';
import { formatContents } from '../../src/core/config/display.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import type { Option } from '../../src/core/config/option.ts';
import { parseText } from '../../src/core/config/parser.ts';
import { explainProblem, Findings } from '../../src/core/config/problem.ts';
import type { Stanza } from '../../src/core/config/stanza.ts';
import type { ValueSyntax } from '../../src/core/config/syntax.ts';

/** Texts of values; an option is tried with those that its type takes. */
const WORDS = [
  ...[
    '-1',
    '0',
    '1',
    '30',
    '"30"',
    '0640',
    '"0640"',
    '"60/3"',
    '"10"',
    '2525',
    'true',
    'off',
    'Enabled',
    '"no"',
    'YES',
  ],
  ...['auto', 'none', 'headers', 'ALL', 'normal', 'overlap', 'fix', 'inline', 'required', 'ifavailable', 'pass', '*'],
  ...[
    '192.0.2.1',
    '"2001:db8::1"',
    '[2001:db8::25]:26',
    '"[::1]"',
    'relay.example:2525',
    '"smtp://relay.example?pref=5"',
  ],
  ...[
    '10.0.0.0/8',
    '"__mx__"',
    '__hostname__',
    '/var/log/x.log',
    '"/with blank/x"',
    'X-Binding',
    '"a \\"b\\" c"',
    'back\\',
  ],
  ...[
    '"p\\d+\\.q"',
    'ü',
    '"{ } [ ] ( ) = , # \' /* */"',
    '"#"',
    '"a=b"',
    'user@example.com',
    '"Name <u@example.com>"',
    '""',
  ],
];
const LISTS = [
  '( )',
  '( 10.0.0.1 "10.0.0.2" )',
  '( "a b", c )',
  '( [::1] "[2001:db8::1]" x )',
  '( relay.example "__mx__" )',
  '( back\\ "q\\"uote" # comment\n x )',
];
const DICTIONARIES = ['[ ]', '[ uri = "ecauth://" 99 = "x" ]', '[ a = [ b = ( c "d e" ) ] "k k" f ]'];
const VALUES = [...WORDS, ...LISTS, ...DICTIONARIES];

/** The stanzas around a setting in which each scope is valid. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  global: [''],
  binding_group: ['Binding_Group "g::1"'],
  binding: ['binding b-1', 'BINDING_GROUP g2 / Binding "b.2"'],
  domain: ['domain example.com', 'Domain "/(?:^|[.])a\\.(b|c)$/"', 'binding b-1 / domain "[IPv6:2001:db8::1]"'],
  host: ['host MX.example.com.', 'binding_group g2 / host "/^mx\\d+\\./"', 'host 192.0.2.9'],
  esmtp_listener: ['ESMTP_Listener'],
  control_listener: ['Control_Listener'],
  listen: [
    'ESMTP_Listener / Listen :2526',
    'ESMTP_Listener / Listen "[::1]:2525"',
    'Control_Listener / listen /tmp/console',
  ],
  peer: ['ESMTP_Listener / Peer 10.0.0.0/8', 'ESMTP_Listener / Listen :2526 / peer "2001:db8::/32"'],
  ec_logger: ['ec_logger', 'ec_logger "log::2"'],
};

interface Line {
  readonly place: string;
  readonly setting: string;
}

/** Every line that loads by itself. */
const LINES: readonly Line[] = OPTIONS.flatMap((option) =>
  option.scopes.flatMap((scope) =>
    (PLACES[scope] ?? []).flatMap((place) =>
      valuesOf(option)
        .map((value) => ({ place, setting: `${option.display} = ${value}` }))
        .filter((line) => loads(textOf([line], () => ' '))),
    ),
  ),
);

function valuesOf(option: Option<unknown>): string[] {
  return VALUES.filter((value) => {
    const [item] = parseText('t', `a = ${value}`, new Findings());
    return item?.kind === 'assignment' && option.type.parse(item.value).kind === 'value';
  });
}

function textOf(lines: readonly Line[], blank: () => string): string {
  return lines
    .map(({ place, setting }) => {
      const stanzas = place === '' ? [] : place.split(' / ');
      return [...stanzas.map((stanza) => `${stanza}${blank()}{`), setting, ...stanzas.map(() => '}')].join(blank());
    })
    .join(blank());
}

function loads(text: string): boolean {
  return loadConfiguration('t', () => ({ text })).kind === 'loaded';
}

/** A stanza without its positions. Scalars are printed by their type; items and dictionaries keep their quoting. */
function treeOf(stanza: Stanza): unknown {
  return {
    kind: stanza.kind.keyword,
    name: stanza.name,
    key: stanza.key,
    settings: [...stanza.settings.values()].map(({ option, value, syntax }) => [
      option.name,
      option.type.style === 'written' ? null : value, // that is the syntax itself
      withoutPlaces(syntax, option.type.style === 'written'),
    ]),
    children: [...stanza.children].map(([keyword, { byKey, patterns }]) => [
      keyword,
      [...byKey.values()].map(treeOf),
      patterns.map(({ key }) => key),
    ]),
  };
}

function withoutPlaces(value: ValueSyntax, isItem = false): unknown {
  if (value.kind === 'word') return isItem ? [value.text, value.quoted] : value.text;
  if (value.kind === 'list') return value.items.map((item) => withoutPlaces(item, true));
  return value.entries.map(({ key, value: inner }) => [withoutPlaces(key, true), withoutPlaces(inner, true)]);
}

function assertSame(text: string): void {
  const first = loadConfiguration('t', () => ({ text }));
  assert.ok(first.kind === 'loaded', first.kind === 'problems' ? first.problems.map(explainProblem).join('\n') : '');
  const shown = formatContents(first.configuration.root, 'whole', 'files');
  const second = loadConfiguration('t', () => ({ text: shown }));
  assert.ok(second.kind === 'loaded', second.kind === 'problems' ? second.problems.map(explainProblem).join('\n') : '');
  assert.deepEqual(treeOf(second.configuration.root), treeOf(first.configuration.root), shown);
  assert.equal(formatContents(second.configuration.root, 'whole', 'files'), shown);
}

test('every type of value is among the lines, and most options', () => {
  const tried = new Set(LINES.map(({ setting }) => setting.split(' ')[0]));
  assert.ok(tried.size > 150, String(tried.size));
  for (const text of [' "60/3"', ' ( ', ' Enabled', ' auto', ' *', '[2001', '"a \\"b\\" c"', ' "/with blank/x"'])
    assert.ok(
      LINES.some(({ setting }) => setting.includes(text)),
      text,
    );
});

test('each setting by itself reads, displays and reads the same', () => {
  for (const line of LINES) assertSame(textOf([line], () => ' '));
});

const MODULES: readonly Line[] = [
  'scriptlet "script::let" { script "policy" { source = "a::b" args = ( x "y z" ) } }',
  'opendkim { headerlist = ( "From" "To" ) dkim_domain "example.com" { selector = s1 } }',
  'mail_loop "l" { }',
  'auth_ds { scheme "ecauth" { map = [ a = ( b ) "c d" = [ e f ] ] } }',
].map((setting) => ({ place: '', setting }));

const blanks = fc.constantFrom(' ', '\n', '\t', '\r\n', ' # a comment with " and {\n', '/* { " */', '\n\n  ');

test('property: any of them together, in any order, with comments and blanks anywhere', () => {
  const lines = fc.array(
    fc.constantFrom(...LINES, ...MODULES, ...MODULES.flatMap((line) => Array(50).fill(line) as Line[])),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(lines, fc.array(blanks, { minLength: 1, maxLength: 8 }), (chosen, between) => {
      let next = 0;
      const text = textOf(chosen, () => between[next++ % between.length]!);
      fc.pre(loads(text)); // two lines may contradict each other
      assertSame(text);
    }),
    { numRuns: 600 },
  );
});
