// The file with the id of the process. That it cannot be written stops nothing.
import { unlinkSync, writeFileSync } from 'node:fs';
import { systemErrorText } from '../core/base/system-error.ts';

export class PidFile {
  #path: string | null = null;

  /** @returns why not, or null */
  write(path: string): string | null {
    try {
      writeFileSync(path, `${process.pid}\n`);
    } catch (error) {
      return `pidfile: ${path}: ${systemErrorText(error, 'write')}; not written`;
    }
    this.#path = path;
    return null;
  }

  /** Only what was written. */
  remove(): void {
    if (this.#path === null) return;
    try {
      unlinkSync(this.#path);
    } catch {
      // Somebody was faster.
    }
  }
}
