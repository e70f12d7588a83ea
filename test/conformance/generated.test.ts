// What is generated is current, and true: examples load, `config help` prints the pages.
// `npm run generate` writes it anew.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dataScanFiles } from '../../scripts/data-scan.ts';
import { editorFiles } from '../../scripts/editor-files.ts';
import { notesFiles } from '../../scripts/option-notes.ts';
import { optionPages } from '../../scripts/option-pages.ts';
import { OPTIONS, optionsNamed } from '../../src/core/config/catalogue.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { formatProblem, formatWarning } from '../../src/core/config/problem.ts';
import { describeHelp } from '../../src/core/console/config-help.ts';
import { optionsOfTopic, TOPICS } from '../../src/core/console/option-topics.ts';
import { blocksOf } from '../support/markdown.ts';

const ROOT = new URL('../../', import.meta.url);
const PAGES = optionPages();
const ACTED_ON = OPTIONS.filter(({ handling }) => handling.kind === 'acted');

for (const [what, files] of [
  ['the notes that the program reads', notesFiles()],
  ['the pages of docs/options', PAGES],
  ['the files of editors', editorFiles()],
  ['the code of the scanner of message data', await dataScanFiles()],
] as const) {
  test(`${what} are current (npm run generate)`, () => {
    const stale = [...files].filter(([path, text]) => {
      const file = new URL(path, ROOT);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    });
    assert.deepEqual(
      stale.map(([path]) => path),
      [],
    );
  });
}

test('docs/options holds nothing else than pages and notes of options that are acted on', () => {
  const names = new Set(ACTED_ON.map(({ name }) => name));
  const strange = readdirSync(new URL('docs/options/', ROOT)).filter((file) =>
    file.endsWith('.notes.md') ? !names.has(file.replace('.notes.md', '')) : !PAGES.has(`docs/options/${file}`),
  );
  assert.deepEqual(strange, []);
});

test('every option stands in the index: those that are acted on with a page, the others with a reason', () => {
  const index = PAGES.get('docs/options/README.md')!;
  for (const { name, handling } of OPTIONS) {
    const row = handling.kind === 'acted' ? `\n| [\`${name}\`](${name}.md) |` : `\n| \`${name}\` |`;
    assert.ok(index.includes(row), name);
  }
});

test('every option that is acted on has a topic of its own name', () => {
  const found = TOPICS.flatMap(optionsOfTopic).map(({ name }) => name);
  assert.deepEqual(found.toSorted(), ACTED_ON.map(({ name }) => name).toSorted());
});

for (const [path, text] of PAGES) {
  const examples = blocksOf(text).filter(({ language }) => language === 'conf');
  if (examples.length === 0) continue;
  test(`${path}: the example loads without a warning, and sets the option`, () => {
    for (const example of examples) {
      const loaded = loadConfiguration('example', () => ({ text: example.text }));
      assert.deepEqual(loaded.kind === 'problems' ? loaded.problems.map(formatProblem) : [], []);
      assert.deepEqual(loaded.warnings.map(formatWarning), []);
    }
    const name = path.replace(/^.*\/(.*)\.md$/, '$1');
    assert.ok(examples.some((example) => example.text.toLowerCase().includes(`${name} `)));
  });
}

test('config help prints the page, without the marks of Markdown, in the width of a terminal', () => {
  const { text, failed } = describeHelp('Force_Fsync');
  assert.equal(failed, false);
  assert.equal(
    text,
    `force_fsync

Whether mail is on stable storage before it is acknowledged

- Value: true or false (also on/off, yes/no, enabled/disabled, 1/0)
- Default: true
- Scopes: global
- Looked for in: the global scope; the default
- A change: takes effect at the next start

true: a 250 means that the message is on stable storage. false leaves writing to the kernel: a kill
loses nothing, a power cut may lose acknowledged mail, and a warning says so at load. Momentum's
default is false.

Example

    Force_Fsync = true

See also: what is promised.

More on this topic: spool
`,
  );
});

test('config help has the words of every page', () => {
  for (const { name } of ACTED_ON) {
    const words = (text: string): string[] => text.replace(/\]\([^)]*\)/g, '').match(/\w+/g) ?? [];
    const page = PAGES.get(`docs/options/${name}.md`)!.replaceAll(/```(?:conf)?/g, '');
    // A stanza of that name is described before.
    assert.deepEqual(words(describeHelp(name).text).slice(-words(page).length), words(page), name);
  }
});

test('config help knows options that are not acted on, with the reason', () => {
  for (const option of OPTIONS) {
    if (option.handling.kind === 'acted') continue;
    const { text } = describeHelp(option.name);
    assert.ok(text.replace(/\s+/g, ' ').includes(option.handling.because), option.name);
  }
});

test('config help lists topics and their options, and refuses what it does not know', () => {
  const topics = describeHelp(null);
  for (const { name } of ACTED_ON) assert.match(topics.text, new RegExp(`(^|\\s)${name}\\s`, 'm'));
  assert.match(describeHelp('throttles').text, /^Throttles\n\noutbound_throttle_connections +new connections/);
  assert.deepEqual(describeHelp('retry_intervall'), {
    text: 'retry_intervall: found an unknown name; expected that of an option, a stanza or a topic (did you mean "retry_interval"? "config help" lists all options by topic)\n',
    failed: true,
  });
});

test('an option with several meanings has a part of its page for each that is acted on, and a line for each other', () => {
  for (const { name } of ACTED_ON) {
    const rows = optionsNamed(name);
    const acted = rows.filter(({ handling }) => handling.kind === 'acted').length;
    const page = PAGES.get(`docs/options/${name}.md`)!;
    assert.equal(page.match(/^## In /gm)?.length ?? 0, acted > 1 ? acted : 0, name);
    assert.equal(page.match(/^- \*\*In /gm)?.length ?? 0, rows.length - acted, name);
  }
});
