// What the tables of test/conformance/config-command.cases.md leave out: reload, and what reaches the holder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../config/configuration.ts';
import { maxOutboundConnections } from '../config/connection-options.ts';
import { type LoadResult, loadConfiguration } from '../config/load.ts';
import { ConfigConsole } from './config-commands.ts';

function load(text: string, version = 1): LoadResult {
  return loadConfiguration('mail.conf', () => ({ text }), { version });
}

/** A console over `text` whose reload answers `next`. */
function consoleOver(text: string, next = text) {
  const loaded = load(text);
  assert.ok(loaded.kind === 'loaded');
  const applied: Configuration[] = [loaded.configuration];
  const reloadedPaths: (string | null)[] = [];
  const console = new ConfigConsole({
    current: () => applied.at(-1)!,
    apply(configuration) {
      applied.push(configuration);
      return [];
    },
    async reload(path) {
      reloadedPaths.push(path);
      const result = load(next, 9);
      if (result.kind === 'loaded') applied.push(result.configuration);
      return result;
    },
  });
  const ask = (line: string) => console.answer(line.split(' ').slice(1), line);
  return { applied, reloadedPaths, ask, console };
}

test('reload puts the file in force and tells its warnings', async () => {
  const { applied, reloadedPaths, ask } = consoleOver('', 'max_outbound_connections = 0');
  assert.deepEqual(await ask('config reload'), {
    text: 'mail.conf:1:1: warning: max_outbound_connections: the value 0 opens no connection at all\nConfiguration reloaded.\n',
    failed: false,
  });
  await ask('config reload /other/path');
  assert.deepEqual(reloadedPaths, [null, '/other/path']);
  assert.equal(applied.at(-1)!.value(maxOutboundConnections), 0);
});

test('a bad file prints its mistakes and "Reconfigure failed", and changes nothing', async () => {
  const { applied, ask } = consoleOver('max_outbound_connections = 3', 'max_outbound_connections = x\nfoo = 1');
  assert.deepEqual(await ask('config reload'), {
    text: `mail.conf:1:28: max_outbound_connections: found x; expected -1 (no limit) or a count from 0
    max_outbound_connections = x
                               ^
mail.conf:2:1: foo: found an unknown option in the global scope; expected an option
    foo = 1
    ^
Reconfigure failed
`,
    failed: true,
  });
  assert.equal(applied.length, 1);
});

test('set and unset apply one configuration each, with a higher version; a refusal applies none', async () => {
  const { applied, ask } = consoleOver('binding_group g { binding b {} }');
  await ask('config set binding_group g binding b max_outbound_connections 4');
  assert.equal(applied.at(-1)!.value(maxOutboundConnections, { binding: 'b', domain: 'd.test' }), 4);
  await ask('config unset binding_group g binding b max_outbound_connections');
  await ask('config unset binding_group g binding b max_outbound_connections');
  await ask('config set binding b tls required');
  await ask('config set control_listener listen *:2025 timeout 3');
  assert.deepEqual(
    applied.map((configuration) => configuration.version),
    [1, 2, 3],
  );
});

test('words that were split before need no quotes', async () => {
  const { console } = consoleOver('domain "/^a (b)/" { max_outbound_connections = 2 }');
  const answer = await console.answerWords(['get', 'domain', '/^a (b)/', 'max_outbound_connections']);
  assert.deepEqual(answer, { text: '        Max_Outbound_Connections = 2\n', failed: false });
});

test('a line that is no configuration text is taken by its words', async () => {
  const { console } = consoleOver('');
  const line = "config eval 'max_outbound_connections'";
  assert.equal(
    (await console.answer(['eval', 'max_outbound_connections'], line)).text,
    'Max_Outbound_Connections = 32\n',
  );
});

test('a change that concerns a caution or the next start says so', async () => {
  const { ask } = consoleOver('');
  assert.equal(
    (await ask('config set max_outbound_connections 0')).text,
    'Max_Outbound_Connections = 0\nwarning: max_outbound_connections: the value 0 opens no connection at all\n',
  );
  assert.equal(
    (await ask('config set spoolbase /srv/spool')).text,
    'SpoolBase = "/srv/spool"\nwarning: spoolbase: takes effect at the next start\n',
  );
});

test('help describes every meaning of a name', async () => {
  const { ask } = consoleOver('');
  assert.equal(
    (await ask('config help max_outbound_connections')).text,
    [
      'Max_Outbound_Connections: simultaneous connections of a binding to a domain; in host scope, to one address of that host',
      '  value:   -1 (no limit) or a count from 0',
      '  default: 32 (-1 in host)',
      '  scopes:  binding, binding_group, domain, global, host',
      '',
    ].join('\n'),
  );
  const refusal = await ask('config help max_outbond_connections');
  assert.ok(refusal.failed);
  assert.match(refusal.text, /did you mean "max_outbound_connections"/);
});
