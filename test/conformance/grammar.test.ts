// The grammar for editors reads what the parser reads: every word of every configuration there is gets the scope of what
// it is, comments are comments, and nothing that is right is marked as wrong.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { optionsNamed } from '../../src/core/config/catalogue.ts';
import { readTokens } from '../../src/core/config/lexer.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { parseText } from '../../src/core/config/parser.ts';
import { Findings } from '../../src/core/config/problem.ts';
import { findScopeKind } from '../../src/core/config/scope.ts';
import type { ItemSyntax, WordSyntax } from '../../src/core/config/syntax.ts';
import { configurationCorpus } from '../support/config-corpus.ts';
import { type Grammar, readWithGrammar } from '../support/grammar-walker.ts';

const FILE = new URL('../../editors/headgate.tmLanguage.json', import.meta.url);
const GRAMMAR = JSON.parse(readFileSync(FILE, 'utf8')) as Grammar;

const scopesOf = (text: string): string[] =>
  readWithGrammar(GRAMMAR, text)
    .filter((piece) => piece.text.trim() !== '')
    .map((piece) => `${piece.text} ${piece.scope?.replace('.headgate', '')}`);

for (const [id, text, expected] of [
  [
    'a line comment',
    'a = 1 # b = "c',
    [
      'a variable.other.property',
      '= keyword.operator.assignment',
      '1 constant.numeric',
      '# b = "c comment.line.number-sign',
    ],
  ],
  [
    'a comment over lines',
    '/* a\nb */ }',
    ['/* comment.block', ' a\n comment.block', 'b  comment.block', '*/ comment.block', '} punctuation.section'],
  ],
  [
    'a known option in any case',
    'MAX_Retries = none',
    ['MAX_Retries support.type.property-name', '= keyword.operator.assignment', 'none string.unquoted'],
  ],
  [
    'a mistyped one',
    'max_retris = 5',
    ['max_retris variable.other.property', '= keyword.operator.assignment', '5 constant.numeric'],
  ],
  [
    'a stanza and its name',
    'Binding "a" {',
    ['Binding entity.name.type.scope', '"a" string.quoted.double', '{ punctuation.section'],
  ],
  [
    'an option that is called like a stanza',
    'binding = "a"',
    ['binding support.type.property-name', '= keyword.operator.assignment', '"a" string.quoted.double'],
  ],
  [
    'a pattern',
    'domain "/^a\\.b$/" {',
    ['domain entity.name.type.scope', '"/^a\\.b$/" string.regexp', '{ punctuation.section'],
  ],
  ['an include', 'Include "x"', ['Include keyword.control.include', '"x" string.quoted.double']],
  [
    'a boolean',
    'force_fsync = Off',
    ['force_fsync support.type.property-name', '= keyword.operator.assignment', 'Off constant.language.boolean'],
  ],
  [
    'a quote that does not end',
    'a = "b c',
    ['a variable.other.property', '= keyword.operator.assignment', '"b c invalid.illegal.unterminated'],
  ],
  ['a quote in quotes', '"a \\" b" c', ['"a \\" b" string.quoted.double', 'c string.unquoted']],
] as const) {
  test(`grammar: ${id}`, () => assert.deepEqual(scopesOf(text), expected));
}

/** What each word of the tree is. */
function* wordsOf(items: readonly ItemSyntax[]): Iterable<[WordSyntax, 'option' | 'scope']> {
  for (const item of items) {
    if (item.kind === 'assignment') yield [item.name, 'option'];
    if (item.kind !== 'stanza') continue;
    yield [item.scope, 'scope'];
    yield* wordsOf(item.items);
  }
}

test('every configuration there is that loads: names get their scopes, and nothing is marked as wrong', () => {
  for (const text of configurationCorpus()) {
    if (loadConfiguration('t', (path) => (path === 't' ? { text } : { text: '' })).kind !== 'loaded') continue;
    const scopeAt = new Map<string, string | null>();
    let [line, column] = [1, 1];
    for (const piece of readWithGrammar(GRAMMAR, text)) {
      assert.doesNotMatch(piece.scope ?? '', /invalid/, `${piece.text} in\n${text}`);
      scopeAt.set(`${line}:${column}`, piece.scope);
      const lines = piece.text.split('\n');
      line += lines.length - 1;
      column = lines.length > 1 ? lines.at(-1)!.length + 1 : column + piece.text.length;
    }
    for (const token of readTokens('t', text, new Findings()))
      if (token.kind !== 'end')
        assert.ok(scopeAt.has(`${token.at.line}:${token.at.column}`), `${JSON.stringify(token)} in\n${text}`);
    for (const [word, what] of wordsOf(parseText('t', text, new Findings()))) {
      const scope = scopeAt.get(`${word.at.line}:${word.at.column}`);
      const isKnown = what === 'option' ? optionsNamed(word.text).length > 0 : findScopeKind(word.text) !== null;
      if (isKnown)
        assert.match(
          scope ?? '',
          what === 'option' ? /^support\.type/ : /^entity\.name\.type/,
          `${word.text} in\n${text}`,
        );
    }
  }
});
