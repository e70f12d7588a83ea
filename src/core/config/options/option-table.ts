// Options that this server knows but does not act on, written as tables: a row is one line of text, its columns are two
// or more blanks apart.
//
//   name as it is printed   type   default   scopes   help
//
// Name: other spellings may follow behind commas. Type: a word of TYPES, or the words of an enumeration with | between.
// Default: as in a configuration, or - for none; ! before it when this server does something else, so that setting it is no
// matter of course. Further values that ask for nothing, neither warned about nor refused, follow behind commas. Scopes: names of scopes or of SCOPE_SETS, and `restart` when a change waits for the next start.
import { assert } from '../../base/assert.ts';
import { chainFor } from '../chain.ts';
import { readTokens } from '../lexer.ts';
import { type Handling, type Option, option } from '../option.ts';
import { parseValue } from '../parser.ts';
import { Findings } from '../problem.ts';
import type { ScopeName } from '../scope.ts';
import {
  BOOLEAN,
  DECIMAL,
  DICTIONARY,
  enumeration,
  FILE,
  INTEGER,
  optional,
  PATTERN,
  PERMISSIONS,
  RATE,
  SECONDS,
  TEXT,
  type ValueType,
  WORDS,
} from '../value-type.ts';
import { SCOPE_SETS } from './scope-sets.ts';

const TYPES: Readonly<Record<string, ValueType<unknown>>> = {
  boolean: BOOLEAN,
  decimal: DECIMAL,
  file: optional(FILE),
  integer: INTEGER,
  list: WORDS,
  map: DICTIONARY,
  pattern: PATTERN,
  permissions: PERMISSIONS,
  rate: RATE,
  seconds: SECONDS,
  text: optional(TEXT),
};

/** Values of these types are empty, off or absent when nobody set them. */
const WITHOUT_DEFAULT: Readonly<Record<string, unknown>> = { boolean: false, list: [] };

/** Loads with a warning that gives the reason: what the server does instead, or why there is nothing to do. */
export function keptOptions(because: string, table: string): readonly Option<unknown>[] {
  return readTable({ kind: 'kept', because }, table);
}

/** The same with a warning that comes before all others: for what an operator must not overlook. */
export function loudlyKeptOptions(because: string, table: string): readonly Option<unknown>[] {
  return readTable({ kind: 'kept', because, isLoud: true }, table);
}

/** Loads only with a value that asks for nothing. The reason says what would go wrong if it were left out. */
export function refusedOptions(because: string, table: string): readonly Option<unknown>[] {
  return readTable({ kind: 'refused', because }, table);
}

function readTable(handling: Handling, table: string): readonly Option<unknown>[] {
  const lines = table.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => readRow(handling, line.trim().split(/ {2,}/)));
}

function readRow(handling: Handling, columns: readonly string[]): Option<unknown> {
  const [names, typeName, values, scopeNames, help] = columns as [string, string, string, string, string];
  assert(columns.length === 5, `a row of five columns: ${columns.join(' | ')}`);
  const [display, ...aliases] = names.split(', ');
  const scopes = scopeNames.split(' ').filter((name) => name !== 'restart');
  const type = typeOf(typeName, values.startsWith('-'));
  const isDone = !values.startsWith('!');
  const [standard, ...harmless] = values
    .slice(isDone ? 0 : 1)
    .split(', ')
    .map((text) => readValue(type, text));
  const value = standard ?? WITHOUT_DEFAULT[typeName] ?? null;
  const passing = new Set((isDone ? [value, ...harmless] : harmless).map((item) => JSON.stringify(item)));
  const reach: ScopeName[] = scopes.flatMap((name) => SCOPE_SETS[name] ?? [name]);
  return option<unknown>({
    name: display!.toLowerCase(),
    display: display!,
    type,
    default: value,
    ...(reach.includes('host') ? { hostDefault: value } : {}),
    scopes: reach,
    chain: chainFor(reach),
    help,
    handling,
    aliases: aliases.map((name) => name.toLowerCase()),
    needsRestart: scopeNames.endsWith(' restart'),
    harmless: (given) => passing.has(JSON.stringify(given)),
  });
}

function typeOf(name: string, hasNoDefault: boolean): ValueType<unknown> {
  const type = (name.includes('|') ? enumeration(name.split('|')) : TYPES[name]) as ValueType<unknown> | undefined;
  assert(type !== undefined, `a type of values: ${name}`);
  return hasNoDefault ? optional(type) : type;
}

/** Undefined for `-`. */
function readValue(type: ValueType<unknown>, text: string): unknown {
  if (text === '-') return undefined;
  const findings = new Findings();
  const syntax = parseValue(readTokens('catalogue', text, findings), 'default', findings);
  const parsed = syntax === null ? null : type.parse(syntax);
  assert(parsed?.kind === 'value', `a value of its type: ${text}`);
  return parsed.value;
}
