import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { wallMs } from '../core/base/moment.ts';
import type { ThrottleRecord } from '../core/limits/throttle-record.ts';
import { openThrottleFile } from '../shell/throttles/throttle-file.ts';
import { openThrottles, readThrottles } from './throttle-files.ts';

const record = (key: string, at: number, reserved: number): ThrottleRecord => ({
  kind: 'window',
  key,
  periodMs: 60_000,
  events: [[wallMs(at), 1]],
  reserved,
  unknownUntil: null,
});

async function write(path: string, ...records: readonly ThrottleRecord[]): Promise<void> {
  const { file } = await openThrottleFile(path, assert.fail);
  await new Promise<boolean>((resolve) => file.writeAll(records, resolve));
  await file.close();
}

test('what several shards have of one throttle counts together; a shard takes over what is left of others, once', async (t) => {
  const base = temporaryDirectory(t);
  const places = [base, join(base, 'shard-2'), join(base, 'shard-3')].map((directory, number) => ({
    directory,
    number,
  }));
  const [first, second, third] = places.map(({ directory }) => join(directory, 'throttles'));
  for (const { directory } of places) mkdirSync(directory, { recursive: true });
  await write(first!, record('a', 1000, 2), record('a', 2000, 3));
  await write(second!, record('a', 1500, 4), record('b', 10, 0));
  const all = [
    { ...record('a', 1000, 7), events: [1000, 2000, 1500].map((at) => [wallMs(at), 1]) },
    record('b', 10, 0),
  ];
  assert.deepEqual(await readThrottles(places), { records: all, isDamaged: false });
  assert.ok(existsSync(second!), 'that was only looked at');

  const { file, saved } = await openThrottles(places, assert.fail);
  await file.close();
  assert.deepEqual(saved.records, all);
  assert.equal(existsSync(second!), false);
  const [own] = places;
  assert.deepEqual(await readThrottles([own!]), { records: all, isDamaged: false });

  writeFileSync(third!, 'no such thing\n');
  assert.equal((await readThrottles(places)).isDamaged, true);
  const problems: string[] = [];
  const damaged = await openThrottles(places, (text) => problems.push(text));
  await damaged.file.close();
  assert.match(problems.join('\n'), /shard-3.throttles:1: damaged/);
  assert.equal(damaged.saved.records[0]!.kind, 'unknown');
  assert.equal(existsSync(third!), false);
  assert.equal((await readThrottles(places)).records[0]!.kind, 'unknown');
});
