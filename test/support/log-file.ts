// A log file of a running server, read line by line as it grows.
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Waits for lines that another process appends. The file may appear late, be renamed, and appear anew. */
export class LogFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The complete lines that stand in it now; none when there is no file. */
  lines(): string[] {
    try {
      return readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Waits until at least `count` lines are `wanted`. @returns them */
  async waitFor(wanted: (line: string) => boolean, count = 1): Promise<string[]> {
    let found: string[] = [];
    await this.waitUntil(() => {
      found = this.lines().filter(wanted);
      return found.length >= count;
    });
    return found;
  }

  /** Waits until `isMet`, which is asked whenever something happens to the files of this directory. */
  async waitUntil(isMet: () => boolean): Promise<void> {
    // The directory is watched, so that a file that appears later is seen, and before the first look, so that no line
    // falls in between.
    let watcher: FSWatcher | undefined;
    let wake = (): void => {};
    try {
      watcher = watch(dirname(this.path), { persistent: false }, () => wake()); // a test that failed does not wait on
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (isMet()) return;
        await changed;
      }
    } finally {
      watcher?.close();
    }
  }
}
