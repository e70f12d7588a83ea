// The file of the limit audit: a log file that knows how it ended before this process opened it, and that cuts its lines
// between two files where it is told to. What the lines say is not its business.

import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemErrorText } from '../../core/base/system-error.ts';
import { type AppendFiles, systemFiles } from './append-files.ts';
import { LogFile } from './log-file.ts';

export interface AuditFileOptions {
  readonly path: string;
  /** Permissions when the file is created. */
  readonly mode: number;
  /** One line for the operator: the file cannot be written, or can again. */
  readonly report: (text: string) => void;
  readonly files?: AppendFiles;
}

export type OpenedAuditFile =
  | { readonly kind: 'open'; readonly file: AuditFile }
  /** Names the option and the path. */
  | { readonly kind: 'problem'; readonly problem: string };

const GATHER_MS = 10;
const RETRY_MS = 1000;
const CHUNK_OCTETS = 2 ** 16;
const MEMORY_OCTETS = 2 ** 23;
/** How much of the end of a file is looked at; a line is far shorter. */
const TAIL_OCTETS = 2 ** 20;
/** Lines that wait for a file to be opened; an open that takes so long has gone wrong. */
const HELD_OCTETS_MAX = 2 ** 26;

/** Creates directories and the file where they are missing. */
export async function openAuditFile(options: AuditFileOptions): Promise<OpenedAuditFile> {
  const { mode, report, files = systemFiles } = options;
  const path = resolve(options.path);
  const label = `limit_audit_log: ${path}`;
  try {
    await files.makeDirectory(dirname(path));
    const log = await LogFile.open({
      files,
      label,
      path,
      mode,
      gatherMs: GATHER_MS,
      retryMs: RETRY_MS,
      chunkOctets: CHUNK_OCTETS,
      memoryOctets: MEMORY_OCTETS,
      report,
    });
    try {
      return { kind: 'open', file: new AuditFile(log, await readTail(path), label, report) };
    } catch (error) {
      await log.close();
      throw error;
    }
  } catch (error) {
    return {
      kind: 'problem',
      problem: `${label}: ${systemErrorText(error, 'write')}; expected a file that this process can read and append to`,
    };
  }
}

/** The last octets of a file as Latin-1. */
async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_OCTETS);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

export class AuditFile {
  /** The end of what stood in it when it was opened. */
  readonly tail: string;
  readonly #log: LogFile;
  readonly #label: string;
  readonly #report: (text: string) => void;
  /** A line was cut off by an unclean stop: it gets its end before another begins. */
  #endsInside: boolean;
  /** Lines that must not be in the file yet. */
  #held: string[] | null = null;
  #heldOctets = 0;

  /** For {@link openAuditFile}. */
  constructor(log: LogFile, tail: string, label: string, report: (text: string) => void) {
    this.#log = log;
    this.tail = tail;
    this.#label = label;
    this.#report = report;
    this.#endsInside = tail !== '' && !tail.endsWith('\n');
  }

  /** @param line octets as Latin-1, without a line end */
  write(line: string): void {
    if (this.#held !== null) this.#hold(line);
    else this.#push(line);
  }

  /** Lines wait from now on, until {@link release}. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    for (const line of this.#held ?? []) this.#push(line);
    this.#held = null;
    this.#heldOctets = 0;
  }

  /** See LogFile.reopen. @returns what went wrong */
  reopen(): Promise<string | null> {
    return this.#log.reopen();
  }

  get isPending(): boolean {
    return this.#log.isPending;
  }

  /** See LogFile.flush. */
  flush(): Promise<void> {
    return this.#log.flush();
  }

  async close(): Promise<void> {
    this.release();
    await this.#log.close();
  }

  #push(line: string): void {
    if (this.#endsInside) this.#log.push('');
    this.#endsInside = false;
    this.#log.push(line);
  }

  #hold(line: string): void {
    if (this.#heldOctets > HELD_OCTETS_MAX) {
      this.#report(`${this.#label}: cannot be opened again for too long; lines are lost`);
      return;
    }
    this.#heldOctets += line.length;
    this.#held!.push(line);
  }
}
