// The few calls the logs make of the file system, behind one interface, so that tests can fill the disk and use up the
// descriptors. Errors carry the system's `code`.
import * as fs from 'node:fs';
import { dirname } from 'node:path';

export interface AppendFiles {
  /** Opens for appending. A file that did not exist gets exactly the permissions `mode`, whatever the umask. */
  open(path: string, mode: number): Promise<number>;
  /** One write at the end of the file. May write less: `octets` tells. */
  append(file: number, bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, octets: number) => void): void;
  close(file: number): Promise<void>;
  /** With everything above it, readable for everybody. */
  makeDirectory(path: string): Promise<void>;
}

const DIRECTORY_MODE = 0o755;
const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = fs.constants;

/** The file system of this machine. */
export const systemFiles: AppendFiles = {
  async open(path, mode) {
    try {
      const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, mode);
      await setPermissions(file, mode);
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return await open(path, O_WRONLY | O_APPEND | O_CREAT, mode);
    }
  },
  append: (file, bytes, done) => fs.write(file, bytes, 0, bytes.length, null, done),
  close: (file) => settled((done) => fs.close(file, done)),
  makeDirectory,
};

/** Level by level: where a file system allows no directory (/proc), the recursive mkdir of Node never ends. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await fs.promises.mkdir(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && fs.statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || fs.existsSync(parent)) throw error;
    await makeDirectory(parent);
    await fs.promises.mkdir(path, { mode: DIRECTORY_MODE });
  }
}

function open(path: string, flags: number, mode: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, mode, (error, file) => (error === null ? resolve(file) : reject(error)));
  });
}

async function setPermissions(file: number, mode: number): Promise<void> {
  try {
    await settled((done) => fs.fchmod(file, mode, done));
  } catch (error) {
    fs.closeSync(file);
    throw error;
  }
}

function settled(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === null ? resolve() : reject(error)));
  });
}
