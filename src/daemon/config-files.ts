// The files a configuration is kept in, for writing changes back: all of them are replaced, or none. A file is replaced
// by renaming a new one over it, so that a reader finds the old text or the new one, never half of it.
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemErrorText } from '../core/base/system-error.ts';
import type { ConfigFiles, FileToWrite } from '../core/console/config-holder.ts';
import { readSource } from './read-source.ts';

/** Of a file that did not exist: it may name what others need not know. */
const NEW_FILE_MODE = 0o640;
const CHANGED =
  'changed on disk since it was loaded, so nothing was written; "config reload" takes that text (and drops what was changed here), "config writeback FILE" saves the configuration in force elsewhere';
const NOT_UTF8 =
  'holds octets that are no UTF-8, which would not stay as they are, so nothing was written; convert the file (iconv -t utf-8) and reload it';

export const CONFIG_FILES: ConfigFiles = { read: readSource, canWrite, realPath: targetOf, write: replaceFiles };

/** The file is not written into but replaced: its directory must take a new file, which must be able to have its owner. */
function canWrite(path: string): boolean {
  try {
    const target = targetOf(path);
    accessSync(dirname(target), constants.W_OK);
    const old = statSync(target, { throwIfNoEntry: false });
    if (old === undefined) return true;
    accessSync(target, constants.W_OK);
    const user = process.geteuid!();
    return user === 0 || (old.uid === user && [process.getegid!(), ...process.getgroups!()].includes(old.gid));
  } catch {
    return false;
  }
}

interface Replacement {
  readonly file: FileToWrite;
  readonly target: string;
  readonly temporary: string;
}

/** @returns why nothing was written, a line each */
function replaceFiles(files: readonly FileToWrite[]): readonly string[] {
  const changed = files.map(changeOnDisk).filter((line) => line !== null);
  if (changed.length > 0) return changed;
  const prepared: Replacement[] = [];
  const done: Replacement[] = [];
  let path = '';
  try {
    for (const file of files) {
      path = file.path;
      const target = targetOf(path);
      const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
      prepared.push({ file, target, temporary });
      writeNew(temporary, target, file.text);
    }
    for (const replacement of prepared) {
      path = replacement.file.path;
      renameSync(replacement.temporary, replacement.target);
      done.push(replacement);
    }
    for (const directory of new Set(prepared.map(({ target }) => dirname(target)))) syncDirectory(directory);
    return [];
  } catch (error) {
    const reason = `${path}: ${systemErrorText(error, 'write')}; nothing was written`;
    for (const { temporary } of prepared) rmSync(temporary, { force: true });
    return [reason, ...done.flatMap(restore)];
  }
}

/** Puts the old text back. @returns what could not be, a line */
function restore({ file, target, temporary }: Replacement): readonly string[] {
  try {
    if (file.before === null) rmSync(target);
    else if (typeof file.before === 'string') {
      writeNew(temporary, target, file.before);
      renameSync(temporary, target);
    }
    return [];
  } catch (error) {
    return [`${file.path}: ${systemErrorText(error, 'write')}; it has the new text already`];
  }
}

/** What speaks against replacing what stands at a path, or null. */
function changeOnDisk({ path, before }: FileToWrite): string | null {
  if (before !== null && typeof before === 'object') return null;
  let octets: Buffer;
  try {
    octets = readFileSync(path);
  } catch (error) {
    if (before === null && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    return `${path}: ${CHANGED}`;
  }
  if (octets.toString('utf8') !== before) return `${path}: ${CHANGED}`;
  return octets.equals(Buffer.from(before)) ? null : `${path}: ${NOT_UTF8}`;
}

/** A link stays a link: what it leads to is replaced. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // there is none yet
  }
}

/** With mode and owner of the file it is to replace, and on stable storage. */
function writeNew(temporary: string, target: string, text: string): void {
  const old = statSync(target, { throwIfNoEntry: false });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  rmSync(temporary, { force: true }); // of a process with the same id that was killed
  const descriptor = openSync(temporary, flags, 0o600);
  try {
    const octets = Buffer.from(text);
    for (let written = 0; written < octets.length; ) written += writeSync(descriptor, octets, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (old !== undefined && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.()))
    chownSync(temporary, old.uid, old.gid);
  chmodSync(temporary, old === undefined ? NEW_FILE_MODE : old.mode & 0o7777);
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
