// What must hold of a text whatever is in it: it loads or every mistake has a place in a text that was read, nothing of
// it reaches a terminal unmarked, and what loads is displayed so that it loads again and displays the same.
import assert from 'node:assert/strict';
import { optionsNamed } from '../../src/core/config/catalogue.ts';
import { formatContents } from '../../src/core/config/display.ts';
import { type LoadResult, loadConfiguration } from '../../src/core/config/load.ts';
import { type ConfigProblem, explainProblem, formatWarning } from '../../src/core/config/problem.ts';
import type { Source, SourcePosition } from '../../src/core/config/source.ts';

const ASKED = ['max_outbound_connections', 'max_retries', 'routes'].map((name) => optionsNamed(name)[0]!);

const MAIN = 'main.conf';
/** Files that a text may include. */
const INCLUDED = new Map<string, Source>(
  Object.entries({
    'x.conf': { text: 'max_outbound_connections = 3\n' },
    dir: { directory: ['b.conf', 'a.conf', '.hidden', 'none'] },
    'dir/a.conf': { text: 'retry_interval = 60\ndomain "d.test" {\n  max_retries = x\n}\n' },
    'dir/b.conf': { text: 'binding "b" { include "../x.conf" }\n' },
  }),
);

/** Throws with what is wrong. */
export function assertSound(text: string): void {
  const texts = new Map<string, string>();
  const readSource = (path: string): Source => {
    const source = path === MAIN ? { text } : (INCLUDED.get(path) ?? { problem: 'no such file' });
    if ('text' in source) texts.set(path, source.text);
    return source;
  };
  for (const lenient of [false, true]) {
    const result = loadConfiguration(MAIN, readSource, { lenient });
    for (const { at } of result.warnings) assertInText(at, texts);
    for (const warning of result.warnings) assertPrintable(formatWarning(warning), 1);
    if (result.kind === 'problems') {
      assert.ok(result.problems.length > 0, 'it does not load, and no reason is given');
      for (const problem of result.problems) assertPlaced(problem, texts);
      continue;
    }
    const shown = formatContents(result.configuration.root, 'whole');
    const again = loadConfiguration(MAIN, () => ({ text: shown }), { lenient });
    assert.ok(again.kind === 'loaded', `what is displayed does not load again:\n${shown}\n${explained(again)}`);
    assert.equal(formatContents(again.configuration.root, 'whole'), shown, 'what is displayed reads differently');
    for (const option of ASKED)
      for (const domain of ['d.test', 'mail.example.com', 'aol.com'])
        assert.equal(typeof result.configuration.resolve(option, { binding: 'a', domain }).text, 'string');
  }
}

const explained = (result: LoadResult): string =>
  result.kind === 'problems' ? result.problems.map(explainProblem).join('\n') : '';

function assertPlaced(problem: ConfigProblem, texts: ReadonlyMap<string, string>): void {
  assertInText(problem.at, texts);
  assertPrintable(explainProblem(problem), 3);
}

function assertInText({ file, line, column }: SourcePosition, texts: ReadonlyMap<string, string>): void {
  const text = texts.get(file);
  assert.ok(text !== undefined, `a place in ${JSON.stringify(file)}, which was not read`);
  const found = text.split('\n')[line - 1];
  assert.ok(found !== undefined, `line ${line} of ${file}, which has none`);
  assert.ok(column >= 1 && column <= found.length + 1, `column ${column} of line ${line}: ${JSON.stringify(found)}`);
}

function assertPrintable(text: string, linesMost: number): void {
  const lines = text.split('\n');
  assert.ok(lines.length <= linesMost, `${lines.length} lines: ${JSON.stringify(text)}`);
  for (const line of lines) assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]/, JSON.stringify(text));
  assert.ok(text.length < 4000, `a message of ${text.length} characters`);
}
