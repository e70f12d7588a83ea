// The RecordLog port over files, for every ec_logger stanza. Lines are handed over without waiting; `flush` is for
// those who must not go on before they are written.

import { dirname, resolve } from 'node:path';
import { assert } from '../../core/base/assert.ts';
import { type WallMs, wallMs } from '../../core/base/moment.ts';
import { utf8Octets } from '../../core/base/octets.ts';
import { systemErrorText } from '../../core/base/system-error.ts';
import type { PanicLine } from '../../core/console/server-view.ts';
import type { PanicLevel } from '../../core/records/panic-record.ts';
import type { RecordLog } from '../../engine/ports.ts';
import { type AppendFiles, systemFiles } from './append-files.ts';
import { LogFile } from './log-file.ts';
import type { LineForms, LoggerFiles, OtherLog } from './logger-files.ts';
import { PanicMemory } from './panic-memory.ts';

export interface LogsOptions {
  readonly loggers: readonly LoggerFiles[];
  readonly others?: readonly OtherLog[];
  readonly forms: LineForms;
  /** One line for stderr: a log cannot be written, or can again. The same goes to paniclog. */
  readonly onProblem: (text: string) => void;
  readonly files?: AppendFiles;
  readonly now?: () => WallMs;
  /** See LogFileOptions. */
  readonly gatherMs?: number;
  readonly retryMs?: number;
  readonly chunkOctets?: number;
  readonly memoryOctets?: number;
}

export type OpenedLogs =
  | { readonly kind: 'open'; readonly logs: Logs }
  /** Each names the stanza, the option and the path. Nothing is left open. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Creates directories and files where they are missing. */
export async function openLogs(options: LogsOptions): Promise<OpenedLogs> {
  const logs = new Logs(options);
  const problems = await logs.open();
  if (problems.length === 0) return { kind: 'open', logs };
  await logs.close();
  return { kind: 'problems', problems };
}

type Option = 'mainlog' | 'rejectlog' | 'paniclog';
type Switch = { [Name in keyof LoggerFiles]: LoggerFiles[Name] extends boolean ? Name : never }[keyof LoggerFiles];

/** A stanza with its files. Stanzas that name one path share the file, and it gets every line once. */
interface Logger {
  readonly settings: LoggerFiles;
  readonly files: Readonly<Record<Option, LogFile>>;
}

const WRITTEN: Promise<void> = Promise.resolve();

export class Logs implements RecordLog {
  readonly #options: LogsOptions;
  readonly #now: () => WallMs;
  readonly #filesByPath = new Map<string, LogFile>();
  readonly #loggers: Logger[] = [];
  readonly #heartbeats: NodeJS.Timeout[] = [];
  readonly #panicMemory = new PanicMemory();
  /** Where records go by their type, the one character of field 4. */
  readonly #mainFilesByType = new Map<string, readonly LogFile[]>();
  /** All types go to these; null when some stanza leaves some type out. */
  #mainFiles: readonly LogFile[] | null = null;
  #rejectFiles: readonly LogFile[] = [];
  #panicFiles: readonly LogFile[] = [];
  readonly #otherFilesByKey = new Map<string, LogFile[]>();
  #isClosed = false;

  /** For {@link openLogs}. */
  constructor(options: LogsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => wallMs(Date.now()));
  }

  /** @returns why not; empty when everything is open */
  async open(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const settings of this.#options.loggers) {
      const stanza = `ec_logger "${settings.name}"`;
      const mainlog = await this.#openFile(`${stanza}: mainlog`, settings.mainlog, settings.mainlogMode, problems);
      const rejectlog = await this.#openFile(
        `${stanza}: rejectlog`,
        settings.rejectlog,
        settings.rejectlogMode,
        problems,
      );
      const paniclog = await this.#openFile(`${stanza}: paniclog`, settings.paniclog, settings.paniclogMode, problems);
      if (mainlog === null || rejectlog === null || paniclog === null) continue;
      this.#loggers.push({ settings, files: { mainlog, rejectlog, paniclog } });
    }
    for (const { key, label, path, mode } of this.#options.others ?? []) {
      const file = await this.#openFile(label, path, mode, problems);
      const files = this.#otherFilesByKey.get(key) ?? [];
      if (file !== null && !files.includes(file)) this.#otherFilesByKey.set(key, [...files, file]);
    }
    if (problems.length > 0) return problems;
    const typeSwitches = [
      ['R', 'logReceptions'],
      ['D', 'logDeliveries'],
      ['T', 'logTransientFailures'],
      ['P', 'logPermanentFailures'],
    ] as const;
    for (const [type, name] of typeSwitches) this.#mainFilesByType.set(type, this.#filesWith(name, 'mainlog'));
    const isAllWanted = typeSwitches.every(([, name]) => this.#loggers.every(({ settings }) => settings[name]));
    if (isAllWanted) this.#mainFiles = this.#filesWith('logReceptions', 'mainlog');
    this.#rejectFiles = this.#filesWith('logRejections', 'rejectlog');
    this.#panicFiles = this.#filesWith('logErrors', 'paniclog');
    this.#startHeartbeats();
    return [];
  }

  /** A record of a reception, a delivery or a failure. */
  main(line: string): void {
    const files = this.#mainFiles ?? this.#mainFilesByType.get(typeOf(line));
    assert(files !== undefined, 'a main record is of a type that is switched on and off');
    for (const file of files) file.push(line);
  }

  reject(line: string): void {
    for (const file of this.#rejectFiles) file.push(line);
  }

  /** A line of one of `others`. */
  other(key: string, line: string): void {
    for (const file of this.#otherFilesByKey.get(key) ?? []) file.push(line);
  }

  /** The same text is written at most once a minute. After `close` it goes to `onProblem` only. */
  panic(level: PanicLevel, text: string): void {
    const line = this.#panicMemory.add({ at: this.#now(), level, text });
    if (line === null) return;
    if (this.#isClosed) this.#options.onProblem(line.text);
    else this.#writePanic(level, line);
  }

  /** The last ten lines of each level, oldest first. */
  paniclog(): readonly PanicLine[] {
    return this.#panicMemory.lines;
  }

  /**
   * Resolves when everything handed over so far is in its file. Files that cannot be written at present do not count
   * (see LogFile.flush). Costs next to nothing when nothing waits.
   */
  flush(): Promise<void> {
    let flushing: Promise<void>[] | null = null;
    for (const file of this.#filesByPath.values()) {
      if (!file.isPending) continue;
      flushing ??= [];
      flushing.push(file.flush());
    }
    return flushing === null ? WRITTEN : Promise.all(flushing).then(() => undefined);
  }

  /** For rotation: see LogFile.reopen. @returns what went wrong, a line per file */
  async reopen(): Promise<readonly string[]> {
    const problems = await Promise.all([...this.#filesByPath.values()].map((file) => file.reopen()));
    return problems.filter((problem) => problem !== null);
  }

  /** Writes what is left and closes the files. */
  async close(): Promise<void> {
    for (const heartbeat of this.#heartbeats) clearInterval(heartbeat);
    this.#isClosed = true;
    await Promise.all([...this.#filesByPath.values()].map((file) => file.close()));
  }

  /** @param option stanza and option that name the file */
  async #openFile(option: string, name: string, mode: number, problems: string[]): Promise<LogFile | null> {
    const path = resolve(name);
    const label = `${option}: ${path}`;
    const opened = this.#filesByPath.get(path);
    if (opened !== undefined) return opened;
    if (/^[a-z]+:\/\//i.test(name)) {
      problems.push(
        `${option}: found ${name}; expected the path of a file (jlog, cluster and syslog are not supported)`,
      );
      return null;
    }
    const { files = systemFiles, gatherMs = 10, retryMs = 1000 } = this.#options;
    const { chunkOctets = 2 ** 16, memoryOctets = 2 ** 23 } = this.#options;
    const report = (text: string): void => this.#reportTrouble(text);
    let part = 'its directory: ';
    try {
      await files.makeDirectory(dirname(path));
      part = '';
      const fileOptions = { files, label, path, mode, gatherMs, retryMs, chunkOctets, memoryOctets, report };
      const file = await LogFile.open(fileOptions);
      this.#filesByPath.set(path, file);
      return file;
    } catch (error) {
      problems.push(
        `${label}: ${part}${systemErrorText(error, 'write')}; expected a file that this process can append to`,
      );
      return null;
    }
  }

  #filesWith(name: Switch, option: Option): readonly LogFile[] {
    const wanted = this.#loggers.filter(({ settings }) => settings[name]);
    return [...new Set(wanted.map(({ files }) => files[option]))];
  }

  #startHeartbeats(): void {
    const { heartbeatRecord, rejectHeartbeat } = this.#options.forms;
    const beating = new Set<LogFile>();
    const start = (file: LogFile, seconds: number, lineAt: (at: WallMs) => string): void => {
      if (seconds === 0 || beating.has(file)) return;
      beating.add(file);
      const periodMs = Math.min(seconds * 1000, TIMER_MS_MAX);
      this.#heartbeats.push(setInterval(() => file.push(lineAt(this.#now())), periodMs).unref());
    };
    for (const { settings, files } of this.#loggers) {
      start(files.mainlog, settings.heartbeatSeconds, heartbeatRecord);
      start(files.rejectlog, settings.heartbeatSeconds, rejectHeartbeat);
    }
    for (const { key, heartbeatSeconds, heartbeat } of this.#options.others ?? []) {
      for (const file of this.#otherFilesByKey.get(key) ?? []) start(file, heartbeatSeconds, heartbeat);
    }
  }

  #writePanic(level: PanicLevel, line: PanicLine): void {
    const record = utf8Octets(this.#options.forms.panicRecord(line.at, level, line.text));
    for (const file of this.#panicFiles) file.push(record);
  }

  /** Of a log file: also to stderr, since paniclog may be that file. */
  #reportTrouble(text: string): void {
    const line = this.#panicMemory.add({ at: this.#now(), level: 'error', text });
    if (line === null) return;
    this.#options.onProblem(line.text);
    if (!this.#isClosed) this.#writePanic('error', line);
  }
}

/** Of Node's timers: 24.8 days. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Field 4 of a record; the ids before it hold no `@`. */
function typeOf(line: string): string {
  let start = 0;
  for (let field = 0; field < 4; field += 1) start = line.indexOf('@', start) + 1;
  return line.slice(start, start + 1);
}
