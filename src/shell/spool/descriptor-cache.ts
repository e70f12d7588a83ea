// Open descriptors of files that are used again and again, the least recently used ones closed beyond a bound: a backlog
// of thousands of segments must not use up the process's descriptors.
import { type Disk, type OpenMode, reasonOf } from './disk.ts';

interface Descriptor {
  readonly opening: Promise<number>;
  users: number;
  /** Closed when its last user gives it back. */
  isForgotten: boolean;
}

export class DescriptorCache {
  readonly #disk: Disk;
  readonly #mode: OpenMode;
  readonly #idleMax: number;
  /** In order of use, the latest last. */
  readonly #byPath = new Map<string, Descriptor>();
  readonly #closing = new Set<Promise<unknown>>();

  constructor(disk: Disk, mode: OpenMode, idleMax: number) {
    this.#disk = disk;
    this.#mode = mode;
    this.#idleMax = idleMax;
  }

  /** Lends the descriptor of a file to `use`. */
  async lend<T>(path: string, use: (file: number) => Promise<T>): Promise<T> {
    let descriptor = this.#byPath.get(path);
    if (descriptor === undefined)
      descriptor = { opening: this.#disk.open(path, this.#mode), users: 0, isForgotten: false };
    else this.#byPath.delete(path);
    this.#byPath.set(path, descriptor);
    descriptor.users += 1;
    try {
      return await use(await descriptor.opening);
    } catch (error) {
      // Whatever went wrong, the next use starts with a descriptor that did not see it.
      this.forget(path, descriptor);
      throw error;
    } finally {
      descriptor.users -= 1;
      if (descriptor.isForgotten && descriptor.users === 0) this.#close(descriptor);
      this.#closeIdle();
    }
  }

  /** The file at `path` is gone or will be another one. */
  forget(path: string, only?: Descriptor): void {
    const descriptor = this.#byPath.get(path);
    if (descriptor === undefined || (only !== undefined && only !== descriptor)) return;
    this.#byPath.delete(path);
    descriptor.isForgotten = true;
    if (descriptor.users === 0) this.#close(descriptor);
  }

  /** Closes everything. What is still in use is closed as it is given back. */
  async close(): Promise<void> {
    for (const path of [...this.#byPath.keys()]) this.forget(path);
    await Promise.all(this.#closing);
  }

  #closeIdle(): void {
    if (this.#byPath.size <= this.#idleMax) return;
    for (const [path, { users }] of this.#byPath) {
      if (this.#byPath.size <= this.#idleMax) return;
      if (users === 0) this.forget(path);
    }
  }

  #close(descriptor: Descriptor): void {
    const closing = descriptor.opening
      .then((file) => this.#disk.close(file))
      .catch(reasonOf) // synced before, if it matters; a failed opening was answered to its user
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
