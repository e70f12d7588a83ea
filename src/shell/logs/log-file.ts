// One log file: gathers lines and appends them, whole and in order, with one write at a time. When the file cannot be
// written, lines wait in memory up to a bound, then the oldest are dropped and counted. Rotation loses nothing: the
// old file is kept until its successor is open and takes the next line.

import { assert } from '../../core/base/assert.ts';
import { systemErrorText } from '../../core/base/system-error.ts';
import type { AppendFiles } from './append-files.ts';

export interface LogFileOptions {
  readonly files: AppendFiles;
  /** What the operator calls it, with its path: the start of what is reported. */
  readonly label: string;
  readonly path: string;
  /** Permissions when the file is created. */
  readonly mode: number;
  /** Longest time a line waits for others to be written with. */
  readonly gatherMs: number;
  /** Time to the next try after a failed write. */
  readonly retryMs: number;
  /** So much is written without waiting for more. */
  readonly chunkOctets: number;
  /** So much is kept in memory when writes fail; whole chunks beyond it are dropped, the oldest first. */
  readonly memoryOctets: number;
  /** One line for the operator: the file cannot be written, or can again. */
  readonly report: (text: string) => void;
}

/** Whole lines that are written together. */
interface Chunk {
  /** Counts up. */
  readonly number: number;
  readonly text: string;
  readonly lines: number;
}

/** The chunk that is being written. */
interface Batch {
  readonly number: number;
  readonly bytes: Buffer;
  readonly lines: number;
  /** Octets the file has taken. */
  written: number;
}

const NOTHING_TO_DO: Promise<void> = Promise.resolve();
const LINE_FEED = 10;
const CHUNKS_PER_WRITE = 16;
/** So many times `memoryOctets` may wait for a write that has not failed. */
const SLOW_WRITE_FACTOR = 8;

export class LogFile {
  readonly #options: LogFileOptions;
  #file: number;
  /** Open and about to take the place of `#file` as soon as no write runs. */
  #successor: { readonly file: number; readonly replaced: (predecessor: number) => void } | null = null;
  /** Lines of the chunk that is being gathered. */
  #gathered = '';
  #gatheredLines = 0;
  #lastNumber = 0;
  /** In order; all behind `#batch`. */
  readonly #chunks: Chunk[] = [];
  #chunkOctets = 0;
  #batch: Batch | null = null;
  /** The run that writes until nothing is left. */
  #run: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** The code of the last write's error; null when it succeeded. */
  #trouble: string | null = null;
  #dropped = 0;
  /** Who waits for the chunk of that number to be written. In order of number. */
  #waiting: { readonly number: number; readonly done: () => void }[] = [];
  #reopening: Promise<unknown> = NOTHING_TO_DO;
  #isClosed = false;

  private constructor(file: number, options: LogFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Rejects with the system's error. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    return new LogFile(await options.files.open(options.path, options.mode), options);
  }

  /** @param line octets as Latin-1, without a line end */
  push(line: string): void {
    assert(!this.#isClosed, 'a closed log gets no lines');
    this.#gathered += line;
    this.#gathered += '\n';
    this.#gatheredLines += 1;
    if (this.#gathered.length >= this.#options.chunkOctets) {
      this.#endChunk();
      this.#startWriting();
    } else if (this.#timer === null && this.#run === null) {
      this.#timer = setTimeout(this.#gatherTimeUp, this.#options.gatherMs);
    }
  }

  /** There are lines that are not in the file yet, and nothing that keeps them from getting there soon. */
  get isPending(): boolean {
    return this.#trouble === null && (this.#gathered !== '' || this.#batch !== null || this.#chunks.length > 0);
  }

  /**
   * Resolves when all lines handed over so far are in the file. A file that cannot be written holds nobody up: mail
   * that is delivered and not settled would be delivered again, which is worse than a record that waits in memory.
   */
  flush(): Promise<void> {
    if (!this.isPending) return NOTHING_TO_DO;
    this.#endChunk();
    return new Promise((done) => {
      this.#waiting.push({ number: this.#lastNumber, done });
      this.#startWriting();
    });
  }

  /**
   * Opens the path again. Nothing is written to the old file after this resolves, and what was handed over before it
   * was called is there, unless the old file did not take it.
   * @returns what went wrong; lines go to the old file then
   */
  reopen(): Promise<string | null> {
    if (this.#isClosed) return Promise.resolve(`${this.#options.label}: closed already`);
    const turn = this.#reopening.then(() => this.#reopenNow());
    this.#reopening = turn;
    return turn;
  }

  /** Writes what is left, as far as the file takes it. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#reopening;
    this.#endChunk();
    do {
      this.#startWriting(true);
      await this.#run;
    } while (this.isPending);
    this.#stopTimer();
    const lost = this.#chunks.reduce((sum, chunk) => sum + chunk.lines, this.#batch?.lines ?? 0) + this.#dropped;
    if (lost > 0)
      this.#options.report(`${this.#options.label}: ${this.#trouble}: ${countOfLines(lost)} lost at the stop`);
    await this.#options.files.close(this.#file).catch(() => undefined); // whatever it was, the descriptor is gone
  }

  async #reopenNow(): Promise<string | null> {
    const { files, path, mode, label } = this.#options;
    let file: number;
    try {
      file = await files.open(path, mode);
    } catch (error) {
      return `${label}: ${systemErrorText(error, 'write')}; lines still go to the file that was open before`;
    }
    await this.flush();
    const predecessor = await new Promise<number>((replaced) => {
      this.#successor = { file, replaced };
      if (this.#run === null) this.#succeed();
    });
    this.#startWriting(true);
    try {
      await files.close(predecessor);
      return null;
    } catch (error) {
      return `${label}: the old file could not be closed properly (${systemErrorText(error, 'write')}); its last lines may be missing`;
    }
  }

  /** Only while no write runs. */
  #succeed(): void {
    if (this.#successor === null) return;
    const { file, replaced } = this.#successor;
    const predecessor = this.#file;
    this.#file = file;
    this.#successor = null;
    // A line that the old file took in part only, because its disk is full, is written in full to the new one.
    const batch = this.#batch;
    if (batch !== null && batch.written > 0) batch.written = batch.bytes.lastIndexOf(LINE_FEED, batch.written - 1) + 1;
    replaced(predecessor);
  }

  #endChunk(): void {
    if (this.#gathered === '') return;
    this.#lastNumber += 1;
    this.#chunks.push({ number: this.#lastNumber, text: this.#gathered, lines: this.#gatheredLines });
    this.#chunkOctets += this.#gathered.length;
    this.#gathered = '';
    this.#gatheredLines = 0;
    // A write that takes long, as when the disk is busy with a sync, ends in all likelihood; an error may last.
    const memoryOctets = this.#options.memoryOctets * (this.#trouble === null ? SLOW_WRITE_FACTOR : 1);
    const bound = memoryOctets - (this.#batch?.bytes.length ?? 0);
    while (this.#chunkOctets > bound && this.#chunks.length > 1) this.#dropped += this.#takeChunk().lines;
  }

  #takeChunk(): Chunk {
    const chunk = this.#chunks.shift();
    assert(chunk !== undefined, 'there is a chunk');
    this.#chunkOctets -= chunk.text.length;
    return chunk;
  }

  /** Several chunks at once when they have piled up, so that the file is caught up with. */
  #takeBatch(): Batch {
    const octetsMax = CHUNKS_PER_WRITE * this.#options.chunkOctets;
    let { number, text, lines } = this.#takeChunk();
    while (this.#chunks.length > 0 && text.length + this.#chunks[0]!.text.length <= octetsMax) {
      const next = this.#takeChunk();
      number = next.number;
      text += next.text;
      lines += next.lines;
    }
    return { number, bytes: Buffer.from(text, 'latin1'), lines, written: 0 };
  }

  readonly #gatherTimeUp = (): void => {
    this.#timer = null;
    this.#endChunk();
    this.#startWriting(true);
  };

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** @param despiteTrouble the time for another try has come, or the file is another one */
  #startWriting(despiteTrouble = false): void {
    if (this.#run !== null || (this.#trouble !== null && !despiteTrouble)) return;
    this.#stopTimer();
    if (this.#batch === null && this.#chunks.length === 0) return;
    this.#run = this.#writeAll().finally(() => {
      this.#run = null;
      this.#succeed();
      if (this.#trouble === null && this.#chunks.length > 0) this.#startWriting();
      else if (this.#isClosed) return;
      else if (this.#trouble !== null) this.#timer = setTimeout(this.#gatherTimeUp, this.#options.retryMs).unref();
      else if (this.#gathered !== '') this.#timer = setTimeout(this.#gatherTimeUp, this.#options.gatherMs);
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#batch !== null || this.#chunks.length > 0) {
      this.#succeed();
      this.#batch ??= this.#takeBatch();
      const batch = this.#batch;
      const trouble = await this.#append(batch);
      if (trouble !== null) {
        this.#enterTrouble(trouble);
        return;
      }
      this.#batch = null;
      this.#leaveTrouble();
      this.#release(this.#chunks.length === 0 ? this.#lastNumber : batch.number);
    }
  }

  /** @returns the code of the error, or null when the file has taken it all */
  #append(batch: Batch): Promise<string | null> {
    return new Promise((resolve) => {
      const writeRest = (): void => {
        this.#options.files.append(this.#file, batch.bytes.subarray(batch.written), (error, octets) => {
          if (error !== null) return resolve(systemErrorText(error, 'write'));
          batch.written += octets;
          if (batch.written === batch.bytes.length) resolve(null);
          else if (octets === 0) resolve('ENOSPC');
          else writeRest();
        });
      };
      writeRest();
    });
  }

  #enterTrouble(code: string): void {
    const isNew = this.#trouble === null;
    this.#trouble = code;
    this.#release(this.#lastNumber);
    const megabytes = this.#options.memoryOctets / 2 ** 20;
    if (isNew) {
      this.#options.report(
        `${this.#options.label}: ${code}; lines are kept in memory up to ${megabytes} MB and tried again until it can be written`,
      );
    }
  }

  #leaveTrouble(): void {
    if (this.#trouble === null && this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#trouble = null;
    this.#dropped = 0;
    const loss = dropped === 0 ? 'no line was lost' : `${countOfLines(dropped)} lost`;
    this.#options.report(`${this.#options.label}: can be written again; ${loss}`);
  }

  /** Those who wait for a chunk up to that one go on. */
  #release(number: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.number <= number) this.#waiting.shift()!.done();
  }
}

function countOfLines(count: number): string {
  return count === 1 ? '1 line is' : `${count} lines are`;
}
