// docs/configuration.md is true: its configurations load, its console sessions answer so, and it names every option
// that is acted on, with its default.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OPTIONS } from '../../src/core/config/catalogue.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { formatProblem } from '../../src/core/config/problem.ts';
import { ConfigConsole } from '../../src/core/console/config-commands.ts';

const GUIDE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

test('the examples load and answer as printed', async () => {
  let current: Configuration | null = null;
  const console = new ConfigConsole({
    current: () => current!,
    apply(configuration) {
      current = configuration;
    },
    reload: () => ({ kind: 'loaded', warnings: [] }),
  });
  const blocks = [...GUIDE.matchAll(/^```(conf|console)\n(.*?)^```$/gms)];
  assert.ok(blocks.length > 4);
  for (const [, kind, text] of blocks as unknown as [string, string, string][]) {
    if (kind === 'conf') {
      const loaded = loadConfiguration('example', () => ({ text }));
      assert.ok(
        loaded.kind === 'loaded',
        loaded.kind === 'problems' ? loaded.problems.map(formatProblem).join('\n') : '',
      );
      assert.deepEqual(loaded.warnings, []);
      current = loaded.configuration;
    } else {
      for (const exchange of text.split(/^> /m).slice(1)) {
        const line = exchange.slice(0, exchange.indexOf('\n'));
        const answer = await console.answer(line.split(' ').slice(1), line);
        assert.equal(answer.text, exchange.slice(line.length + 1), line);
      }
    }
  }
});

test('every option that is acted on stands in the guide with its default', () => {
  const rows = new Map(
    Array.from(GUIDE.matchAll(/^\| `(\w+)` +\| (\S+) +\|/gm), ([, name, standard]) => [name, standard]),
  );
  for (const { name, handling, type, default: standard } of OPTIONS) {
    if (handling.kind !== 'acted') continue;
    const written = rows.get(name)?.replaceAll('`', '');
    assert.ok(written !== undefined, `${name} is missing`);
    const plain = typeof standard === 'boolean' ? String(standard) : type.format(standard).replace(/["\s]/g, '');
    assert.equal(written, standard === null ? '-' : plain, name);
  }
});
