// A configuration in files that are texts in memory, changes typed as on the console, and what writing them back gives.
import assert from 'node:assert/strict';
import { wallMs } from '../../src/core/base/moment.ts';
import { type Change, withChange } from '../../src/core/config/change.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { readTokens } from '../../src/core/config/lexer.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { parseValue } from '../../src/core/config/parser.ts';
import { Findings, formatProblem } from '../../src/core/config/problem.ts';
import { planWriteBack, type WriteBackPlan } from '../../src/core/config/saving/write-back.ts';
import { readPath } from '../../src/core/config/scope-path.ts';
import type { ReadSource } from '../../src/core/config/source.ts';
import type { WordSyntax } from '../../src/core/config/syntax.ts';

export type Files = Readonly<Record<string, string>>;
export type Plan = Extract<WriteBackPlan, { kind: 'plan' }>;

const AUTHOR = { at: wallMs(0), by: 'a test' };
export const MAIN = '/etc/main.conf';

export function reader(files: Files): ReadSource {
  return (path) => {
    const text = files[path];
    if (text !== undefined) return { text };
    const inside = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
    if (inside.length > 0) return { directory: inside.map((name) => name.slice(path.length + 1)) };
    return { problem: 'no such file', isMissing: true };
  };
}

export function load(files: Files): Configuration {
  const result = loadConfiguration(MAIN, reader(files));
  assert.ok(result.kind === 'loaded', result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '');
  return result.configuration;
}

/** `set domain a.test max_retries 3`, `unset ...`; null when the change is refused. */
export function tryChange(configuration: Configuration, line: string): Configuration | null {
  const findings = new Findings();
  const tokens = readTokens('console', line, findings);
  const end = tokens.findIndex(({ kind }) => kind !== 'word');
  const words = tokens.slice(0, end) as unknown as WordSyntax[];
  const path = readPath(configuration.root, words.slice(1));
  if (path.kind === 'problem') return null;
  const option = words[path.length + 1];
  let change: Change;
  if (option === undefined) change = { kind: 'remove', path: path.steps };
  else if (words[0]!.text === 'unset') change = { kind: 'unset', path: path.steps, option };
  else {
    const value = parseValue(tokens.slice(path.length + 2), option.text, findings);
    if (value === null) return null;
    change = { kind: 'set', path: path.steps, option, value };
  }
  if (change.kind === 'remove' && (change.path.length === 0 || path.stanza === null)) return null;
  const result = withChange(configuration, change, AUTHOR);
  return result.kind === 'loaded' ? result.configuration : null;
}

export function changed(configuration: Configuration, ...lines: readonly string[]): Configuration {
  return lines.reduce((before, line) => {
    const after = tryChange(before, line);
    assert.ok(after !== null, line);
    return after;
  }, configuration);
}

export function planOf(running: Configuration, files: Files, unwritable: readonly string[] = []): Plan {
  const plan = planWriteBack(running, {
    read: reader(files),
    canWrite: (path) => !unwritable.includes(path),
    realPath: (path) => path,
  });
  assert.ok(plan.kind === 'plan', plan.kind === 'problem' ? plan.reason : '');
  return plan;
}

/** The files after the plan. */
export function written(files: Files, plan: Plan): Files {
  return { ...files, ...Object.fromEntries(plan.files.map(({ path, after }) => [path, after])) };
}
