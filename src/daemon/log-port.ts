// The RecordLog port of the engine: the logs in force, which a reload may replace by others.
import type { PanicLine } from '../core/console/server-view.ts';
import type { RecordLog } from '../engine/ports.ts';
import type { Logs } from '../shell/logs/logs.ts';

export type WritePanic = RecordLog['panic'];

export class LogPort implements RecordLog {
  #logs: Logs;
  /** Paniclog is written elsewhere. */
  readonly #panicElsewhere: WritePanic | null;

  constructor(logs: Logs, panicElsewhere: WritePanic | null = null) {
    this.#logs = logs;
    this.#panicElsewhere = panicElsewhere;
  }

  main(line: string): void {
    this.#logs.main(line);
  }

  reject(line: string): void {
    this.#logs.reject(line);
  }

  other(key: string, line: string): void {
    this.#logs.other(key, line);
  }

  panic(...[level, text]: Parameters<WritePanic>): void {
    if (this.#panicElsewhere === null) this.#logs.panic(level, text);
    else this.#panicElsewhere(level, text);
  }

  /** Everything handed over so far is in its file when this is done. */
  flush(): Promise<void> {
    return this.#logs.flush();
  }

  reopen(): Promise<readonly string[]> {
    return this.#logs.reopen();
  }

  get panicLines(): readonly PanicLine[] {
    return this.#logs.paniclog();
  }

  /** From now on lines go to `logs`; those handed over before are written where they belong. */
  async replace(logs: Logs): Promise<void> {
    const former = this.#logs;
    this.#logs = logs;
    await former.close();
  }

  close(): Promise<void> {
    return this.#logs.close();
  }
}
