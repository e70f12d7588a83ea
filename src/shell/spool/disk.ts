// The few calls the spool makes of the file system, behind one interface, so that tests can tear writes, fail them and
// cut the power between any two. Hot calls take callbacks; the rest are promises. Errors carry the system's `code`.
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { InvariantError } from '../../core/base/assert.ts';

/**
 * `read`: an existing file. `write`: an existing file, or a new one. `writeDurable`: as `write`, and a write is complete
 * only when its data is on stable storage (O_DSYNC). `create`: a new file; EEXIST when there is one.
 */
export type OpenMode = 'read' | 'write' | 'writeDurable' | 'create';

export type Transferred = (error: NodeJS.ErrnoException | null, bytes: number) => void;

export interface Disk {
  open(path: string, mode: OpenMode): Promise<number>;
  close(file: number): Promise<void>;
  /** Reads up to the length of `into`. */
  read(file: number, into: Uint8Array, position: number, done: Transferred): void;
  /** Writes all of `buffers` (at most {@link BUFFERS_MAX}) in one call. May write less: `bytes` tells. */
  write(file: number, buffers: readonly Uint8Array[], position: number, done: Transferred): void;
  /** Data written, and a changed size, are on stable storage. */
  sync(file: number): Promise<void>;
  truncate(file: number, bytes: number): Promise<void>;
  size(file: number): Promise<number>;
  remove(path: string): Promise<void>;
  list(directory: string): Promise<readonly string[]>;
  makeDirectory(directory: string): Promise<void>;
  /** Files created in and removed from `directory` stay so. */
  syncDirectory(directory: string): Promise<void>;
}

/** IOV_MAX of Linux: the most buffers one writev takes. */
export const BUFFERS_MAX = 1024;

const { O_CREAT, O_DSYNC, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  write: O_RDWR | O_CREAT,
  writeDurable: O_RDWR | O_CREAT | O_DSYNC,
  create: O_RDWR | O_CREAT | O_EXCL,
};
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const open = promisify(fs.open);
const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const fstat = promisify(fs.fstat);

/** The file system of this machine. */
export const systemDisk: Disk = {
  open: (path, mode) => open(path, FLAGS[mode], FILE_MODE),
  close: (file) => close(file),
  read: (file, into, position, done) => fs.read(file, into, 0, into.byteLength, position, done),
  write: (file, buffers, position, done) => fs.writev(file, buffers as Uint8Array[], position, done),
  sync: (file) => fdatasync(file),
  truncate: (file, bytes) => ftruncate(file, bytes),
  size: async (file) => (await fstat(file)).size,
  remove: (path) => fs.promises.unlink(path),
  list: (directory) => fs.promises.readdir(directory),
  makeDirectory: async (directory) => {
    await fs.promises.mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  },
  syncDirectory: async (directory) => {
    const handle = await open(directory, O_RDONLY);
    try {
      await fsync(handle);
    } finally {
      await close(handle);
    }
  },
};

/** Writes all of `buffers`, or rejects: a short write is an error of code ESHORT. */
export function writeAll(disk: Disk, file: number, buffers: readonly Uint8Array[], position: number): Promise<void> {
  const wanted = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  return new Promise((resolve, reject) => {
    disk.write(file, buffers, position, (error, bytes) => {
      if (error !== null) reject(error);
      else if (bytes < wanted) reject(shortWrite(bytes, wanted));
      else resolve();
    });
  });
}

/** Fills `into` from `position` on. @returns the bytes read, fewer than its length only at the end of the file */
export async function readFully(disk: Disk, file: number, into: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.byteLength) {
    const bytes = await new Promise<number>((resolve, reject) => {
      disk.read(file, into.subarray(filled), position + filled, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
    if (bytes === 0) break;
    filled += bytes;
  }
  return filled;
}

/** Opens, uses and closes a file. */
export async function withFile<T>(
  disk: Disk,
  path: string,
  mode: OpenMode,
  use: (file: number) => Promise<T>,
): Promise<T> {
  const file = await disk.open(path, mode);
  try {
    return await use(file);
  } finally {
    await disk.close(file);
  }
}

/** The kernel took less than it was given, which on a regular file means that it ran out of something. */
export function shortWrite(bytes: number, wanted: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`wrote ${bytes} of ${wanted} bytes`), { code: 'ESHORT' });
}

/** What a person reads about a failed call. What is no failed call but a bug of ours is thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof InvariantError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  const prefix = `${code}: `; // behind it the system says the same in words, with the call and the path
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
