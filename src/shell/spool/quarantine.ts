// Keeps bytes that cannot be read as records, for the operator to look at. Nothing is ever deleted here.
import { join } from 'node:path';
import { type Disk, withFile, writeAll } from './disk.ts';

const DIRECTORY = 'quarantine';

export class Quarantine {
  readonly #disk: Disk;
  readonly #spoolDirectory: string;
  readonly #directory: string;
  #isMade = false;

  constructor(disk: Disk, spoolDirectory: string) {
    this.#disk = disk;
    this.#spoolDirectory = spoolDirectory;
    this.#directory = join(spoolDirectory, DIRECTORY);
  }

  /** @returns the file, and whether it is new; rejects when the bytes could not be made safe */
  async keep(name: string, bytes: Buffer): Promise<{ readonly file: string; readonly isNew: boolean }> {
    if (!this.#isMade) {
      await this.#disk.makeDirectory(this.#directory);
      await this.#disk.syncDirectory(this.#spoolDirectory);
      this.#isMade = true;
    }
    const path = join(this.#directory, name);
    const isNew = await withFile(this.#disk, path, 'write', async (file) => {
      // Found again after a restart: it was reported, unless that run did not get to its end.
      if ((await this.#disk.size(file)) === bytes.length) return false;
      await writeAll(this.#disk, file, [bytes], 0);
      await this.#disk.sync(file);
      return true;
    });
    if (isNew) await this.#disk.syncDirectory(this.#directory);
    return { file: path, isNew };
  }
}
