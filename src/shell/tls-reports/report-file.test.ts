import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { openTlsReportFile, type TlsReportFile } from './report-file.ts';

const kept = (file: TlsReportFile, lines: Iterable<string>): Promise<boolean> =>
  new Promise((resolve) => file.keep(lines, resolve));

test('lines are there for the next process, and those before them are not', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'tls-reports');
  const told: string[] = [];
  const file = await openTlsReportFile(path, (text) => told.push(text));
  assert.deepEqual(file.saved, []);
  assert.equal(await kept(file, ['old']), true);
  const many = Array.from({ length: 1001 }, (_, place) => `line ${place} ü`);
  assert.equal(await kept(file, many), true);
  await file.close();
  assert.deepEqual((await openTlsReportFile(path, (text) => told.push(text))).saved, many);
  assert.equal(await kept(file, []), true);
  assert.deepEqual((await openTlsReportFile(path, (text) => told.push(text))).saved, []);
  assert.deepEqual([readdirSync(directory), told], [['tls-reports'], []]);
});

test('what is written in part is not there', async (t) => {
  const path = join(temporaryDirectory(t), 'tls-reports');
  const file = await openTlsReportFile(path, () => {});
  await kept(file, ['good']);
  function* breaking(): Iterable<string> {
    for (let line = 0; line < 500; line++) yield 'bad';
    throw new Error('it cannot go on');
  }
  assert.equal(await kept(file, breaking()), false);
  assert.deepEqual((await openTlsReportFile(path, () => {})).saved, ['good']);
});

test('a place that cannot be used is told of once, until it can', async (t) => {
  const directory = join(temporaryDirectory(t), 'gone');
  const path = join(directory, 'tls-reports');
  const told: string[] = [];
  mkdirSync(path, { recursive: true });
  const file = await openTlsReportFile(path, (text) => told.push(text));
  assert.deepEqual(told.splice(0), [`${path}: a directory; counts for reports on TLS begin anew`]);
  rmSync(directory, { recursive: true });
  assert.deepEqual([await kept(file, ['a']), await kept(file, ['a'])], [false, false]);
  assert.deepEqual(told, [`${path}: no such directory; counts for reports on TLS are not kept`]);
  mkdirSync(directory);
  assert.equal(await kept(file, ['a']), true);
});

test('what is made small is what was given', async (t) => {
  const file = await openTlsReportFile(join(temporaryDirectory(t), 'tls-reports'), () => {});
  const octets = await new Promise<Uint8Array>((resolve) => file.compress('{"ü":1}\n', resolve));
  assert.equal(gunzipSync(octets).toString(), '{"ü":1}\n');
});
