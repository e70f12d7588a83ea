// The throttle file: what throttles of long windows may not forget, kept beside the spool. Records are added to its end
// by writes that are complete when they are on stable storage (O_DSYNC); now and then, and at an orderly stop, the file is
// written anew beside the old one and put in its place. The engine makes one call at a time.

import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { systemErrorText } from '../../core/base/system-error.ts';
import type { SavedThrottles, ThrottleRecord } from '../../core/limits/throttle-record.ts';
import type { ThrottleStore } from '../../engine/ports.ts';
import { FIRST_LINE, formatRecords, parseThrottleFile } from './throttle-text.ts';

const open = promisify(fs.open);
const close = promisify(fs.close);
const write = promisify(fs.write);
const fsync = promisify(fs.fsync);
const { readFile, rename, truncate } = fs.promises;
const { O_APPEND, O_CREAT, O_DSYNC, O_RDONLY, O_TRUNC, O_WRONLY } = fs.constants;

const FILE_MODE = 0o600;

export interface OpenedThrottleFile {
  readonly file: ThrottleFile;
  readonly saved: SavedThrottles;
}

/** @param onProblem one line for the operator */
export async function openThrottleFile(path: string, onProblem: (text: string) => void): Promise<OpenedThrottleFile> {
  const file = new ThrottleFile(path, onProblem);
  return { file, saved: await file.read() };
}

export class ThrottleFile implements ThrottleStore {
  readonly #path: string;
  readonly #onProblem: (text: string) => void;
  /** Open for appending; null until something is written. */
  #descriptor: number | null = null;
  #exists = false;
  /** The last write did not work, and that was said. */
  #isFailing = false;
  #running: Promise<void> = Promise.resolve();

  /** For {@link openThrottleFile}. */
  constructor(path: string, onProblem: (text: string) => void) {
    this.#path = path;
    this.#onProblem = onProblem;
  }

  /** What an earlier process left. An unfinished last line is cut off. */
  async read(): Promise<SavedThrottles> {
    try {
      const bytes = await readFile(this.#path);
      const { records, isDamaged, wholeBytes, damagedLine } = parseThrottleFile(bytes);
      this.#exists = wholeBytes > 0;
      if (damagedLine !== null) {
        this.#onProblem(`${this.#path}:${damagedLine}: damaged; throttles of 10 seconds and more begin as if used up`);
      } else if (wholeBytes > 0 && wholeBytes < bytes.length) {
        await truncate(this.#path, wholeBytes);
      }
      return { records, isDamaged };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return { records: [], isDamaged: false };
      const what = `${this.#path}: ${textOf(error, 'read')}`;
      this.#onProblem(`${what}; throttles of 10 seconds and more begin as if used up`);
      return { records: [], isDamaged: true };
    }
  }

  reserve(records: readonly ThrottleRecord[], done: (isDurable: boolean) => void): void {
    if (this.#exists) this.#run(() => this.#append(formatRecords(records)), done);
    else this.writeAll(records, done);
  }

  writeAll(records: readonly ThrottleRecord[], done: (isDurable: boolean) => void): void {
    this.#run(() => this.#replace(`${FIRST_LINE}${formatRecords(records)}`), done);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#running;
    await this.#closeDescriptor();
  }

  #run(work: () => Promise<void>, done: (isDurable: boolean) => void): void {
    this.#running = this.#running.then(async () => {
      let isDurable = true;
      try {
        await work();
      } catch (error) {
        isDurable = false;
        if (!this.#isFailing) {
          const what = `${this.#path}: ${textOf(error, 'write')}`;
          this.#onProblem(`${what}; throttles of 10 seconds and more wait until it can be written`);
        }
      }
      this.#isFailing = !isDurable;
      done(isDurable);
    });
  }

  async #append(text: string): Promise<void> {
    this.#descriptor ??= await open(this.#path, O_WRONLY | O_APPEND | O_DSYNC);
    await writeWhole(this.#descriptor, Buffer.from(text));
  }

  async #replace(text: string): Promise<void> {
    const beside = `${this.#path}.new`;
    const descriptor = await open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_DSYNC, FILE_MODE);
    try {
      await writeWhole(descriptor, Buffer.from(text));
      await rename(beside, this.#path);
    } catch (error) {
      await close(descriptor);
      throw error;
    }
    await this.#closeDescriptor();
    this.#descriptor = descriptor;
    this.#exists = true;
    await syncDirectory(dirname(this.#path));
  }

  async #closeDescriptor(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    if (descriptor !== null) await close(descriptor);
  }
}

async function writeWhole(descriptor: number, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await write(descriptor, bytes, written);
    written += bytesWritten;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const descriptor = await open(directory, O_RDONLY);
  try {
    await fsync(descriptor);
  } finally {
    await close(descriptor);
  }
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code;
}

/** What is no failed call is a bug of ours. */
function textOf(error: unknown, intent: 'read' | 'write'): string {
  codeOf(error);
  return systemErrorText(error, intent);
}
