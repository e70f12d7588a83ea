import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { wallMs } from '../../core/base/moment.ts';
import type { ThrottleRecord } from '../../core/limits/throttle-record.ts';
import { openThrottleFile, type ThrottleFile } from './throttle-file.ts';

const record = (key: string, ...times: number[]): ThrottleRecord => ({
  kind: 'window',
  key,
  periodMs: 60_000,
  events: times.map((at) => [wallMs(at), 2] as const),
  reserved: 3,
  unknownUntil: null,
});

const A = record('outbound_throttle_messages binding "ä"', 1000, 2000);
const B = record('outbound_throttle_messages global');
const UNKNOWN: ThrottleRecord = { kind: 'unknown', until: wallMs(77) };

class Site {
  readonly path: string;
  readonly problems: string[] = [];

  constructor(t: TestContext) {
    this.path = join(temporaryDirectory(t), 'throttles');
  }

  open() {
    return openThrottleFile(this.path, (text) => this.problems.push(text));
  }

  /** What another process would read. */
  async saved() {
    const { file, saved } = await this.open();
    await file.close();
    return saved;
  }
}

const reserve = (file: ThrottleFile, ...records: ThrottleRecord[]) =>
  new Promise<boolean>((resolve) => file.reserve(records, resolve));
const writeAll = (file: ThrottleFile, ...records: ThrottleRecord[]) =>
  new Promise<boolean>((resolve) => file.writeAll(records, resolve));

test('records come back in order; the file appears with the first, and writing anew takes the place of all', async (t) => {
  const site = new Site(t);
  const { file, saved } = await site.open();
  assert.deepEqual(saved, { records: [], isDamaged: false });
  assert.equal(existsSync(site.path), false);
  assert.equal(await reserve(file, A), true);
  assert.equal(await reserve(file, B, A), true);
  assert.deepEqual((await site.saved()).records, [A, B, A]);
  assert.equal(await writeAll(file, UNKNOWN, B), true);
  assert.equal(await reserve(file, A), true);
  await file.close();
  assert.deepEqual(await site.saved(), { records: [UNKNOWN, B, A], isDamaged: false });
  assert.equal(statSync(site.path).mode & 0o777, 0o600);
  assert.deepEqual(site.problems, []);
});

test('an unfinished last line is cut off and no damage', async (t) => {
  const site = new Site(t);
  const { file } = await site.open();
  await reserve(file, A);
  await file.close();
  const whole = readFileSync(site.path);
  appendFileSync(site.path, whole.subarray(21, whole.length - 1));
  const again = await site.open();
  assert.deepEqual(again.saved, { records: [A], isDamaged: false });
  await reserve(again.file, B);
  await again.file.close();
  assert.deepEqual(await site.saved(), { records: [A, B], isDamaged: false });
});

test('any other octet that is not as it was written is damage, with file and line', async (t) => {
  const site = new Site(t);
  const { file } = await site.open();
  await reserve(file, A, B);
  await file.close();
  const whole = readFileSync(site.path);
  for (const [at, line] of [
    [3, 1],
    [22, 2],
    [40, 2],
    [whole.length - 3, 3],
  ] as const) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 1;
    writeFileSync(site.path, damaged);
    assert.deepEqual(await site.saved(), { records: [], isDamaged: true });
    assert.match(site.problems.at(-1)!, new RegExp(`throttles:${line}: damaged; throttles of 10 seconds`));
  }
  writeFileSync(site.path, '');
  assert.equal((await site.saved()).isDamaged, true);
});

test('a file that cannot be read is damage; one that cannot be written is reported once and tried again', async (t) => {
  const site = new Site(t);
  mkdirSync(site.path);
  const { file, saved } = await site.open();
  assert.equal(saved.isDamaged, true);
  assert.match(site.problems[0]!, /throttles: a directory; /);
  assert.equal(await writeAll(file, A), false);
  assert.equal(await writeAll(file, A), false);
  assert.equal(site.problems.length, 2);
  rmSync(site.path, { recursive: true });
  assert.equal(await writeAll(file, A), true);
  await file.close();
  assert.deepEqual((await site.saved()).records, [A]);
});
