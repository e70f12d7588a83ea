// What the control thread asks of those who take and deliver mail: one shard in this thread (shard.ts), or
// several in threads of their own (shard-threads.ts).
import type { Configuration } from '../core/config/configuration.ts';
import type { PanicLine, ServerView } from '../core/console/server-view.ts';
import type { PanicLevel } from '../core/records/panic-record.ts';
import type { NamedFiles } from './load-for-server.ts';

/** Why a server does not start. */
export interface StartFailure {
  /** Exit status: 78 for what the configuration names and cannot be used, 1 for what is in use by another process. */
  readonly status: 1 | 78;
  readonly lines: readonly string[];
}

/** Another configuration that is ready: nothing but one of these is left to do. */
export interface PreparedChange {
  /** It is in force everywhere when this is done. */
  readonly commit: () => Promise<void>;
  readonly abandon: () => Promise<void>;
}

/** What they have of the machine. */
export interface MachineView {
  readonly descriptorLimit: number;
  /** Whether a local address can be used as a source on this machine now. */
  hasLocalAddress(address: string): boolean;
}

export interface Shards {
  readonly server: ServerView;
  readonly machine: MachineView;
  /** Where mail is taken, as address:port. */
  readonly places: readonly string[];
  readonly panicLines: readonly PanicLine[];
  /** A line for paniclog. */
  panic(level: PanicLevel, text: string): void;

  /** Opens the listeners. @returns why not, a line each */
  listen(): Promise<readonly string[]>;
  /** Lets mail out. */
  start(): void;
  /** Everything that can fail is done before anything changes. @returns why it cannot be put in force, a line each */
  prepare(configuration: Configuration, named: NamedFiles): Promise<PreparedChange | readonly string[]>;
  /** Reads the file of quiet hours anew. @returns why not, a line each; then nothing changed */
  reloadCurfew(): readonly string[] | Promise<readonly string[]>;
  /** For rotation. @returns what went wrong, a line per file */
  reopenLogs(): Promise<readonly string[]>;

  /** An orderly stop: no client is taken in, transactions end, connections are closed by QUIT. */
  comeToRest(): Promise<void>;
  /** Behind that: everything settled is on disk, and the files are closed. */
  close(): Promise<void>;
  /**
   * The end of patience: what is settled is made durable, connections are cut by the end of the process. The lock of the
   * spool stays, so that the next start waits before it opens connections.
   */
  abandon(): Promise<void>;
}
