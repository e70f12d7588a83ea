// What the `config` commands work on: the configuration in force, the ways to replace it, and the files it is kept in.
import type { WallMs } from '../base/moment.ts';
import type { Configuration } from '../config/configuration.ts';
import type { ConfigProblem, ConfigWarning } from '../config/problem.ts';
import type { ChangeAuthor } from '../config/provenance.ts';
import type { ReadSource } from '../config/source.ts';

/** What `config reload` brought about. With problems, nothing changed. */
export type ReloadResult =
  | { readonly kind: 'loaded'; readonly warnings: readonly ConfigWarning[] }
  | {
      readonly kind: 'problems';
      readonly problems: readonly ConfigProblem[];
      readonly warnings: readonly ConfigWarning[];
    };

/** The configuration in force and the ways to replace it. */
export interface ConfigHolder {
  current(): Configuration;
  /** What the server was started with, and still does as to options that take effect at a start; null without a server. */
  readonly started: Configuration | null;
  /**
   * Puts a changed configuration in force; a lowered limit holds when this is done.
   * @returns why it could not be (a log or an endpoint that does not open), a line each; then nothing changed
   */
  apply(configuration: Configuration): readonly string[] | Promise<readonly string[]>;
  /** Loads the file (null: the one the server was started with) and puts it in force. */
  reload(path: string | null, author: ChangeAuthor): ReloadResult | Promise<ReloadResult>;
  readonly clock: ConfigClock;
  readonly files: ConfigFiles;
  /** Null where it is not known on which machine the configuration is to be in force. */
  readonly machine: ConfigMachine | null;
}

/** What a configuration meets on its machine. */
export interface ConfigMachine {
  /** Name of the system, for when the option `hostname` is not set. */
  readonly hostname: string;
  /** What the machine lacks for it, a sentence each, the same for the same thing. */
  cautions(configuration: Configuration): readonly string[];
}

export interface ConfigClock {
  now(): WallMs;
  /** Local time minus UTC. */
  utcOffsetMinutes(at: WallMs): number;
}

export interface ConfigFiles {
  /** They are read and written by a server, wherever who asks may be: paths begin with `/`. */
  readonly isRemote?: true;
  readonly read: ReadSource;
  /** Whether the file can be replaced, or made where there is none. */
  canWrite(path: string): boolean;
  /** The same for two names of one file. */
  realPath(path: string): string;
  /** Replaces all of them or none. @returns why none was replaced, a line each */
  write(files: readonly FileToWrite[]): readonly string[] | Promise<readonly string[]>;
}

export interface FileToWrite {
  readonly path: string;
  /** What must stand there still: a text, nothing (null), or whatever it is (`any`). */
  readonly before: string | null | { readonly kind: 'any' };
  readonly text: string;
}
