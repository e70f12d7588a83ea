// What reports on TLS are made of, on disk: one file of lines beside the spool, written beside the old one and put in its
// place. It is read once, at the start.
import { open, readFile, rename } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { systemErrorText } from '../../core/base/system-error.ts';
import type { TlsReportStore } from '../../engine/ports.ts';

const FILE_MODE = 0o600;
/** Lines that are made in one turn of the loop. */
const LINES_PER_WRITE = 200;
const compressed = promisify(gzip);

/** @param troubled one line for the operator */
export async function openTlsReportFile(path: string, troubled: (text: string) => void): Promise<TlsReportFile> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT';
    if (isThere) troubled(`${path}: ${systemErrorText(error)}; counts for reports on TLS begin anew`);
  }
  const saved = text.split('\n').filter((line) => line !== '');
  return new TlsReportFile(path, saved, troubled);
}

export class TlsReportFile implements TlsReportStore {
  readonly saved: readonly string[];
  readonly #path: string;
  readonly #troubled: (text: string) => void;
  #isTroubled = false;
  #running: Promise<void> = Promise.resolve();

  /** For {@link openTlsReportFile}. */
  constructor(path: string, saved: readonly string[], troubled: (text: string) => void) {
    this.#path = path;
    this.saved = saved;
    this.#troubled = troubled;
  }

  keep(lines: Iterable<string>, done: (isKept: boolean) => void): void {
    this.#running = this.#write(lines).then(
      () => {
        this.#isTroubled = false;
        done(true);
      },
      (error: unknown) => {
        const text = `${this.#path}: ${systemErrorText(error, 'write')}; counts for reports on TLS are not kept`;
        if (!this.#isTroubled) this.#troubled(text); // once: it is one trouble
        this.#isTroubled = true;
        done(false);
      },
    );
  }

  compress(text: string, done: (octets: Uint8Array) => void): void {
    void compressed(text).then(done);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#running;
  }

  async #write(lines: Iterable<string>): Promise<void> {
    const file = await open(`${this.#path}~`, 'w', FILE_MODE);
    try {
      let portion = '';
      let count = 0;
      for (const line of lines) {
        portion += `${line}\n`;
        count += 1;
        if (count % LINES_PER_WRITE !== 0) continue;
        await file.writeFile(portion);
        portion = '';
      }
      await file.writeFile(portion);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}~`, this.#path);
  }
}
