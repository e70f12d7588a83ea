// Follows include and readonly_include: one list of items out of many files, as if they were one text.
import { parseText } from './parser.ts';
import type { Findings } from './problem.ts';
import { formatPosition, type ReadSource, type SourcePosition } from './source.ts';
import type { ItemSyntax, StanzaSyntax } from './syntax.ts';

/** Bounds for a configuration that includes itself in ways a check of names does not see (links, doubling). */
const MAX_DEPTH = 32;
const MAX_FILES = 65536;

/** Items with nothing left to include. */
export type ResolvedItem = Exclude<ItemSyntax, { kind: 'include' }>;

/** @param searchPath directories in which a relative name is looked for after that of the including file */
export function readWithIncludes(
  path: string,
  readSource: ReadSource,
  findings: Findings,
  searchPath: readonly string[] = [],
): ResolvedItem[] {
  return new Includer(readSource, findings, searchPath).readMain(path);
}

class Includer {
  readonly #readSource: ReadSource;
  readonly #findings: Findings;
  readonly #searchPath: readonly string[];
  #files = 0;

  constructor(readSource: ReadSource, findings: Findings, searchPath: readonly string[]) {
    this.#readSource = readSource;
    this.#findings = findings;
    this.#searchPath = searchPath;
  }

  readMain(path: string): ResolvedItem[] {
    const source = this.#readSource(path);
    if ('text' in source) return this.#readText(path, source.text, [path]);
    const found = 'problem' in source ? source.problem : 'a directory';
    const at = { file: path, line: 0, column: 0 };
    const expected = 'a file that can be read';
    this.#findings.problem({ at, subject: 'configuration', found, expected, isUnreadable: true });
    return [];
  }

  #readText(path: string, text: string, open: readonly string[]): ResolvedItem[] {
    return this.#follow(parseText(path, text, this.#findings), open);
  }

  /** @param open the files that are being read, the innermost last */
  #follow(items: readonly ItemSyntax[], open: readonly string[]): ResolvedItem[] {
    if (!items.some(holdsInclude)) return items as ResolvedItem[]; // most stanzas, as they are
    return items.flatMap((item): ResolvedItem[] => {
      if (item.kind === 'assignment') return [item];
      if (item.kind === 'stanza') return [{ ...item, items: this.#follow(item.items, open) } satisfies StanzaSyntax];
      return this.#include(item.path.text, item.path.at, open);
    });
  }

  #include(name: string, at: SourcePosition, open: readonly string[]): ResolvedItem[] {
    const problem = (found: string, expected: string): [] => {
      this.#findings.problem({ at, subject: `include "${name}"`, found, expected });
      return [];
    };
    if (name.includes('://')) return problem('an address', 'a file or a directory');
    const candidates = name.startsWith('/')
      ? [name]
      : [directoryOf(open.at(-1)!), ...this.#searchPath].map((directory) => joinPath(directory, name));
    let missing = '';
    for (const path of candidates) {
      const source = this.#readSource(path);
      if ('problem' in source) {
        missing ||= source.problem;
        continue;
      }
      if ('text' in source) return this.#open(path, source.text, at, open);
      const names = source.directory.filter((entry) => !entry.startsWith('.')).sort(byteOrder);
      return names.flatMap((entry) => {
        const inner = this.#readSource(joinPath(path, entry));
        if ('text' in inner) return this.#open(joinPath(path, entry), inner.text, at, open);
        return 'problem' in inner ? problem(`${entry}: ${inner.problem}`, 'files that can be read') : [];
      });
    }
    return problem(missing, 'a file or a directory that can be read');
  }

  #open(path: string, text: string, at: SourcePosition, open: readonly string[]): ResolvedItem[] {
    const again = open.includes(path);
    this.#files += 1;
    if (again || open.length > MAX_DEPTH || this.#files > MAX_FILES) {
      const found = again ? `the file that is being read (from ${formatPosition(at)})` : 'too many files';
      const expected = again ? 'no file that includes itself' : `at most ${MAX_FILES} files, ${MAX_DEPTH} deep`;
      this.#findings.problem({ at, subject: `include "${path}"`, found, expected });
      return [];
    }
    return this.#readText(path, text, [...open, path]);
  }
}

function holdsInclude(item: ItemSyntax): boolean {
  return item.kind === 'include' || (item.kind === 'stanza' && item.items.some(holdsInclude));
}

function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash);
}

/** With `.` and `..` taken out, so that one file has one name. */
function joinPath(directory: string, name: string): string {
  const rooted = directory.startsWith('/');
  const parts: string[] = [];
  for (const part of `${directory}/${name}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !rooted) parts.push(part);
  }
  return `${rooted ? '/' : ''}${parts.join('/')}`;
}
