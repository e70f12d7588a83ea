// writeback and write config over files in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Files, load, MAIN, reader } from '../../../test/support/config-files.ts';
import { loadConfiguration } from '../config/load.ts';
import { ConfigConsole } from './config-commands.ts';
import type { ConfigFiles, FileToWrite } from './config-holder.ts';
import { LoneConfig } from './lone-config.ts';

/** A console over files in memory, of which `unwritable` stay as they are. */
function consoleOver(initial: Files, unwritable: readonly string[] = []) {
  const texts: Record<string, string> = { ...initial };
  const files: ConfigFiles = {
    isRemote: true,
    read: (path) => reader(texts)(path),
    canWrite: (path) => !unwritable.includes(path),
    realPath: (path) => path,
    write(wanted: readonly FileToWrite[]) {
      for (const { path, before } of wanted) {
        const isAsBefore = typeof before === 'string' ? texts[path] === before : before !== null || !(path in texts);
        if (!isAsBefore) return [`${path}: changed on disk`];
      }
      for (const { path, text } of wanted) texts[path] = text;
      return [];
    },
  };
  const holder = new LoneConfig(
    load(initial),
    (path, options) => loadConfiguration(path ?? MAIN, reader(texts), options),
    files,
  );
  const config = new ConfigConsole(holder);
  const ask = async (line: string): Promise<string> => {
    const { text, failed } = await config.answer(line.split(' ').slice(1), line);
    return failed ? `refused: ${text}` : text;
  };
  return { texts, holder, config, ask };
}

test('writeback saves changes to the files they belong to, once', async () => {
  const { texts, ask } = consoleOver({
    [MAIN]: '# all\nmax_retries = 1 # few\ninclude "b"\n',
    '/etc/b': 'hostname = x\n',
  });
  await ask('config set max_retries 3');
  await ask('config set hostname y');
  assert.equal(await ask('config writeback'), `Configuration saved to ${MAIN}, /etc/b.\n`);
  assert.deepEqual(texts, { [MAIN]: '# all\nmax_retries = 3 # few\ninclude "b"\n', '/etc/b': 'hostname = "y"\n' });
  assert.equal(await ask('config writeback'), 'Nothing to save.\n');
});

test('after a writeback values have their places in the files, and who set them is still known', async () => {
  const { holder, ask } = consoleOver({ [MAIN]: 'max_retries = 1\n' });
  await ask('config set retry_interval 7');
  await ask('config writeback');
  const setting = holder.current().root.settings.get('retry_interval')!;
  assert.deepEqual(setting.at, { file: MAIN, line: 2, column: 1 });
  assert.equal(setting.origin.kind, 'console');
  assert.match(
    await ask('config explain retry_interval'),
    /\nset by the global scope at \S+:2:1, by the console on Thu/,
  );
});

test('a writeback between begin and commit does not make the commit fail', async () => {
  const { texts, config, ask } = consoleOver({ [MAIN]: 'max_retries = 1\n' });
  const session = { name: 'other' };
  await ask('config set max_retries 2');
  const inSession = (line: string) => config.answer(line.split(' ').slice(1), line, session);
  await inSession('config begin');
  await inSession('config set retry_interval 5');
  assert.equal(await ask('config writeback'), `Configuration saved to ${MAIN}.\n`);
  assert.equal(texts[MAIN], 'max_retries = 2\n', 'changes of the open transaction are not saved');
  assert.equal((await inSession('config commit')).failed, false);
  await ask('config writeback');
  assert.equal(texts[MAIN], 'max_retries = 2\nRetry_Interval = 5\n');
});

test('a reload between begin and commit makes the commit fail, and is named', async () => {
  const { config, ask } = consoleOver({ [MAIN]: 'max_retries = 1\n' });
  const session = { name: 'other' };
  const inSession = (line: string) => config.answer(line.split(' ').slice(1), line, session);
  await inSession('config begin');
  await inSession('config set retry_interval 5');
  await ask('config reload');
  const { text, failed } = await inSession('config commit');
  assert.ok(failed);
  assert.match(text, /\(version 2, by the console at 00:00:00: config reload \/etc\/main\.conf\)/);
});

test('a file that was changed on disk is not overwritten', async () => {
  const { texts, ask } = consoleOver({ [MAIN]: 'max_retries = 1\n' });
  await ask('config set max_retries 2');
  texts[MAIN] = 'max_retries = 9\n';
  assert.equal(await ask('config writeback'), `refused: ${MAIN}: changed on disk\n`);
  assert.equal(texts[MAIN], 'max_retries = 9\n');
});

test('what no file takes is printed, and saved once local_changes_file names one', async () => {
  const { texts, ask } = consoleOver({ [MAIN]: 'max_retries = 1\n' }, [MAIN]);
  await ask('config set max_retries 2');
  assert.equal(
    await ask('config writeback'),
    'refused: warning: part of the configuration could not be saved, since no file that can be written takes it:\n  Max_Retries = 2\nSet local_changes_file to a path that can be written and repeat config writeback, or add these lines to a file by hand.\n',
  );
  await ask('config set local_changes_file /etc/local.conf');
  assert.match(
    await ask('config writeback'),
    /^refused: Configuration saved to \/etc\/local\.conf\.\nwarning: not saved: local_changes_file: /,
  );
  assert.deepEqual(texts, { [MAIN]: 'max_retries = 1\n', '/etc/local.conf': 'Max_Retries = 2\n' });
});

test('writeback to a path is the whole configuration in one file', async () => {
  const { texts, ask } = consoleOver({
    [MAIN]: 'domain x { include "b" }\nmax_retries = 1\n',
    '/etc/b': 'max_retries = 7\n',
  });
  await ask('config set max_retries 2');
  assert.equal(await ask('config writeback /var/copy.conf'), 'Configuration saved to /var/copy.conf.\n');
  assert.equal(texts['/var/copy.conf'], 'Domain "x" {\n  Max_Retries = 7\n}\nMax_Retries = 2\n');
  assert.match(
    await ask('config writeback copy.conf'),
    /^refused: found the path "copy.conf"; expected one that begins with \//,
  );
  assert.equal(texts[MAIN], 'domain x { include "b" }\nmax_retries = 1\n');
});

test('write config is the main file with all changes in it, its includes unexpanded', async () => {
  const { texts, config, ask } = consoleOver({ [MAIN]: '# all\ninclude "b"\n', '/etc/b': 'max_retries = 7\n' });
  await ask('config set max_retries 2');
  const text = '# all\ninclude "b"\nMax_Retries = 2\n';
  assert.deepEqual(await config.writeMainFile(null), { text, failed: false });
  await config.writeMainFile('/var/copy.conf');
  assert.equal(texts['/var/copy.conf'], text);
  assert.equal(texts[MAIN], '# all\ninclude "b"\n');
});

test('writeback says that an open transaction is not part of it', async () => {
  const { ask } = consoleOver({ [MAIN]: 'max_retries = 1\n' });
  const note = 'note: the transaction that is open in this session is not part of it; "config commit" comes first\n';
  await ask('config begin');
  await ask('config set max_retries 3');
  assert.equal(await ask('config writeback'), `Nothing to save.\n${note}`);
  await ask('config commit');
  assert.equal(await ask('config writeback'), `Configuration saved to ${MAIN}.\n`);
});
