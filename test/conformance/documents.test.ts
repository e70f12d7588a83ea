// The documents are true: their configurations load and their console sessions answer so. The pages of docs/options are
// tested in generated.test.ts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { formatProblem } from '../../src/core/config/problem.ts';
import { ConfigConsole } from '../../src/core/console/config-commands.ts';
import { LoneConfig, NO_FILES } from '../../src/core/console/lone-config.ts';
import { readReceivers } from '../../src/rehearsal/receivers-file.ts';
import { type Block, blocksOf } from '../support/markdown.ts';

const ROOT = new URL('../../', import.meta.url);
const GUIDE = readFileSync(new URL('docs/configuration.md', ROOT), 'utf8');
const DOCUMENTS = ['README.md', ...readdirSync(new URL('docs/', ROOT)).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
);

for (const path of DOCUMENTS) {
  const blocks = blocksOf(readFileSync(new URL(path, ROOT), 'utf8')).filter(({ language }) =>
    ['conf', 'console', 'receivers'].includes(language),
  );
  if (blocks.length === 0) continue;
  test(`${path}: the examples load and answer as printed`, () => checkBlocks(blocks));
}

for (const name of readdirSync(new URL('examples/', ROOT))) {
  test(`examples/${name} loads`, () => {
    const text = readFileSync(new URL(`examples/${name}`, ROOT), 'utf8');
    const read = name.endsWith('.receivers') ? readReceivers(name, text) : loadConfiguration(name, () => ({ text }));
    assert.deepEqual(read.kind === 'problems' ? read.problems.map(formatProblem) : [], []);
  });
}

/**
 * A console session asks the configuration above it. A block whose first line is a comment with another name than
 * `headgate.conf`, such as `# candidate.conf`, is a file that the session may name.
 */
async function checkBlocks(blocks: readonly Block[]): Promise<void> {
  let console: ConfigConsole | null = null;
  const texts = new Map<string, string>();
  const files = { ...NO_FILES, read: (path: string) => ({ text: texts.get(path) ?? '' }) };
  for (const { language, text } of blocks) {
    if (language === 'conf') {
      const file = /^# (\S+\.conf)\n/.exec(text)?.[1] ?? 'example';
      const loaded = loadConfiguration(file, () => ({ text }));
      assert.ok(
        loaded.kind === 'loaded',
        loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join('\n') : '',
      );
      assert.deepEqual(loaded.warnings, []);
      texts.set(file, text);
      if (!['example', 'headgate.conf'].includes(file)) continue;
      console = new ConfigConsole(new LoneConfig(loaded.configuration, () => loaded, files));
    } else {
      for (const exchange of text.split(/^> /m).slice(1)) {
        const line = exchange.slice(0, exchange.indexOf('\n'));
        const answer = await console!.answer(line.split(' ').slice(1), line);
        assert.equal(answer.text, exchange.slice(line.length + 1), line);
      }
    }
  }
}

test('docs/configuration.md has examples', () => {
  assert.ok(blocksOf(GUIDE).length > 4);
});
