// Writing run-time changes back into the texts they belong to: which file takes what (docs/console.md, "Saving
// changes"). Compares the running configuration with what its texts say, plans the smallest edits of the texts that
// make them say the same, and reads the result to be sure of it. Reads and writes no files itself.
import type { Configuration } from '../configuration.ts';
import { firstDifference } from '../findings/tree-difference.ts';
import { type LoadResult, loadConfiguration } from '../load.ts';
import { localChangesFile, localChangesOnly } from '../options/server-options.ts';
import { formatProblem } from '../problem.ts';
import type { ConfigSources } from '../provenance.ts';
import type { ReadSource, Source } from '../source.ts';
import { localChangesPath } from './local-changes.ts';
import { type Destinations, WriteBackEdits } from './write-back-edits.ts';
import { Written, type WrittenFile } from './written.ts';

/** A text that changes. */
export interface PlannedFile {
  readonly path: string;
  /** Null for a file that does not exist yet. */
  readonly before: string | null;
  readonly after: string;
}

export type WriteBackPlan =
  | {
      readonly kind: 'plan';
      readonly files: readonly PlannedFile[];
      /** What no file takes, as configuration text; null when there is nothing of the kind. */
      readonly virtual: string | null;
      /** Why something stays unsaved, a line each. */
      readonly unsaved: readonly string[];
      /** What the texts say when all of it is written. */
      readonly result: Configuration;
    }
  | { readonly kind: 'problem'; readonly reason: string };

export interface ConfigurationFiles {
  /** What stands at a path now; asked only for a local changes file that was not loaded. */
  readonly read: ReadSource;
  canWrite(path: string): boolean;
  /** The same for two names of one file. */
  realPath(path: string): string;
}

/** Each change in the file that documentation gives it to. */
export function planWriteBack(running: Configuration, files: ConfigurationFiles): WriteBackPlan {
  const { sources } = running.provenance;
  const local = localChangesOf(running, sources, files.read);
  if (local.kind === 'problem') return local;
  const { localChanges } = local;
  const takesLocal = localChanges !== null && files.canWrite(localChanges.path);
  const onlyLocal = running.value(localChangesOnly);
  return plan(running, { ...sources, localChanges }, (written) => {
    const writable = writableFiles([...written.files.values()], files);
    const isWritable = (file: WrittenFile): boolean => writable.has(file);
    const main = written.files.get(sources.path);
    const fallback = localChanges === null && main !== undefined && isWritable(main) ? main : null;
    return {
      isWritable: (file) => isWritable(file) && (!onlyLocal || file.isLocalChanges),
      isWritableForItsName: (file) => isWritable(file) && !file.isLocalChanges,
      rest: takesLocal ? (written.files.get(localChanges.path) ?? null) : fallback,
    };
  });
}

/** Asked once for each file: it takes a look at the system. Two names of one file are one file that is read twice. */
function writableFiles(all: readonly WrittenFile[], files: ConfigurationFiles): ReadonlySet<WrittenFile> {
  const reads = new Map<string, number>();
  for (const { path } of all) {
    const real = files.realPath(path);
    reads.set(real, (reads.get(real) ?? 0) + 1);
  }
  return new Set(
    all.filter(({ path, isReadOnly }) => !isReadOnly && reads.get(files.realPath(path)) === 1 && files.canWrite(path)),
  );
}

/** Each change in the main file, for a copy of it that stands for the running configuration. */
export function planMainFile(running: Configuration): WriteBackPlan {
  const { sources } = running.provenance;
  return plan(running, sources, (written) => {
    const isMain = (file: WrittenFile): boolean => file.path === sources.path;
    return { isWritable: isMain, isWritableForItsName: isMain, rest: written.files.get(sources.path) ?? null };
  });
}

function plan(
  running: Configuration,
  sources: ConfigSources,
  destinationsOf: (written: Written) => Destinations,
): WriteBackPlan {
  const asWritten = loadAgain(sources, new Map());
  if (asWritten.kind === 'problems') return unreadable(asWritten);
  const written = new Written(sources, asWritten.configuration.root);
  const edits = new WriteBackEdits(written, destinationsOf(written));
  edits.compare(running.root, asWritten.configuration.root);
  const { files, virtual, unsaved } = edits.result();
  const result = loadAgain(sources, new Map(files.map(({ path, after }) => [path, { text: after }])));
  if (result.kind === 'problems') return unreadable(result);
  const difference = firstDifference(running.root, result.configuration.root);
  if (difference !== null && virtual === null && unsaved.length === 0)
    return { kind: 'problem', reason: `${difference} would not read back as it is now` };
  return { kind: 'plan', files, virtual, unsaved, result: result.configuration };
}

/** Loads the texts that were loaded, some of them replaced. */
function loadAgain(sources: ConfigSources, replaced: ReadonlyMap<string, Source>): LoadResult {
  const reads = [...sources.reads, ...(sources.localChanges?.reads ?? [])];
  const sourcesByPath = new Map(reads.map(({ path, source }) => [path, source]));
  const read: ReadSource = (path) =>
    replaced.get(path) ?? sourcesByPath.get(path) ?? { problem: 'no such file', isMissing: true };
  return loadConfiguration(sources.path, read, { localChangesFile: sources.localChanges?.path ?? null });
}

function unreadable({ problems }: Extract<LoadResult, { kind: 'problems' }>): WriteBackPlan {
  return { kind: 'problem', reason: problems.map(formatProblem).join('\n') };
}

/** The local changes file of the running configuration, which may be another than the one that was loaded. */
function localChangesOf(
  running: Configuration,
  sources: ConfigSources,
  read: ReadSource,
):
  | { readonly kind: 'known'; readonly localChanges: ConfigSources['localChanges'] }
  | { readonly kind: 'problem'; readonly reason: string } {
  const name = running.value(localChangesFile);
  if (name === null) return { kind: 'known', localChanges: null };
  const path = localChangesPath(sources.path, name);
  if (sources.localChanges?.path === path) return { kind: 'known', localChanges: sources.localChanges };
  const source = read(path);
  const isUnused = 'text' in source ? source.text.trim() === '' : 'problem' in source && source.isMissing === true;
  if (isUnused) return { kind: 'known', localChanges: { path, reads: [{ path, source }] } };
  const reason = `local_changes_file: ${path} holds text that is not part of the running configuration; name another file, or empty it`;
  return { kind: 'problem', reason };
}
