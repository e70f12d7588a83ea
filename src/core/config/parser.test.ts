import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseText } from './parser.ts';
import { Findings, formatProblem } from './problem.ts';
import { formatValue, type ItemSyntax } from './syntax.ts';

/** The tree as text without positions. */
function show(items: readonly ItemSyntax[]): string {
  return items
    .map((item) => {
      if (item.kind === 'assignment') return `${item.name.text}=${formatValue(item.value).replace(/\s+/g, ' ')}`;
      if (item.kind === 'include') return `include ${item.readOnly} ${item.path.text}`;
      return `${item.scope.text}<${item.name?.text ?? ''}>{${show(item.items)}}`;
    })
    .join(';');
}

function parse(text: string): { tree: string; problems: string[] } {
  const findings = new Findings();
  const tree = show(parseText('t', text, findings));
  return { tree, problems: findings.problems.map(formatProblem) };
}

for (const [id, sentence, text, tree] of [
  ['P1', 'comments and white space mean nothing', '# a\n/* b = 1\n{ */ c\n=\n1 # d', 'c=1'],
  ['P2', 'the brace may stand on the next line', 'binding "x"\n{ a = 1 }', 'binding<x>{a=1}'],
  ['P3', 'blanks around = and { are optional', 'binding "x"{a="1"b = 2}', 'binding<x>{a="1";b=2}'],
  ['P4', 'anonymous stanzas', 'ESMTP_Listener { Listen ":25" { } }', 'ESMTP_Listener<>{Listen<:25>{}}'],
  ['P5', 'lists with blanks or commas', 'a = ( x "y z", w ) b = ()', 'a=( x "y z" w );b=( )'],
  [
    'P6',
    '= may be left out before a list or a dictionary',
    'm [ a = b 99 "x" k = ( l ) ] r ( s )',
    'm=[ a = b 99 = "x" k = ( l ) ];r=( s )',
  ],
  [
    'P7',
    'paths and addresses need no quotes',
    'Listen /tmp/2025 { } u = digest:///opt/x v = [::1]:25',
    'Listen</tmp/2025>{};u=digest:///opt/x;v=[::1]:25',
  ],
  ['P8', 'backslashes stay as they are', 'p = "^a-\\d+\\.b$" q = "say \\"x\\""', 'p="^a-\\d+\\.b$";q="say \\"x\\""'],
  ['P9', 'a comment ends a bare word', 'a = b/* c */d = e', 'a=b;d=e'],
  [
    'P10',
    'include in any scope, in any case',
    'INCLUDE "a" binding x { ReadOnly_Include /b }',
    'include false a;binding<x>{include true /b}',
  ],
  ['P11', 'semicolons and dots are letters', 'a = b;c d = ...', 'a=b;c;d=...'],
  ['P12', 'a byte order mark and CRLF are white space', '\ufeffa = 1\r\nb = 2\r\n', 'a=1;b=2'],
] as const) {
  test(`${id}: ${sentence}`, () => assert.deepEqual(parse(text), { tree, problems: [] }));
}

test('every mistake is reported with its place, and the rest is read', () => {
  assert.deepEqual(parse('a b\nc = 1\n} d = (\n{ e = 2\n"f\n'), {
    tree: 'c=1',
    problems: [
      't:1:3: a: found "b"; expected = before the value, or { behind the name of a stanza',
      't:3:1: text: found }; expected a stanza, an option or the end of the file',
      't:4:1: d: found {; expected a word of the list or )',
      't:5:1: quoted word: found no end on its line; expected "',
    ],
  });
});

test('more than a hundred thousand items and mistakes are read', () => {
  const findings = new Findings();
  const items = parseText('t', 'a=1 b 2\n'.repeat(150_000), findings);
  assert.deepEqual([items.length, findings.problems.length], [150_000, 150_000]);
});

test('stanzas nest only so deep', () => {
  assert.match(parse('a x { '.repeat(100_000)).problems.at(-1)!, /expected at most 32 levels/);
  assert.match(parse(`a = ${'[ b '.repeat(100_000)}`).problems[0]!, /expected a value/);
});

const pieces = fc.constantFrom(
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '=',
  ',',
  '"',
  '\\',
  '#',
  '/*',
  '*/',
  '\n',
  ' ',
  'a',
  'include',
  "'",
  ';',
  '\0',
  '\u2028',
  'é',
);

test('property: no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (text) => void parse(text.join(''))),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => void parse(text)));
});

test('a quoted word keeps odd line ends when its list is printed', () => {
  const [item] = parseText('t', 'a = ( "x\u2028y\rz" )', new Findings());
  assert.equal(item?.kind === 'assignment' && formatValue(item.value), '(\n  "x\u2028y\rz"\n)');
});

test('property: a value that was read is printed so that it reads the same', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (text) => {
      const findings = new Findings();
      for (const item of parseText('t', `v = ${text.join('')}`, findings)) {
        if (item.kind !== 'assignment') continue;
        const [again] = parseText('t', `v = ${formatValue(item.value)}`, new Findings());
        assert.equal(again?.kind === 'assignment' && formatValue(again.value), formatValue(item.value));
      }
    }),
    { numRuns: 2000 },
  );
});

const SEMICOLON = 'expected no ; at its end (nothing stands behind a value; one that does end in ; stands in quotes)';

for (const [text, tree, problems] of [
  ['a = mail.test;\nb = "x;"', 'a=mail.test;b="x;"', [`t:1:5: text with ;: found mail.test;; ${SEMICOLON}`]],
  ['a = x;y', 'a=x;y', []],
  ['s n { a = 1 };\nb = 2', 's<n>{a=1};b=2', [`t:1:14: text with ;: found ;; ${SEMICOLON}`]],
  ['a = ( x; )', 'a=( x )', [`t:1:7: text with ;: found x;; ${SEMICOLON}`]],
] as const) {
  test(`a bare word does not end in ;: ${text.replaceAll('\n', ' ')}`, () => {
    assert.deepEqual(parse(text), { tree, problems });
  });
}
