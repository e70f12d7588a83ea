// A configuration that one thread handed to another is the same: the values in force, where they stand and who set them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../../src/core/base/moment.ts';
import { withChange } from '../../src/core/config/change.ts';
import type { Configuration } from '../../src/core/config/configuration.ts';
import { loadConfiguration } from '../../src/core/config/load.ts';
import { fromPortableForm, portableForm } from '../../src/core/config/portable-configuration.ts';
import { readPath } from '../../src/core/config/scope-path.ts';
import type { Stanza } from '../../src/core/config/stanza.ts';
import { configurationCorpus } from '../support/config-corpus.ts';

const handedOver = (configuration: Configuration): Configuration =>
  fromPortableForm(structuredClone(portableForm(configuration)));

/** All that is in a tree; options by their names, since those of unknown modules are made for each place. */
function contents({ kind, key, name, pattern, at, path, settings, children }: Stanza): unknown {
  const steps = path.map((step) => [step.kind.keyword, step.name]);
  const own = Array.from(settings, ([option, { value, syntax, at, origin }]) => ({
    option,
    value,
    syntax,
    at,
    origin,
  }));
  const below = Array.from(children, ([keyword, { byKey, patterns }]) => {
    return [keyword, Array.from(byKey, ([id, child]) => [id, contents(child)]), patterns.map((one) => one.key)];
  });
  return { kind: kind.name, key, name, pattern, at, steps, own, below };
}

function load(text: string): Configuration | null {
  const files = new Map([['/etc/headgate/headgate.conf', text]]);
  const read = (path: string) => {
    const found = files.get(path);
    return found === undefined ? { problem: 'no such file' } : { text: found };
  };
  const result = loadConfiguration('/etc/headgate/headgate.conf', read, { version: 7, lenient: true });
  return result.kind === 'loaded' ? result.configuration : null;
}

test('every configuration of the documents', () => {
  let count = 0;
  for (const text of configurationCorpus()) {
    const configuration = load(text);
    if (configuration === null) continue;
    count += 1;
    const other = handedOver(configuration);
    assert.equal(other.version, 7);
    assert.deepEqual(contents(other.root), contents(configuration.root), text);
    assert.deepEqual([other.bindings(), other.groups()], [configuration.bindings(), configuration.groups()]);
  }
  assert.ok(count > 50, `${count} configurations load`);
});

test('what was set on the console, and patterns in their order', () => {
  let configuration = load(
    'Domain "/^a/" { Max_Outbound_Connections = 1 }\nDomain "/^b/" { Max_Outbound_Connections = 2 }\nDomain "a.test" {}',
  )!;
  for (const [scopes, value] of [
    [['Domain', '/^a/'], '3'],
    [['Binding', 'new', 'Domain', '/c$/'], '4'],
  ] as const) {
    const word = (text: string) =>
      ({ kind: 'word', text, quoted: false, at: { file: 'console', line: 1, column: 1 } }) as const;
    const path = readPath(configuration.root, scopes.map(word));
    assert.ok(path.kind === 'path');
    const change = {
      kind: 'set',
      path: path.steps,
      option: word('max_outbound_connections'),
      value: word(value),
    } as const;
    const result = withChange(configuration, change, { at: wallMs(5), by: 'somebody' });
    assert.ok(result.kind === 'loaded');
    configuration = result.configuration;
  }
  const other = handedOver(configuration);
  assert.equal(other.version, 9);
  assert.deepEqual(contents(other.root), contents(configuration.root));
});
