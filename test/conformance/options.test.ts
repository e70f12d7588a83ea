// The catalogue against the documentation, row by row: every option with its type, values, default and scopes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOption, OPTIONS, optionsNamed } from '../../src/core/config/catalogue.ts';
import { readTokens } from '../../src/core/config/lexer.ts';
import { MODULE_NAMES } from '../../src/core/config/module-scopes.ts';
import type { Option } from '../../src/core/config/option.ts';
import { parseValue } from '../../src/core/config/parser.ts';
import { Findings } from '../../src/core/config/problem.ts';
import { SCOPE_KINDS } from '../../src/core/config/scope.ts';
import {
  ANY_MODULE,
  type DocumentedRow,
  FURTHER_SCOPES,
  NO_OPTIONS,
  OTHER_DEFAULTS,
  OTHER_WORDS,
  OUR_OPTIONS,
  OUR_SCOPES,
  ROWS,
} from './option-rows.ts';
import { RIGHT_VALUES, WRONG_VALUES } from './option-values.ts';

const OPTION_ROWS = ROWS.filter(({ kind, name }) => kind === 'option' && NO_OPTIONS[name] === undefined);
const SCOPE_ROWS = ROWS.filter(({ kind }) => kind === 'scope');

/** Null when the text is no value of the option. */
function read(option: Option<unknown>, text: string): { value: unknown } | null {
  const findings = new Findings();
  const syntax = parseValue(readTokens('t', text, findings), option.name, findings);
  const parsed = syntax === null ? null : option.type.parse(syntax);
  return parsed?.kind === 'value' ? { value: parsed.value } : null;
}

const scopesOfRow = ({ scopes }: DocumentedRow): readonly string[] =>
  scopes.includes(ANY_MODULE) ? MODULE_NAMES : scopes;

test('the file has all of the documentation: 633 options and 127 scopes', () => {
  assert.equal(ROWS.filter(({ kind }) => kind === 'option').length, 633);
  assert.equal(SCOPE_ROWS.length, 127);
});

for (const row of OPTION_ROWS) {
  test(`${row.name} in ${row.scopes.join(', ')}`, () => {
    for (const scope of scopesOfRow(row)) {
      const option = findOption(scope, row.name);
      assert.ok(option !== null, `${scope}: unknown`);
      checkType(row, option);
      checkDefault(row, option, scope);
      assert.notEqual(option.handling.kind === 'acted' ? 'acted' : option.handling.because, '');
    }
  });
}

function checkType(row: DocumentedRow, option: Option<unknown>): void {
  for (const word of row.values.filter((value) => !value.startsWith('(')))
    assert.equal(read(option, word) !== null, !OTHER_WORDS[row.name]?.missing.includes(word), `${word} is a value`);
  const right = RIGHT_VALUES[row.name] ?? RIGHT_VALUES[row.type] ?? [];
  for (const text of right) assert.ok(read(option, text) !== null, `${text} is a ${row.type}`);
  for (const text of WRONG_VALUES[row.type] ?? []) assert.equal(read(option, text), null, `${text} is no ${row.type}`);
}

function checkDefault(row: DocumentedRow, option: Option<unknown>, scope: string): void {
  const standard = option.type.format(option.default);
  const other = scope === 'logs' ? undefined : OTHER_DEFAULTS[row.name]?.ours;
  if (other !== undefined) assert.equal(standard, other);
  else if (row.default === '') assert.ok(isNothing(option.default), `${standard} is no absent value`);
  else if (standard !== row.default) {
    const text = /[\s,"=[\]]/.test(row.default) && row.type !== 'list' ? `"${row.default}"` : row.default;
    assert.deepEqual(read(option, text)?.value, option.default, `the default is ${row.default}`);
  }
}

/** What nobody set: absent, off, empty, or without a limit. */
function isNothing(value: unknown): boolean {
  const NO_LIMIT = 2 ** 31 - 1;
  return value === null || value === false || value === NO_LIMIT || (Array.isArray(value) && value.length === 0);
}

test('the catalogue has no options and scopes besides, but those of its own', () => {
  const documented = new Set<string>();
  for (const row of OPTION_ROWS) for (const scope of scopesOfRow(row)) documented.add(`${scope} ${row.name}`);
  const further = OPTIONS.flatMap(({ name, scopes }) =>
    scopes
      .filter((scope) => !documented.has(`${scope} ${name}`) && !FURTHER_SCOPES[name]?.scopes.includes(scope))
      .map((scope) => `${scope} ${name}`),
  );
  assert.deepEqual(
    further.filter((entry) => OUR_OPTIONS[entry.split(' ')[1]!] === undefined),
    [],
  );
  for (const name of Object.keys(OUR_OPTIONS)) assert.ok(optionsNamed(name).length > 0, name);
});

test('the catalogue has every scope where it may stand, and no others but those of its own', () => {
  const parentsByName = new Map<string, Set<string>>();
  for (const { name, scopes } of SCOPE_ROWS) {
    const parents = parentsByName.get(name) ?? new Set();
    for (const scope of [...scopes, ...(FURTHER_SCOPES[name]?.scopes ?? [])]) parents.add(scope);
    parentsByName.set(name, parents);
  }
  for (const [name, parents] of parentsByName) {
    if (name === 'binding_group') for (const scope of FURTHER_SCOPES[name]!.scopes) parents.delete(scope);
    const kind = SCOPE_KINDS.find(({ keyword }) => keyword === name);
    assert.deepEqual([...(kind?.parents ?? [])].sort(), [...parents].sort(), name);
  }
  const ours = SCOPE_KINDS.filter(({ keyword }) => !parentsByName.has(keyword)).map(({ keyword }) => keyword);
  assert.deepEqual(ours, Object.keys(OUR_SCOPES));
});
