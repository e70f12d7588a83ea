// Files are replaced whole, all of them or none, and keep their mode; a link stays one.
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { CONFIG_FILES } from './config-files.ts';

const { write, canWrite } = CONFIG_FILES;

test('a file is replaced and keeps its mode; a new one is not for everybody', async (t) => {
  const directory = temporaryDirectory(t);
  const [old, fresh] = [join(directory, 'old'), join(directory, 'fresh')];
  writeFileSync(old, 'a\n');
  chmodSync(old, 0o604);
  assert.deepEqual(
    await write([
      { path: old, before: 'a\n', text: 'b\n' },
      { path: fresh, before: null, text: 'é\n' },
    ]),
    [],
  );
  assert.deepEqual([readFileSync(old, 'utf8'), readFileSync(fresh, 'utf8')], ['b\n', 'é\n']);
  assert.deepEqual([statSync(old).mode & 0o777, statSync(fresh).mode & 0o777], [0o604, 0o640]);
  assert.deepEqual(readdirSync(directory).sort(), ['fresh', 'old']);
});

test('a file that is not as it was is not written, and no other one with it', async (t) => {
  const directory = temporaryDirectory(t);
  const [changed, other, made] = ['changed', 'other', 'made'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [changed, other, made]) writeFileSync(path, 'on disk');
  const files = [
    { path: changed, before: 'loaded', text: 'new' },
    { path: other, before: 'on disk', text: 'new' },
    { path: made, before: null, text: 'new' },
  ];
  const failures = await write(files);
  assert.deepEqual(
    failures.map((line) => line.slice(0, line.indexOf(': changed on disk'))),
    [changed, made],
  );
  for (const path of [changed, other, made]) assert.equal(readFileSync(path, 'utf8'), 'on disk');
  assert.deepEqual(await write([{ path: changed, before: { kind: 'any' }, text: 'new' }]), []);
});

test('a file in another encoding is not written, since its octets would change', async (t) => {
  const path = join(temporaryDirectory(t), 'latin-1');
  const octets = Buffer.from('# f\xfcr alle\n', 'latin1');
  writeFileSync(path, octets);
  const [failure] = await write([{ path, before: octets.toString('utf8'), text: 'new' }]);
  assert.match(failure!, /latin-1: holds octets that are no UTF-8/);
  assert.deepEqual(readFileSync(path), octets);
});

test('when one cannot be replaced, those before it get their text back', async (t) => {
  const directory = temporaryDirectory(t);
  const [first, blocked] = [join(directory, 'first'), join(directory, 'blocked')];
  writeFileSync(first, 'a');
  mkdirSync(blocked); // a file cannot be renamed over a directory
  const failures = await write([
    { path: first, before: 'a', text: 'b' },
    { path: blocked, before: { kind: 'any' }, text: 'b' },
  ]);
  assert.deepEqual(failures, [`${blocked}: a directory; nothing was written`]);
  assert.equal(readFileSync(first, 'utf8'), 'a');
  assert.deepEqual(readdirSync(directory).sort(), ['blocked', 'first']);
});

test('a missing directory is a reason, not a crash', async (t) => {
  const path = join(temporaryDirectory(t), 'none', 'file');
  assert.deepEqual(await write([{ path, before: null, text: 'x' }]), [
    `${path}: no such directory; nothing was written`,
  ]);
  assert.equal(canWrite(path), false);
});

test('what a link leads to is replaced; the link stays', async (t) => {
  const directory = temporaryDirectory(t);
  const [target, link] = [join(directory, 'target'), join(directory, 'link')];
  writeFileSync(target, 'a');
  symlinkSync('target', link);
  assert.equal(canWrite(link), true);
  assert.deepEqual(await write([{ path: link, before: 'a', text: 'b' }]), []);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readFileSync(target, 'utf8'), 'b');
});
