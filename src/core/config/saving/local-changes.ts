// `local_changes_file`: the file that takes changes of the console, read after everything else wherever it is named.
import { type ResolvedItem, readWithIncludes } from '../include.ts';
import { localChangesFile, localChangesOnly } from '../options/server-options.ts';
import type { Findings } from '../problem.ts';
import type { ConfigSources, SourceRead } from '../provenance.ts';
import type { ReadSource, SourcePosition } from '../source.ts';
import type { Stanza } from '../stanza.ts';

interface LocalChanges {
  readonly items: readonly ResolvedItem[];
  readonly source: ConfigSources['localChanges'];
}

/** @param reads of the main file and all it includes @param instead read last, whatever the text names; null for none */
export function readLocalChanges(
  mainFile: string,
  items: readonly ResolvedItem[],
  reads: readonly SourceRead[],
  readSource: ReadSource,
  findings: Findings,
  instead?: string | null,
): LocalChanges {
  const named = lastNamed(items);
  const name = instead === undefined ? named?.path : instead;
  if (name === undefined || name === null || name.trim() === '') return { items: [], source: null };
  const path = localChangesPath(mainFile, name);
  const at = named?.at ?? { file: mainFile, line: 0, column: 0 };
  const subject = localChangesFile.name;
  const first = reads.find((read) => read.path === path && 'text' in read.source);
  if (first !== undefined || path === mainFile) {
    const expected = 'a file that nothing else reads';
    findings.problem({ at, subject, found: `"${name}", which is part of the configuration`, expected });
    return { items: [], source: null };
  }
  const found = readSource(path);
  if ('problem' in found && found.isMissing === true) {
    return { items: [], source: { path, reads: [{ path, source: found }] } };
  }
  if (!('text' in found)) {
    const what = 'problem' in found ? found.problem : 'a directory';
    findings.problem({ at, subject, found: `"${name}": ${what}`, expected: 'a file that can be read, or none yet' });
    return { items: [], source: null };
  }
  const localReads: SourceRead[] = [];
  const recorded: ReadSource = (wanted) => {
    const source = wanted === path ? found : readSource(wanted);
    localReads.push({ path: wanted, source });
    return source;
  };
  return { items: readWithIncludes(path, recorded, findings), source: { path, reads: localReads } };
}

/** A relative name is looked for beside the main file. */
export function localChangesPath(mainFile: string, name: string): string {
  const slash = mainFile.lastIndexOf('/');
  return name.startsWith('/') || slash < 0 ? name : `${mainFile.slice(0, slash)}/${name}`;
}

function lastNamed(items: readonly ResolvedItem[]): { path: string; at: SourcePosition } | null {
  let last: { path: string; at: SourcePosition } | null = null;
  for (const item of items) {
    if (item.kind !== 'assignment' || item.name.text.toLowerCase() !== localChangesFile.name) continue;
    if (item.value.kind === 'word') last = { path: item.value.text, at: item.name.at };
  }
  return last;
}

/** Where all changes are to go must be known. */
export function checkLocalChanges(root: Stanza, findings: Findings): void {
  const only = root.settings.get(localChangesOnly.name);
  if (only?.value !== true || root.settings.has(localChangesFile.name)) return;
  const found = `true without ${localChangesFile.name}`;
  findings.problem({ at: only.at, subject: localChangesOnly.name, found, expected: 'the name of that file beside it' });
}
