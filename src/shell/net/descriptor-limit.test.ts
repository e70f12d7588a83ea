import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { readDescriptorLimit } from './descriptor-limit.ts';

test('the soft limit, as the kernel writes it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-limits-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'limits');
  for (const [line, limit] of [
    ['Max open files            20000                40000                files     ', 20_000],
    ['Max open files            unlimited            unlimited            files     ', 2 ** 31 - 1],
    ['Max processes             100                  100                  processes ', 1_024],
  ] as const) {
    writeFileSync(path, `Limit                     Soft Limit           Hard Limit           Units     \n${line}\n`);
    assert.equal(readDescriptorLimit(path), limit);
  }
  assert.equal(readDescriptorLimit(join(directory, 'missing')), 1_024);
});

test('of this process', () => {
  const script = `
    import { SocketConnector } from '${new URL('./connector.ts', import.meta.url)}';
    const connector = new SocketConnector({ inMemory: () => null, read: () => {} });
    const before = connector.descriptorLimit;
    connector.rereadDescriptorLimit();
    console.log(before, connector.descriptorLimit);
  `;
  const command = 'ulimit -n 200; exec "$0" --input-type=module -e "$1"';
  const told = execFileSync('/bin/sh', ['-c', command, process.execPath, script], { encoding: 'utf8' });
  assert.equal(told, '200 200\n');
});
