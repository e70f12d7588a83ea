// Where a configuration comes from: the texts it was read from, for writing changes back into them, and the changes that
// were made while it was in force, for those who ask who changed what.
import type { WallMs } from '../base/moment.ts';
import type { ScopeKind } from './scope.ts';
import type { Source } from './source.ts';

/** Who changed something, and when. */
export interface ChangeAuthor {
  readonly at: WallMs;
  /** The console session, such as `/tmp/2025 (session 3)`. */
  readonly by: string;
}

/** A change of the configuration in force. */
export interface RunTimeChange extends ChangeAuthor {
  /** The configuration that it brought into force. */
  readonly version: number;
  /** As it could be typed again: `config set max_outbound_connections = 5`, `config reload /etc/other.conf`. */
  readonly commands: readonly string[];
  /** What each of the commands was about; none for those of a reload. */
  readonly places: readonly ChangedPlace[];
}

/** The options that one command changed in a stanza; of a stanza that was taken out, all that stood in it and below. */
export interface ChangedPlace {
  /** From the outermost scope; empty for the global scope. */
  readonly path: readonly { readonly kind: ScopeKind; readonly name: string | null; readonly key: string }[];
  readonly options: ReadonlySet<string>;
  /** The stanza went with all below it, so that the options may have stood there. */
  readonly isWhole: boolean;
}

/** One answer that a load got when it asked for what stands at a path. */
export interface SourceRead {
  readonly path: string;
  readonly source: Source;
}

/** Everything a load read, in the order in which it did: each file is followed by what it includes. */
export interface ConfigSources {
  /** The main file. */
  readonly path: string;
  readonly reads: readonly SourceRead[];
  /** `local_changes_file`, which is read after everything else; null when none is named. */
  readonly localChanges: { readonly path: string; readonly reads: readonly SourceRead[] } | null;
}

export interface Provenance {
  readonly sources: ConfigSources;
  /** Changes since the configuration was loaded, the latest last; the oldest are forgotten beyond a thousand commands. */
  readonly changes: readonly RunTimeChange[];
  /** What brought the present values about; null for those of the start. Writing them back is no change of values. */
  readonly lastChange: RunTimeChange | null;
}

export const UNKNOWN_PROVENANCE: Provenance = {
  sources: { path: '', reads: [], localChanges: null },
  changes: [],
  lastChange: null,
};

/** Most commands that are remembered of all changes together, and most that one change may consist of. */
export const COMMANDS_MAX = 1000;

export function withRunTimeChange(provenance: Provenance, change: RunTimeChange): Provenance {
  const changes = [...provenance.changes, change];
  let commands = changes.reduce((sum, { commands: some }) => sum + some.length, 0);
  while (commands > COMMANDS_MAX && changes.length > 1) commands -= changes.shift()!.commands.length;
  return { ...provenance, changes, lastChange: change };
}
