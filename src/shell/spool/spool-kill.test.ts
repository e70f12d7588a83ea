// kill -9 on a real disk, several times on one spool.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSpool } from './segment-spool.ts';

const CHILD = fileURLToPath(new URL('./spool-kill-child.ts', import.meta.url));
const KILLS = 4;

/** Runs the child until it wrote some lines, kills it, and returns all its whole lines. */
async function runAndKill(directory: string, prefix: string, lines: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [CHILD, directory, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let seen = 0;
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    output += text;
    seen += text.split('\n').length - 1;
    if (seen >= lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return output.split('\n').slice(0, -1);
}

test('after kill -9 everything stored is there or was settled, and nothing comes back that was settled before the last start', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spool-kill-'));
  try {
    const stored = new Set<string>();
    const settled = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      const settledBefore = new Set(settled);
      for (const line of await runAndKill(directory, `k${kill}-`, 1_000 + kill * 1_700)) {
        const [what, name = ''] = line.split(' ');
        (what === 'stored' ? stored : settled).add(name);
      }
      const spool = await openSpool({
        directory,
        forceFsync: true,
        onProblem: ({ kind, text }) => assert.equal(kind, 'unfinished', text),
        beforeSettlementWrite: async () => {},
      });
      const found = new Set(Array.from(spool.takeRecovered(), ({ stored }) => stored.envelope.batchId));
      await spool.close();
      for (const name of stored) assert.ok(found.has(name) || settled.has(name), `${name} is lost`);
      // What was found again although it was settled counts as open from now on.
      for (const name of found) if (!settledBefore.has(name)) settled.delete(name);
      for (const name of found) assert.ok(!settledBefore.has(name), `${name} came back`);
    }
    assert.ok(stored.size > 1_000);
  } finally {
    await rm(directory, { recursive: true });
  }
});
