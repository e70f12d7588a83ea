// The file of the audit over real files.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemFiles } from './append-files.ts';
import { type AuditFile, type AuditFileOptions, openAuditFile } from './audit-file.ts';

function newPath(t: TestContext, ...names: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-audit-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, ...names);
}

async function opened(t: TestContext, path: string, options: Partial<AuditFileOptions> = {}): Promise<AuditFile> {
  const result = await openAuditFile({ path, mode: 0o640, report: (text) => assert.fail(text), ...options });
  if (result.kind === 'problem') assert.fail(result.problem);
  t.after(() => result.file.close());
  return result.file;
}

const read = (path: string): string => readFileSync(path, 'latin1');

test('makes its directory and file, with its permissions; there was nothing before', async (t) => {
  const path = newPath(t, 'var', 'audit.log');
  const file = await opened(t, path);
  assert.equal(file.tail, '');
  file.write('one');
  await file.close();
  assert.equal(read(path), 'one\n');
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('goes on behind what stands there, and gives a line that was cut off its end', async (t) => {
  const path = newPath(t, 'audit.log');
  writeFileSync(path, 'one\ntw');
  const file = await opened(t, path);
  assert.equal(file.tail, 'one\ntw');
  file.write('three');
  file.write('four');
  await file.close();
  assert.equal(read(path), 'one\ntw\nthree\nfour\n');
});

test('of a large file the end is read', async (t) => {
  const path = newPath(t, 'audit.log');
  writeFileSync(path, `${'x'.repeat(2 ** 20)}\nlast\n`);
  const { tail } = await opened(t, path);
  assert.equal(tail.length, 2 ** 20);
  assert.ok(tail.endsWith('x\nlast\n'));
});

test('what is held goes to the next file, what was written before to the former', async (t) => {
  const path = newPath(t, 'audit.log');
  const file = await opened(t, path);
  file.write('end');
  file.hold();
  renameSync(path, `${path}.1`);
  file.write('begin');
  const reopened = file.reopen();
  file.write('more');
  assert.equal(await reopened, null);
  file.release();
  file.write('last');
  await file.close();
  assert.equal(read(`${path}.1`), 'end\n');
  assert.equal(read(path), 'begin\nmore\nlast\n');
});

test('where the next file cannot be opened, what is held goes to the former, in order', async (t) => {
  const path = newPath(t, 'audit.log');
  let isOut = false;
  const files = {
    ...systemFiles,
    open: (name: string, mode: number) =>
      isOut ? Promise.reject(Object.assign(new Error('no'), { code: 'EMFILE' })) : systemFiles.open(name, mode),
  };
  const file = await opened(t, path, { files });
  isOut = true;
  file.write('end');
  file.hold();
  file.write('begin');
  assert.match(
    (await file.reopen())!,
    /^limit_audit_log: .*audit\.log: no file descriptor is left; lines still go to the file/,
  );
  file.release();
  await file.flush();
  assert.ok(!file.isPending);
  assert.equal(read(path), 'end\nbegin\n');
});

test('closing writes what is held', async (t) => {
  const path = newPath(t, 'audit.log');
  const file = await opened(t, path);
  file.hold();
  file.write('one');
  await file.close();
  assert.equal(read(path), 'one\n');
});

test('a path that is a directory is a problem that names option and path', async (t) => {
  const path = newPath(t, 'directory');
  mkdirSync(path);
  const result = await openAuditFile({ path, mode: 0o640, report: () => {} });
  assert.equal(
    result.kind === 'problem' && result.problem,
    `limit_audit_log: ${path}: a directory; expected a file that this process can read and append to`,
  );
});
