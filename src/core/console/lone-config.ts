// A configuration that nobody else uses: the `config` commands without a server.
import { type WallMs, wallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import type { LoadOptions, LoadResult } from '../config/load.ts';
import type { ChangeAuthor } from '../config/provenance.ts';
import type { ConfigClock, ConfigFiles, ConfigHolder, ConfigMachine, ReloadResult } from './config-holder.ts';

/** Loads a file; null for the one that the configuration came from. */
export type LoadFile = (path: string | null, options: LoadOptions) => LoadResult;

export const NO_FILES: ConfigFiles = {
  read: () => ({ problem: 'no such file', isMissing: true }),
  canWrite: () => false,
  realPath: (path) => path,
  write: () => ['there are no files'],
};

const NO_TIME: ConfigClock = { now: (): WallMs => wallMs(0), utcOffsetMinutes: () => 0 };

export class LoneConfig implements ConfigHolder {
  readonly clock: ConfigClock;
  readonly files: ConfigFiles;
  readonly machine: ConfigMachine | null;
  readonly started = null;
  readonly #load: LoadFile;
  #configuration: Configuration;

  constructor(
    configuration: Configuration,
    load: LoadFile,
    files = NO_FILES,
    clock = NO_TIME,
    machine: ConfigMachine | null = null,
  ) {
    this.#configuration = configuration;
    this.#load = load;
    this.files = files;
    this.clock = clock;
    this.machine = machine;
  }

  current(): Configuration {
    return this.#configuration;
  }

  apply(configuration: Configuration): readonly string[] {
    this.#configuration = configuration;
    return [];
  }

  reload(path: string | null, author: ChangeAuthor): ReloadResult {
    const result = this.#load(path, { version: this.#configuration.version + 1, author });
    if (result.kind === 'loaded') this.#configuration = result.configuration;
    return result;
  }
}
