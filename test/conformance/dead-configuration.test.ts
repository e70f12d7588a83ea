// Warnings of what has no effect, on the configurations that people read: the examples have none, what the documents print
// is printed, and each that a document's example gets is true.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { deadConfigurationWarnings, findDeadConfiguration } from '../../src/core/config/findings/dead-configuration.ts';
import { explainOption } from '../../src/core/config/findings/explanation.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { formatWarning } from '../../src/core/config/problem.ts';
import { formatPosition } from '../../src/core/config/source.ts';
import { blocksOf } from '../support/markdown.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const list = (directory: string, ending: string): string[] =>
  readdirSync(new URL(directory, ROOT), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${directory}${name}`);

function load(file: string, text: string): Configuration | null {
  const loaded = loadConfiguration(file, () => ({ text }));
  return loaded.kind === 'loaded' ? loaded.configuration : null;
}

for (const path of list('examples/', '.conf')) {
  test(`${path} has nothing without effect`, () => {
    const configuration = load(path, read(path));
    assert.ok(configuration !== null);
    assert.deepEqual(deadConfigurationWarnings(configuration).map(formatWarning), []);
  });
}

test('docs/explain.md prints the warning as it is', () => {
  const printed = read('docs/explain.md')
    .split('\n')
    .find((line) => line.startsWith('candidate.conf:7:5: warning'));
  const text = [
    '# candidate.conf',
    'Binding_Header = "X-Binding"',
    'ESMTP_Listener { Listen ":25" {} }',
    '',
    'Binding "news-1" {',
    '    Server_Max_Outbound_Connections = 10',
    '    Max_Outbound_Connections = 15',
    '}',
  ].join('\n');
  assert.deepEqual(deadConfigurationWarnings(load('candidate.conf', text)!).map(formatWarning), [printed]);
});

/** Every name that the configuration mentions, and a few that it does not. */
function namesIn(configuration: Configuration, scope: string): string[] {
  const found = new Set(['unnamed.example', 'mx.unnamed.example']);
  const visit = (stanza: Configuration['root']): void => {
    if (stanza.kind.name === scope && stanza.pattern === null) found.add(stanza.key);
    for (const { byKey } of stanza.children.values()) for (const child of byKey.values()) visit(child);
  };
  visit(configuration.root);
  for (const word of ['a.example', 'example.com', 'gmail.com', 'hotmail.com', 'x.test', 'c.test']) found.add(word);
  return [...found];
}

test('a setting in a document that is said to have no effect decides for nobody', () => {
  let count = 0;
  for (const path of [...list('docs/', '.md'), ...list('test/conformance/', '.cases.md')]) {
    for (const { language, text } of blocksOf(read(path))) {
      const configuration = language === 'conf' ? load(path, text) : null;
      if (configuration === null) continue;
      for (const { kind, stanza, option, text: said } of findDeadConfiguration(configuration).entries) {
        if (kind !== 'shadowed' || option === null || stanza.path[0]?.kind.name.endsWith('_listener')) continue;
        count += 1;
        const own = formatPosition(stanza.settings.get(option.name)!.at);
        for (const { name: binding } of configuration.bindings()) {
          const domains = namesIn(configuration, 'domain').map((domain) => ({ binding, domain }));
          const hosts = namesIn(configuration, 'host').map((host) => ({ binding, host }));
          for (const subject of [{ binding }, ...domains, ...hosts]) {
            const { setBy } = explainOption(configuration, option, subject);
            assert.notEqual(setBy && formatPosition(setBy.at), own, `${said}: ${JSON.stringify(subject)}`);
          }
        }
      }
    }
  }
  assert.ok(count > 0);
});
