import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { HeldPolicy } from '../../core/mail/sts-policy.ts';
import { openPolicyStore } from './policy-store.ts';

const held = (id: string): HeldPolicy => ({
  policy: { mode: 'enforce', maxAgeSeconds: 86_400, mx: ['mx.example', '*.mx.example'] },
  id,
  fetchedAt: 1_767_225_600_000,
});
const quiet = (text: string): void => assert.fail(text);

test('what is kept is there for the next process; the last word counts, and null takes it away', async (t) => {
  const directory = join(temporaryDirectory(t), 'not', 'there', 'yet');
  const { store, saved } = openPolicyStore(directory, quiet);
  assert.deepEqual(saved, []);
  store.keep('a.example', held('1'));
  store.keep('b.example', held('1'));
  store.keep('a.example', held('2'));
  store.keep('c.example', held('1'));
  store.keep('c.example', null);
  await store.close();
  const next = openPolicyStore(directory, quiet);
  assert.deepEqual([...next.saved].sort(), [
    ['a.example', held('2')],
    ['b.example', held('1')],
  ]);
  next.store.keep('b.example', null);
  await next.store.close();
  assert.deepEqual(readdirSync(directory), ['a.example.json']);
});

for (const [id, text] of [
  ['nothing', ''],
  ['no JSON', '{'],
  ['no policy', '{}'],
  ['a mode to come', JSON.stringify({ ...held('1'), policy: { ...held('1').policy, mode: 'x' } })],
  ['no time', JSON.stringify({ ...held('1'), fetchedAt: null })],
] as const) {
  test(`a file with ${id} in it is left out, told of, and left alone`, (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'a.example.json'), text);
    const { saved, problems } = openPolicyStore(directory, quiet);
    assert.deepEqual([saved, problems.length], [[], 1]);
    assert.deepEqual(readdirSync(directory), ['a.example.json']);
  });
}

test('a directory that cannot be written to is told of once', async (t) => {
  const directory = join(temporaryDirectory(t), 'file');
  writeFileSync(directory, '');
  const told: string[] = [];
  const { store } = openPolicyStore(directory, (text) => void told.push(text));
  for (const domain of ['a.example', 'b.example']) store.keep(domain, held('1'));
  await store.close();
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^mta_sts_policy_store: .*file: a file stands there already/);
});

test('other files of the directory are not touched', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'sub'));
  writeFileSync(join(directory, 'note.txt'), '');
  const { store, problems } = openPolicyStore(directory, quiet);
  store.keep('a.example', held('1'));
  await store.close();
  assert.deepEqual([problems, readdirSync(directory).sort()], [[], ['a.example.json', 'note.txt', 'sub']]);
});
