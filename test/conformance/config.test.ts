// Runs the tables of *.cases.md: a configuration, questions about it in their order, and the answers. With
// UPDATE_CASES=1 in the environment the answers are written anew; look at the difference before you keep it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Limit } from '../../src/core/base/limit.ts';
import { optionsNamed } from '../../src/core/config/catalogue.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { type LoadResult, loadConfiguration } from '../../src/core/config/load.ts';
import type { Option } from '../../src/core/config/option.ts';
import { formatProblem, formatWarning } from '../../src/core/config/problem.ts';
import type { Subject } from '../../src/core/config/resolution.ts';
import type { ReadSource } from '../../src/core/config/source.ts';
import { ConfigConsole } from '../../src/core/console/config-commands.ts';
import { LoneConfig, NO_FILES } from '../../src/core/console/lone-config.ts';

const FILES = [
  'fallback.cases.md',
  'config-command.cases.md',
  'config-check.cases.md',
  'documented.cases.md',
  'levels.cases.md',
  'patterns.cases.md',
  'includes.cases.md',
  'merging.cases.md',
  'scopes.cases.md',
  'transactions.cases.md',
];
/** The rule that decides a case may stand in a fourth column. */
const ROW = /^\| (\S+) +\| `(.*?)` +\| `(.*)` +\|(?: ([^`]*?) +\|)?$/;
const isUpdate = process.env['UPDATE_CASES'] === '1';

for (const file of FILES) {
  const path = new URL(file, import.meta.url);
  const text = readFileSync(path, 'utf8');
  if (isUpdate) test(`update ${file}`, async () => writeFileSync(path, await rewrite(text)));
  else for (const section of text.split(/^(?=## )/m).slice(1)) testSection(section);
}

test('more than 300 cases of our own name the rule that decides them', () => {
  const own = ['levels', 'patterns', 'includes', 'merging', 'scopes'].map((name) => `${name}.cases.md`);
  const rows = own.flatMap((file) => readFileSync(new URL(file, import.meta.url), 'utf8').split('\n'));
  const cases = rows.map((line) => ROW.exec(line)).filter((row) => row !== null);
  assert.deepEqual(
    cases.filter(([, , , , rule]) => rule === undefined).map(([, id]) => id),
    [],
  );
  assert.ok(cases.length > 300, String(cases.length));
});

function testSection(section: string): void {
  const answers = sectionAnswers(section);
  const rows = section
    .split('\n')
    .map((line) => ROW.exec(line))
    .filter((row) => row !== null);
  assert.ok(rows.length > 0, `no questions in ${section}`);
  for (const [, id, query, expected, rule] of rows) {
    test(`${id}: ${query}${rule === undefined ? '' : `: ${rule}`}`, async () =>
      assert.equal(await answers(query!), fromCell(expected!)));
  }
}

async function rewrite(text: string): Promise<string> {
  const sections: string[] = [];
  for (const section of text.split(/^(?=## )/m)) {
    const answers = sectionAnswers(section);
    const lines: string[] = [];
    for (const line of section.split('\n')) {
      const [, id, query, , rule] = ROW.exec(line) ?? [];
      const answer = id === undefined ? '' : toCell(await answers(query!));
      const last = rule === undefined ? '' : ` ${rule} |`;
      lines.push(id === undefined ? line : `| ${id} | \`${query}\` | \`${answer}\` |${last}`);
    }
    sections.push(lines.join('\n'));
  }
  return sections.join('');
}

/** In a cell of a table, a line break is `\n` and a bar is `\|`. */
const toCell = (text: string): string => text.replaceAll('\n', '\\n').replaceAll('|', '\\|');
const fromCell = (cell: string): string => cell.replaceAll('\\n', '\n').replaceAll('\\|', '|');

/** The configuration of a section, and the way to ask it. Changes stay for the next question. */
function sectionAnswers(section: string): (query: string) => Promise<string> {
  const searchPath = /^Search path: `(.*)`$/m.exec(section)?.[1]?.split(':') ?? [];
  const loaded = loadConfiguration('test.conf', readFrom(filesOf(section)), { searchPath });
  const holder =
    loaded.kind === 'loaded'
      ? new LoneConfig(loaded.configuration, () => loaded, { ...NO_FILES, isRemote: true })
      : null;
  const console = holder && new ConfigConsole(holder);
  return async (query) => {
    const words = query.split(' ');
    if (query === 'check') return describeLoad(loaded);
    assert.ok(holder !== null && console !== null, describeLoad(loaded));
    const current = holder.current();
    if (words[0] === 'owner') return describeOwner(current, words.slice(1));
    if (words[0] === 'sums') return describeSums(current, words.slice(1));
    const asked = subjectOf(words);
    if (asked !== null) return current.resolve(optionsNamed(words.at(-1)!)[0]!, asked).text;
    const answer = await console.answer(words, query);
    return answer.text.replace(/\n$/, '');
  };
}

/** The texts of a section by path: a block without a path is the main file. */
function filesOf(section: string): ReadonlyMap<string, string> {
  const blocks = section.matchAll(/^```conf(?: (\S+))?\n(.*?)^```$/gms);
  return new Map(Array.from(blocks, ([, path = 'test.conf', text]) => [path, text!]));
}

/** A directory is what paths begin with; its names come in no useful order, as those of a disk do. */
function readFrom(files: ReadonlyMap<string, string>): ReadSource {
  return (path) => {
    const text = files.get(path);
    if (text !== undefined) return { text };
    const prefix = path === '.' ? '' : `${path}/`;
    const inside = [...files.keys()].filter((name) => name.startsWith(prefix));
    const names = new Set(inside.map((name) => name.slice(prefix.length).split('/')[0]!));
    return names.size === 0 ? { problem: 'no such file' } : { directory: [...names].reverse() };
  };
}

/** `owner BINDING DOMAIN OPTION` or `owner BINDING HOST ADDRESS OPTION`: the stanza that a value comes from. */
function describeOwner(configuration: Configuration, words: readonly string[]): string {
  const [binding, name, address] = words as [string, string, string];
  const subject = words.length === 4 ? { binding, host: name, address } : { binding, domain: name };
  const { setBy } = configuration.resolve(optionsNamed(words.at(-1)!)[0]!, subject);
  return setBy === 'default' ? 'default' : setBy.stanza;
}

function subjectOf([kind, ...words]: readonly string[]): Subject | null {
  const [first, second, third] = words as [string, string, string];
  if (kind === 'deliver') return { binding: first, domain: second };
  if (kind === 'host') return { binding: first, host: second, address: third };
  if (kind !== 'client') return null;
  return { listener: { kind: first as 'esmtp_listener', listen: second, peer: third } };
}

/** `sums BINDING DOMAIN OPTION` or `sums BINDING HOST ADDRESS OPTION`: each counter, named by its stanza, and its limit. */
function describeSums(configuration: Configuration, words: readonly string[]): string {
  const option = optionsNamed(words.at(-1)!)[0]! as Option<Limit>;
  const [binding, name, address] = words as [string, string, string];
  const subject = words.length === 4 ? { binding, host: name, address } : { binding, domain: name };
  const sums = configuration.settingsAlong(option, subject);
  return sums.map(({ stanza, value }) => `${stanza} ${option.type.format(value)}`).join(', ') || 'none';
}

function describeLoad(result: LoadResult): string {
  const outcome = result.kind === 'loaded' ? ['Configuration valid'] : result.problems.map(formatProblem);
  return [...result.warnings.map(formatWarning), ...outcome].join('\n');
}
