// Every option in every scope: where the documentation has it, it is taken, or refused with its reason; elsewhere it is
// refused with its place and the scopes in which it is valid. Generated from options.tsv.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOption, handlingIn, scopesOf } from '../../src/core/config/catalogue.ts';
import { readTokens } from '../../src/core/config/lexer.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { MODULE_NAMES } from '../../src/core/config/module-scopes.ts';
import type { Option } from '../../src/core/config/option.ts';
import { parseValue } from '../../src/core/config/parser.ts';
import { type ConfigProblem, type ConfigWarning, Findings } from '../../src/core/config/problem.ts';
import { ANY_MODULE, type DocumentedRow, FURTHER_SCOPES, NO_OPTIONS, ROWS } from './option-rows.ts';
import { RIGHT_VALUES, WRONG_VALUES } from './option-values.ts';
import { PLACES, type Place } from './scope-places.ts';

/** By option, the row that holds in each scope. */
const ROWS_BY_NAME = new Map<string, Map<string, DocumentedRow>>();
for (const row of ROWS) {
  if (row.kind === 'scope' || NO_OPTIONS[row.name] !== undefined) continue;
  const rows = ROWS_BY_NAME.get(row.name) ?? new Map<string, DocumentedRow>();
  for (const scope of row.scopes.includes(ANY_MODULE) ? MODULE_NAMES : row.scopes) rows.set(scope, row);
  ROWS_BY_NAME.set(row.name, rows);
}

interface Found {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** The option in each place with the value that `valueIn` gives; line n + 2 of the text is about place n. */
function loadInPlaces(places: readonly Place[], name: string, valueIn: (place: Place) => string): Found {
  const lines = places.flatMap((place) => [place.opening, `${name} = ${valueIn(place)}`, place.closing]);
  const loaded = loadConfiguration('t.conf', () => ({ text: lines.join('\n') }));
  return { problems: loaded.kind === 'problems' ? loaded.problems : [], warnings: loaded.warnings };
}

const lineOf = (index: number): number => 3 * index + 2;

function valuesFor(option: Option<unknown>, row: DocumentedRow): readonly string[] {
  const words = row.values.filter((value) => !value.startsWith('('));
  const values = RIGHT_VALUES[row.name] ?? [...words, ...(RIGHT_VALUES[row.type] ?? [])];
  return values.filter((text) => readValue(option, text) !== null);
}

function readValue(option: Option<unknown>, text: string): { value: unknown } | null {
  const findings = new Findings();
  const syntax = parseValue(readTokens('t', text, findings), option.name, findings);
  const parsed = syntax === null ? null : option.type.parse(syntax);
  return parsed?.kind === 'value' ? { value: parsed.value } : null;
}

for (const [name, rows] of ROWS_BY_NAME) {
  const here = PLACES.filter(({ scope }) => rows.has(scope));
  const elsewhere = PLACES.filter(
    ({ scope, kind }) => !rows.has(scope) && kind?.isChecked !== false && !FURTHER_SCOPES[name]?.scopes.includes(scope),
  );

  test(`${name}: taken, or refused with its reason, in ${here.map(({ scope }) => scope).join(', ')}`, () => {
    assert.equal(here.length, rows.size);
    /** A value that asks for something, where there is one. */
    const asked = ({ scope }: Place): string => {
      const option = findOption(scope, name)!;
      const values = valuesFor(option, rows.get(scope)!);
      return values.find((text) => !option.isHarmless(readValue(option, text)!.value)) ?? values[0]!;
    };
    const { problems, warnings } = loadInPlaces(here, name, asked);
    for (const [index, place] of here.entries()) {
      const option = findOption(place.scope, name)!;
      const { value } = readValue(option, asked(place))!;
      const handling = handlingIn(
        option,
        place.path.map((kind) => ({ kind, name: null })),
      );
      const found = problems.filter(({ at }) => at.line === lineOf(index));
      if (handling.kind !== 'refused') assert.deepEqual(found, [], place.scope);
      else {
        assert.ok(!option.isHarmless(value), `${place.scope}: some value is refused`);
        assert.deepEqual(
          found.map(({ at, hint }) => [at.column, hint]),
          [[name.length + 4, handling.because]],
        );
      }
      if (handling.kind === 'kept' && !option.isHarmless(value)) {
        const text = `not used: ${handling.because}`;
        assert.ok(
          warnings.some((warning) => warning.subject === name && warning.text === text),
          place.scope,
        );
      }
    }
  });

  test(`${name}: refused in the ${elsewhere.length} other scopes, which says where it is valid`, () => {
    const valid = scopesOf(name);
    for (const scope of rows.keys()) assert.ok(valid.includes(scope), scope);
    const { problems } = loadInPlaces(elsewhere, name, () => 'x');
    for (const [index, place] of elsewhere.entries()) {
      const found = problems.filter(({ at }) => at.line === lineOf(index));
      assert.equal(found.length, 1, place.scope);
      const { at, subject, expected } = found[0]!;
      assert.deepEqual([at.file, at.column, subject], ['t.conf', 1, name], place.scope);
      assert.equal(found[0]!.found, `an option in ${place.kind?.keyword ?? 'the global scope'}`);
      const named = new Set(expected.replace(/^one in /, '').split(/, | or /));
      if (named.delete('any module')) for (const module of MODULE_NAMES) named.add(module);
      assert.deepEqual([...named].sort(), [...valid].sort(), place.scope);
    }
  });

  test(`${name}: values of other types are refused where they stand`, () => {
    for (const [scope, row] of rows) {
      const place = PLACES.filter((entry) => entry.scope === scope);
      for (const wrong of WRONG_VALUES[row.type] ?? []) {
        const { problems } = loadInPlaces(place, name, () => wrong);
        const found = problems.filter(({ at }) => at.line === lineOf(0));
        assert.equal(found.length, 1, `${scope}: ${wrong}`);
        assert.equal(found[0]!.subject, name);
        assert.ok(found[0]!.at.column >= name.length + 4, `${scope}: ${wrong}`);
      }
    }
  });
}
