// The RecordLog port of the engine: the logs in force, which a reload may replace by others.
import type { PanicLine } from '../core/console/server-view.ts';
import type { RecordLog } from '../engine/ports.ts';
import type { Logs } from '../shell/logs/logs.ts';

export class LogPort implements RecordLog {
  #logs: Logs;

  constructor(logs: Logs) {
    this.#logs = logs;
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

  panic(level: 'notice' | 'warning' | 'error' | 'critical', text: string): void {
    this.#logs.panic(level, text);
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
