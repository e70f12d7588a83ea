// Changing the configuration of a running server: a reload that fails under load, transactions, saving.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openSession } from '../support/console-session.ts';
import { HEADGATE, Headgate, runHeadgate } from '../support/headgate.ts';
import { inject } from '../support/inject.ts';
import { Receivers } from '../support/receivers.ts';
import { isFailure } from '../support/records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LIMIT = 'config eval max_outbound_connections';

test('a reload with mistakes under load: they are printed, nothing changes, mail flows on', {
  timeout: 60_000,
}, async (t) => {
  const receivers = await Receivers.open(t, ['example.com'], {
    behaviour: { delays: { final: { from: 20, to: 20 } } },
  });
  const { sink } = receivers;
  const counted = { destination: receivers.endpoint('example.com') };
  const headgate = await Headgate.start(t, `Max_Outbound_Connections = 10\n${receivers.routes}`);
  const injected = inject(headgate.port, [{ domain: 'example.com', messages: 2_000 }]);
  await sink.whenConnections(10, counted);

  const good = readFileSync(headgate.configurationFile, 'utf8');
  const lines = good.split('\n').length;
  writeFileSync(
    headgate.configurationFile,
    `${good}Max_Outbound_Connections = many\nMax_Outbond_Connections = 3\nDomain "example.com" {\n`,
  );
  const before = receivers.count('example.com').messages;
  const { text, failed } = await headgate.console('config reload');
  assert.ok(failed);
  const problems = text.split('\n').filter((line) => line.startsWith(headgate.configurationFile));
  assert.deepEqual(
    problems.map((line) => line.slice(headgate.configurationFile.length).replace(/;.*/, '')),
    [
      `:${lines}:28: max_outbound_connections: found many`,
      `:${lines + 1}:1: Max_Outbond_Connections: found an unknown option in the global scope`,
      `:${lines + 2}:1: Domain: found no end of the stanza`,
    ],
  );
  assert.ok(text.includes(`\n    Max_Outbound_Connections = many\n${' '.repeat(31)}^\n`), 'with the line and a caret');
  assert.ok(text.endsWith('\nReconfigure failed\n'));

  assert.equal((await headgate.console(LIMIT)).text, 'Max_Outbound_Connections = 10\n');
  await sink.whenReceived(before + 200);
  receivers.behave({});
  await receivers.whenArrived(await injected);
  assert.equal(receivers.count('example.com').peak, 10);
  assert.equal(sink.arrivals.repeated, 0);
  assert.deepEqual(headgate.mainlog.lines().filter(isFailure), [], 'no transaction was cut');
  assert.ok(!headgate.paniclog.lines().some((line) => line.includes('in force')), 'nothing came into force');

  writeFileSync(headgate.configurationFile, good.replace('Connections = 10', 'Connections = 12'));
  assert.deepEqual(await headgate.console('config reload'), { text: 'Configuration reloaded.\n', failed: false });
  assert.equal((await headgate.console(LIMIT)).text, 'Max_Outbound_Connections = 12\n');
});

test('two sessions in transactions: the first commit wins, the second is refused and says why', {
  timeout: 30_000,
}, async (t) => {
  const headgate = await Headgate.start(t, 'Max_Outbound_Connections = 10\n');
  const first = await openSession(t, headgate.consolePath);
  const second = await openSession(t, headgate.consolePath);
  for (const session of [first, second]) assert.equal((await session.ask('config begin')).text, 'Transaction begun.\n');
  await first.ask('config set max_outbound_connections 11');
  await first.ask('config set domain example.com max_outbound_connections 2');
  await second.ask('config set max_outbound_connections 12');
  assert.equal((await first.ask(LIMIT)).text, 'Max_Outbound_Connections = 11\n');
  assert.equal((await second.ask(LIMIT)).text, 'Max_Outbound_Connections = 12\n');
  assert.equal((await headgate.console(LIMIT)).text, 'Max_Outbound_Connections = 10\n');
  assert.match((await first.ask('config reload')).text, /^a transaction is open in this session; /);

  assert.match((await first.ask('config commit')).text, /^Transaction committed; configuration 2 is in force\.$/m);
  const refused = await second.ask('config commit');
  assert.ok(refused.failed);
  const change = /\(version 2, by (.+) \(session \d+\) at \d\d:\d\d:\d\d: (.+?) and 1 more\)/.exec(refused.text);
  assert.deepEqual(change?.slice(1), [headgate.consolePath, 'config set max_outbound_connections = 11']);
  assert.equal((await second.ask('config replay')).text, 'config set max_outbound_connections = 12\n');
  assert.equal((await second.ask('config rollback')).text, 'Transaction rolled back.\n');
  assert.equal((await second.ask(LIMIT)).text, 'Max_Outbound_Connections = 11\n');
});

test('a transaction ends with its session, and every one-shot command is a session', { timeout: 30_000 }, async (t) => {
  const headgate = await Headgate.start(t, 'Max_Outbound_Connections = 10\n');
  const piped = await runHeadgate(
    ['console', headgate.consolePath],
    `config begin\nconfig set max_outbound_connections 3\n${LIMIT}\n`,
  );
  assert.equal(piped.stdout, 'Transaction begun.\nMax_Outbound_Connections = 3\nMax_Outbound_Connections = 3\n');
  const commit = await runHeadgate(['console', headgate.consolePath, 'config', 'commit']);
  assert.equal(commit.code, 1);
  assert.match(commit.stdout, /^no transaction is open in this session/);
  assert.equal((await headgate.console(LIMIT)).text, 'Max_Outbound_Connections = 10\n');
});

test('writeback: changes outlive a restart, the rest of the file stays, a file changed on disk is left alone', {
  timeout: 30_000,
}, async (t) => {
  const headgate = await Headgate.start(
    t,
    '# As agreed with example.com\nMax_Outbound_Connections = 10   # per binding\nDomain "example.com" {\n  Max_Retries = 3\n}\n',
  );
  chmodSync(headgate.configurationFile, 0o604);
  const before = readFileSync(headgate.configurationFile, 'utf8');
  for (const line of [
    'config set max_outbound_connections 4',
    'config set domain example.com retry_interval 60',
    'config set binding new max_outbound_connections 2',
  ])
    assert.equal((await headgate.console(line)).failed, false, line);
  assert.equal(
    (await headgate.console('write config')).text,
    `${before
      .replace('Connections = 10 ', 'Connections = 4 ')
      .replace(
        'Max_Retries = 3\n',
        'Max_Retries = 3\n  Retry_Interval = 60\n',
      )}Binding "new" {\n  Max_Outbound_Connections = 2\n}\n`,
  );
  const expected = (await headgate.console('write config')).text;
  assert.deepEqual(await headgate.console('config writeback'), {
    text: `Configuration saved to ${headgate.configurationFile}.\n`,
    failed: false,
  });
  assert.equal(readFileSync(headgate.configurationFile, 'utf8'), expected);
  assert.equal(statSync(headgate.configurationFile).mode & 0o777, 0o604);
  assert.deepEqual(
    readdirSync(headgate.directory).filter((name) => name.endsWith('.new')),
    [],
  );

  await headgate.stop();
  await headgate.start();
  assert.equal((await headgate.console(LIMIT)).text, 'Max_Outbound_Connections = 4\n');

  await headgate.console('config set max_outbound_connections 5');
  writeFileSync(headgate.configurationFile, `${expected}# edited\n`);
  const refused = await headgate.console('config writeback');
  assert.ok(refused.failed);
  assert.match(
    refused.text,
    /changed on disk since it was loaded, so nothing was written; "config reload" takes that text/,
  );
  assert.equal(readFileSync(headgate.configurationFile, 'utf8'), `${expected}# edited\n`);
  const copy = join(headgate.directory, 'copy.conf');
  assert.equal((await headgate.console(`config writeback ${copy}`)).failed, false);
  assert.equal((await runHeadgate(['config', 'check', copy])).stdout, 'Configuration valid\n');
});

test('local_changes_file takes what read-only files set, and is read after all others at the next start', {
  timeout: 30_000,
}, async (t) => {
  const headgate = await Headgate.start(t, '');
  const [domains, local] = ['domains.conf', 'local.conf'].map((name) => join(headgate.directory, name)) as [
    string,
    string,
  ];
  writeFileSync(domains, 'Domain "example.com" {\n  Max_Outbound_Connections = 7\n}\n');
  headgate.configure('Local_Changes_File = "local.conf"\nreadonly_include "domains.conf"\n');
  assert.equal((await headgate.console('config reload')).failed, false);
  await headgate.console('config set domain example.com max_outbound_connections 3');
  await headgate.console('config set domain example.org max_outbound_connections 4');
  assert.deepEqual(await headgate.console('config writeback'), {
    text: `Configuration saved to ${local}.\n`,
    failed: false,
  });
  assert.equal(
    readFileSync(local, 'utf8'),
    'Domain "example.com" {\n  Max_Outbound_Connections = 3\n}\nDomain "example.org" {\n  Max_Outbound_Connections = 4\n}\n',
  );
  assert.equal(readFileSync(domains, 'utf8'), 'Domain "example.com" {\n  Max_Outbound_Connections = 7\n}\n');
  await headgate.stop();
  await headgate.start();
  for (const [domain, limit] of [
    ['example.com', 3],
    ['example.org', 4],
  ] as const)
    assert.equal(
      (await headgate.console(`config eval domain ${domain} max_outbound_connections`)).text,
      `Max_Outbound_Connections = ${limit}\n`,
    );
});

test('what waits for a start is told with the value in force, until that start', { timeout: 60_000 }, async (t) => {
  const headgate = await Headgate.start(t, 'Shards = 1\n');
  const shards = async (): Promise<string> => (await headgate.console('config eval shards')).text;
  writeFileSync(
    headgate.configurationFile,
    readFileSync(headgate.configurationFile, 'utf8').replace('Shards = 1', 'Shards = 2'),
  );
  await headgate.console('config reload');
  assert.equal(
    await shards(),
    'Shards = 2\nwarning: shards: takes effect at the next start; until then 1 is in force\n',
  );
  await headgate.stop();
  await headgate.start();
  assert.equal(await shards(), 'Shards = 2\n');
});

test('the last console is not given away, by a transaction or by a file', { timeout: 60_000 }, async (t) => {
  const headgate = await Headgate.start(t, 'Max_Outbound_Connections = 7');
  const session = await openSession(t, headgate.consolePath);
  for (const line of ['config begin from scratch', 'config set max_outbound_connections 5']) await session.ask(line);
  assert.match((await session.ask('config commit')).text, /no Control_Listener with a listen is left/);
  await session.ask('config rollback');
  const text = readFileSync(headgate.configurationFile, 'utf8');
  writeFileSync(headgate.configurationFile, text.replace(/Control_Listener \{[^}]*\{\}\s*\}/, ''));
  const { text: answer, failed } = await headgate.console('config reload');
  assert.ok(failed);
  assert.match(answer, /no Control_Listener with a listen is left/);
  assert.equal((await headgate.console(LIMIT)).text, 'Max_Outbound_Connections = 7\n');
});

test('a server without any endpoint stays until it is told to stop', { timeout: 60_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'headgate.conf');
  const logs = ['mainlog', 'rejectlog', 'paniclog'].map((name) => `${name} = "${join(directory, name)}"`);
  writeFileSync(
    file,
    `Spoolbase = "${directory}/spool"\nPidfile = "${directory}/pid"\nec_logger { ${logs.join('\n')} }\n`,
  );
  const child = spawn(HEADGATE, ['start', '-c', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const [first] = await Promise.race([once(child.stdout, 'data'), exited]);
  assert.equal(String(first), 'headgate: ready\n');
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});
