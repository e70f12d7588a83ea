import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockSpool, lockSpools } from './spool-lock.ts';

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'spool-lock-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('a locked spool is refused until it is given up', () =>
  inDirectory(async (directory) => {
    const unlock = await lockSpool(directory);
    await assert.rejects(lockSpool(directory), {
      name: 'SpoolUnavailable',
      message: new RegExp(`process ${process.pid}`),
    });
    await unlock();
    await (await lockSpool(directory))();
    assert.deepEqual(await readdir(directory), []);
  }));

for (const [what, change] of [
  ['of a process that is gone', () => '4194305 1 x\n'],
  ['of an earlier process with our pid', (own: string) => own.replace(/ \d+ /, ' 1 ')],
  ['of an earlier boot', (own: string) => own.replace(/\S+\n$/, '00000000-0000-0000-0000-000000000000\n')],
  ['that is empty', () => ''],
] as const) {
  test(`a lock ${what} is taken over`, () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'lock');
      await lockSpool(directory);
      const own = await readFile(path, 'latin1');
      await writeFile(path, change(own));
      const unlock = await lockSpool(directory);
      assert.equal(await readFile(path, 'latin1'), own);
      await unlock();
      assert.deepEqual(await readdir(directory), []);
    }));
}

test('several spools are locked all or none', () =>
  inDirectory(async (directory) => {
    const spools = ['a', 'b', 'c'].map((name) => join(directory, name));
    const unlock = await lockSpools(spools);
    for (const spool of spools) await assert.rejects(lockSpool(spool), { name: 'SpoolUnavailable' });
    await unlock();
    const taken = await lockSpools([spools[1]!]);
    await assert.rejects(lockSpools(spools), { name: 'SpoolUnavailable', message: /b\/lock: the spool is in use/ });
    await (await lockSpool(spools[0]!))();
    await taken();
    await writeFile(join(directory, 'file'), '');
    await assert.rejects(lockSpools([join(directory, 'file')]), { name: 'SpoolUnavailable', message: /file/ });
  }));
