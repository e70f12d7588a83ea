// A shard that ends while the console asks it: the command is refused, an answer that goes on ends, nothing hangs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { domainRow, fakeProcess, fakeServer } from '../../../test/support/fake-server.ts';
import { InvariantError } from '../base/assert.ts';
import { ShardGone } from '../base/shard-gone.ts';
import { loadConfiguration } from '../config/load.ts';
import { Console } from './console.ts';
import type { ServerView } from './server-view.ts';

const LOADED = loadConfiguration('test.conf', () => ({ text: '' }));
assert.ok(LOADED.kind === 'loaded');
const { root } = LOADED.configuration;
const GONE = new ShardGone('shard 2');
const TEXT =
  'shard 2 has ended and gave no answer; others have done what was asked, so look before you give the command again (paniclog says more)\n';

function consoleOf(given: Partial<ServerView>): Console {
  const config = { verbs: [], answer: () => ({ text: '', failed: false }), writeMainFile: () => assert.fail() };
  return new Console({ server: { ...fakeServer(), ...given }, process: fakeProcess(), config, stanzas: () => root });
}

for (const [line, given] of [
  ['summary', { summary: () => Promise.reject(GONE) }],
  ['flush domain all', { flush: () => Promise.reject(GONE) }],
  ['domains', { domains: () => cutShort() }],
] as [string, Partial<ServerView>][]) {
  test(`refused: ${line}`, async () => {
    assert.deepEqual(await consoleOf(given).answer(line), { text: TEXT, failed: true });
  });
}

async function* cutShort() {
  yield [domainRow('a.com', 0, 0, 0, 0), domainRow('b.com', 0, 0, 0, 0)];
  throw GONE;
}

test('an answer that goes on says that it ends there', async () => {
  const tracer = { id: 1, next: () => Promise.reject(GONE), stop() {} };
  const traces = { ...fakeServer().traces, begin: async () => tracer };
  const answer = await consoleOf({ traces }).answer('trace smtp');
  const pieces: string[] = [];
  for await (const piece of answer.rest!) pieces.push(piece);
  assert.deepEqual(pieces, ['[the answer ends here: shard 2 has ended and gave no answer]\n']);
});

test('completion offers what was found until then', async () => {
  assert.deepEqual(await consoleOf({ domains: () => cutShort() }).completions('domain b'), ['b.com']);
});

test('a mistake of ours is none of that', async () => {
  const broken = consoleOf({ summary: () => Promise.reject(new InvariantError('one is one')) });
  await assert.rejects(broken.answer('summary'), InvariantError);
});
