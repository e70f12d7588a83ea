// What the tables of test/conformance/config-command.cases.md leave out: reload, and what reaches the holder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import { type LoadResult, loadConfiguration } from '../config/load.ts';
import { bindAddress, maxOutboundConnections } from '../config/options/connection-options.ts';
import type { ConsoleSession } from './command.ts';
import { ConfigConsole } from './config-commands.ts';
import { NO_FILES } from './lone-config.ts';

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
    clock: { now: () => wallMs(0), utcOffsetMinutes: () => 0 },
    files: NO_FILES,
    machine: {
      hostname: 'box.test',
      cautions: (configuration) =>
        configuration.value(bindAddress, { binding: 'b' }) === '192.0.2.7' ? ['192.0.2.7 is missing'] : [],
    },
    current: () => applied.at(-1)!,
    started: loaded.configuration,
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
  const askIn = (session: ConsoleSession, line: string) => console.answer(line.split(' ').slice(1), line, session);
  return { applied, reloadedPaths, ask, askIn, console };
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
  await ask('config set binding b max_outbound_connections -2');
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
    'SpoolBase = "/srv/spool"\nwarning: spoolbase: takes effect at the next start, once config writeback has written it\n',
  );
});

test('what takes effect at the next start is told with the value that is in force', async () => {
  const { ask } = consoleOver('spoolbase = /srv/a\n');
  const text = async (line: string) => (await ask(line)).text;
  assert.equal(await text('config eval shards'), 'Shards = 1\n');
  await ask('config set shards 4');
  assert.equal(
    await text('config eval shards'),
    'Shards = 4\nwarning: shards: takes effect at the next start; until then 1 is in force\n',
  );
  assert.match(
    await text('config explain shards'),
    /^Shards = 4\ntakes effect at the next start; until then 1 is in force\nset by the global scope/,
  );
  assert.equal(JSON.parse(await text('config explain --json shards')).untilNextStart, '1');
  assert.equal(JSON.parse(await text('config explain --json spoolbase')).untilNextStart, null);
  await ask('config unset spoolbase');
  assert.match(
    await text('config eval spoolbase'),
    /^SpoolBase = .*\nwarning: .*; until then "\/srv\/a" is in force\n$/,
  );
  await ask('config set max_outbound_connections 4'); // at once
  assert.equal(await text('config eval max_outbound_connections'), 'Max_Outbound_Connections = 4\n');
  await ask('config unset shards');
  assert.equal(await text('config eval shards'), 'Shards = 1\n');
  // A spool is opened with it, so that no 250 means more than it did at the start.
  assert.match(
    await text('config set force_fsync off'),
    /^warning: force_fsync: takes effect at the next start, once config writeback has written it$/m,
  );
  assert.match(await text('config eval force_fsync'), /; until then 1 is in force\n$/);
  await ask('config set force_fsync yes');
  assert.equal(await text('config eval force_fsync'), 'Force_Fsync = yes\n');
});

test('help describes a name, or refuses it with a likely one', async () => {
  const { ask } = consoleOver('');
  assert.match((await ask('config help max_outbound_connections')).text, /^max_outbound_connections\n/);
  const refusal = await ask('config help max_outbond_connections');
  assert.ok(refusal.failed);
  assert.match(refusal.text, /did you mean "max_outbound_connections"/);
});

// ---- transactions

test('a transaction is seen by its own session only, until it is committed as one configuration', async () => {
  const { applied, askIn } = consoleOver('domain "a.test" { max_outbound_connections = 3 }');
  const [first, second] = [{ name: 'first' }, { name: 'second' }];
  for (const [session, line, text] of [
    [first, 'config begin', 'Transaction begun.\n'],
    [first, 'config set max_outbound_connections 7', 'Max_Outbound_Connections = 7\n'],
    [first, 'config unset domain a.test', 'Domain "a.test" has been unset.\n'],
    [first, 'config eval domain a.test max_outbound_connections', 'Max_Outbound_Connections = 7\n'],
    [second, 'config eval domain a.test max_outbound_connections', 'Max_Outbound_Connections = 3\n'],
    [first, 'config replay', 'config set max_outbound_connections = 7\nconfig unset domain "a.test"\n'],
    [first, 'config commit', 'Transaction committed; configuration 2 is in force.\n'],
    [second, 'config eval domain a.test max_outbound_connections', 'Max_Outbound_Connections = 7\n'],
  ] as const) {
    assert.deepEqual(await askIn(session, line), { text, failed: false }, `${session.name}: ${line}`);
  }
  assert.deepEqual(
    applied.map(({ version }) => version),
    [1, 2],
  );
});

test('the first commit wins; a later one is refused, says whose change came between, and stays open', async () => {
  const { askIn } = consoleOver('');
  const [first, second] = [{ name: '/tmp/2025 (session 1)' }, { name: '/tmp/2025 (session 2)' }];
  for (const session of [first, second]) await askIn(session, 'config begin');
  await askIn(first, 'config set max_outbound_connections 7');
  await askIn(second, 'config set max_outbound_connections 8');
  assert.equal((await askIn(second, 'config commit')).failed, false);
  assert.deepEqual(await askIn(first, 'config commit'), {
    text: 'not committed: the configuration was changed after this transaction began (version 2, by /tmp/2025 (session 2) at 00:00:00: config set max_outbound_connections = 8); "config replay" prints the changes made here, "config rollback" gives them up\n',
    failed: true,
  });
  assert.equal((await askIn(first, 'config replay')).text, 'config set max_outbound_connections = 7\n');
  assert.equal((await askIn(first, 'config rollback')).text, 'Transaction rolled back.\n');
  assert.equal((await askIn(first, 'config eval max_outbound_connections')).text, 'Max_Outbound_Connections = 8\n');
});

for (const [value, warning] of [
  [
    '1969-12-31T23:59:59Z',
    'warning: suspend_delivery: 1969-12-31T23:59:59Z has passed, so that it has no effect: no mail is held by it\n',
  ],
  [
    '1970-01-01T01:00:00+01:30',
    'warning: suspend_delivery: 1969-12-31T23:30:00Z has passed, so that it has no effect: no mail is held by it\n',
  ],
  ['1970-01-01T00:00:01Z', ''],
  ['false', ''],
  ['true', ''],
] as const) {
  test(`config set suspend_delivery ${value}: ${warning === '' ? 'no warning' : 'a time that has passed is told'}`, async () => {
    const { askIn } = consoleOver('');
    const session = { name: 's' };
    const said = { text: `Suspend_Delivery = ${value}\n${warning}`, failed: false };
    assert.deepEqual(await askIn(session, `config set suspend_delivery ${value}`), said);
    await askIn(session, 'config begin');
    assert.deepEqual(await askIn(session, `config set domain a.example suspend_delivery ${value}`), said);
  });
}

test('what replay prints can be typed again, and has the same effect', async () => {
  const { applied, askIn } = consoleOver('debug_flags { error = ( ALL ) }');
  const session = { name: 's' };
  const lines = [
    'config set binding "a" domain /^x\\d+/ tls_key "it\'s"',
    'config set relay_hosts ( 10.0.0.1 "10.0.0.0/24" )',
    'config set auth_radius map [ a = "b c" d = e ]',
    'config unset debug_flags error',
    'config unset binding a',
    'config set binding a suspend_delivery on',
  ];
  await askIn(session, 'config begin');
  for (const line of lines) assert.equal((await askIn(session, line)).failed, false, line);
  const replayed = (await askIn(session, 'config replay')).text;
  await askIn(session, 'config rollback');
  await askIn(session, 'config begin');
  for (const line of replayed.trimEnd().split('\n')) assert.equal((await askIn(session, line)).failed, false, line);
  assert.equal((await askIn(session, 'config replay')).text, replayed);
  assert.equal(replayed.split('\n').length, lines.length + 1);
  assert.equal((await askIn(session, 'config commit')).failed, false);
  assert.equal(applied.length, 2);
});

test('begin from scratch begins with what every server has, which cannot be unset', async () => {
  const { applied, askIn } = consoleOver('threadpool "p" { concurrency = 3 } max_outbound_connections = 4');
  const session = { name: 's' };
  for (const [line, text, failed] of [
    ['config begin from scratch', 'Transaction begun from scratch.\n', false],
    ['config showrecurse', 'ThreadPool "p" {\n  concurrency = 3\n}\n', false],
    [
      'config unset threadpool p',
      'config unset: found an implicit setting; expected what every server has (threadpool, debug_flags, timestampformat) to be set, not unset\n',
      true,
    ],
    [
      'config set threadpool p concurrency 4',
      'concurrency = 4\nwarning: concurrency: not used: one loop accepts and serves all clients, with no threads to divide them among\n',
      false,
    ],
    ['config commit', 'Transaction committed; configuration 2 is in force.\n', false],
    ['config eval max_outbound_connections', 'Max_Outbound_Connections = 32\n', false],
  ] as const) {
    assert.deepEqual(await askIn(session, line), { text, failed }, line);
  }
  assert.equal(applied.length, 2);
});

test('what concerns several stanzas is checked at the commit, after which the transaction is still open', async () => {
  const { applied, askIn } = consoleOver(
    'binding "a" {} esmtp_listener { binding = "a" listen ":25" { enable = no } }',
  );
  const session = { name: 's' };
  await askIn(session, 'config begin');
  assert.equal((await askIn(session, 'config unset binding a')).failed, false);
  const refused = await askIn(session, 'config commit');
  assert.match(refused.text, /^binding: found "a"; expected the name of a binding/);
  assert.equal((await askIn(session, 'config unset esmtp_listener binding')).failed, false);
  assert.equal((await askIn(session, 'config commit')).failed, false);
  assert.equal(applied.length, 2);
});

test('commands of transactions where there is none, and of others where there is one', async () => {
  const { askIn } = consoleOver('');
  const session = { name: 's' };
  for (const verb of ['commit', 'rollback', 'replay']) {
    const { text, failed } = await askIn(session, `config ${verb}`);
    assert.ok(failed);
    assert.match(text, /^no transaction is open in this session/);
  }
  await askIn(session, 'config begin');
  assert.match((await askIn(session, 'config begin')).text, /^a transaction is open already in this session/);
  assert.match((await askIn(session, 'config reload')).text, /^a transaction is open in this session; /);
  assert.equal((await askIn(session, 'config commit')).text, 'Nothing to commit.\n');
  assert.match((await askIn(session, 'config begin from nothing')).text, /^usage: config begin /);
});

test('a transaction holds a thousand changes', async () => {
  const { askIn } = consoleOver('');
  const session = { name: 's' };
  await askIn(session, 'config begin');
  for (let count = 1; count <= 1000; count += 1)
    assert.equal((await askIn(session, `config set max_retries ${count}`)).failed, false);
  assert.equal(
    (await askIn(session, 'config set max_retries 1001')).text,
    'transaction: found one more change; expected at most 1000; commit them, or load a file instead\n',
  );
  assert.equal((await askIn(session, 'config commit')).failed, false);
  assert.equal((await askIn(session, 'config eval max_retries')).text, 'Max_Retries = 1000\n');
});

test('a value set on the console knows who set it, and when', async () => {
  const { applied, askIn } = consoleOver('max_retries = 3');
  await askIn({ name: '/tmp/2025 (session 4)' }, 'config set max_outbound_connections 2');
  const { root, provenance } = applied.at(-1)!;
  assert.deepEqual(root.settings.get('max_outbound_connections')?.origin, {
    kind: 'console',
    at: 0,
    by: '/tmp/2025 (session 4)',
  });
  assert.equal(root.settings.get('max_retries')?.origin.kind, 'file');
  assert.deepEqual(
    provenance.changes.map(({ places: _, ...change }) => change),
    [{ at: 0, by: '/tmp/2025 (session 4)', version: 2, commands: ['config set max_outbound_connections = 2'] }],
  );
});

test('a ; behind a value is refused on the console, too', async () => {
  const { askIn } = consoleOver('');
  const { text, failed } = await askIn({ name: 's' }, 'config set hostname mail.example.com;');
  assert.deepEqual(
    [failed, text.split(' (')[0]],
    [true, 'text with ;: found mail.example.com;; expected no ; at its end'],
  );
});

test('a bare config lists its verbs', async () => {
  const { ask } = consoleOver('');
  const { text, failed } = await ask('config');
  assert.equal(failed, false);
  assert.match(text, /^config eval \[SCOPE\.\.\.\] OPTION +the value in force, with fallback\n/);
  for (const verb of new ConfigConsole(null as never).verbs)
    assert.match(text, new RegExp(`^config ${verb}\\b.* {2}\\S`, 'm'));
});

test('a server without a name of its own has that of its system', async () => {
  const { ask } = consoleOver('hostname = a.test');
  assert.equal((await ask('config eval hostname')).text, 'Hostname = "a.test"\n');
  const { text } = await ask('config unset hostname');
  assert.equal(text, '"Hostname" has been unset. Effective value is now:\n        Hostname = "box.test"\n');
  assert.equal((await ask('config eval hostname')).text, 'Hostname = "box.test"\n');
});

test('who sets what the machine lacks hears of it at once, and once', async () => {
  const { ask } = consoleOver('');
  const set = 'config set binding b bind_address 192.0.2.7';
  assert.equal((await ask(set)).text, 'Bind_Address = "192.0.2.7"\nwarning: 192.0.2.7 is missing\n');
  assert.equal((await ask('config set max_retries 3')).text, 'Max_Retries = 3\n');
});

test('explain says what is used in place of what nobody set', async () => {
  const { ask } = consoleOver('');
  const of = async (name: string) => (await ask(`config explain ${name}`)).text.split('\n').slice(0, 2);
  assert.deepEqual(await of('hostname'), [
    'Hostname = "box.test"',
    'set by nobody; in its place: the name of the system',
  ]);
  assert.deepEqual((await of('bind_address'))[1], 'set by nobody; in its place: the address that the system chooses');
  assert.deepEqual((await of('max_retries'))[1], 'set by nobody: this is the default');
  const { inPlace, text } = JSON.parse((await ask('config explain --json hostname')).text);
  assert.deepEqual([inPlace, text], ['the name of the system', '"box.test"']);
});

test('a scope that stands elsewhere is told where', async () => {
  const { ask } = consoleOver('');
  assert.match((await ask('config explain listen :25 relay_hosts')).text, /\(listen stands in esmtp_listener, /);
  assert.match((await ask('config show peer 10.0.0.0/8')).text, /\(peer stands in /);
});
