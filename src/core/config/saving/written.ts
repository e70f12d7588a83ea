// What is written where: for every stanza and setting of a configuration as it was loaded, the files and places in them
// that make it. Follows the files in the order in which they were read.
import { assert } from '../../base/assert.ts';
import { findOption } from '../catalogue.ts';
import type { ConfigSources, SourceRead } from '../provenance.ts';
import type { Stanza } from '../stanza.ts';
import { readStanzaName } from '../stanza-name.ts';
import { type Extent, type OutlineAssignment, type OutlineItem, type OutlineStanza, outlineOf } from './outline.ts';

export interface WrittenFile {
  readonly path: string;
  /** Null for a local changes file that does not exist yet. */
  readonly text: string | null;
  /** It came by `readonly_include`, or is read more than once. */
  isReadOnly: boolean;
  readonly isLocalChanges: boolean;
}

export interface WrittenSetting {
  readonly file: WrittenFile;
  readonly item: OutlineAssignment;
  /** Rises in reading order. */
  readonly order: number;
}

/** One place at which a stanza is defined: between braces, or a whole file that is included in it. */
export interface WrittenBody {
  readonly file: WrittenFile;
  /** Null for a whole file. */
  readonly item: OutlineStanza | null;
  readonly body: Extent;
  readonly items: readonly OutlineItem[];
  /** Of its end, in reading order. */
  readonly order: number;
}

export class Written {
  /** In reading order; the local changes file is the last. */
  readonly files = new Map<string, WrittenFile>();
  readonly #bodies = new Map<Stanza, WrittenBody[]>();
  readonly #settings = new Map<Stanza, Map<string, WrittenSetting[]>>();
  #order = 0;

  /** @param root the configuration as it is loaded from `sources` */
  constructor(sources: ConfigSources, root: Stanza) {
    this.#readAll(sources.reads, root, false);
    if (sources.localChanges !== null) this.#readAll(sources.localChanges.reads, root, true);
  }

  /** In reading order. */
  bodiesOf(stanza: Stanza): readonly WrittenBody[] {
    return this.#bodies.get(stanza) ?? [];
  }

  /** In reading order: the last one is in force. */
  settingsOf(stanza: Stanza, option: string): readonly WrittenSetting[] {
    return this.#settings.get(stanza)?.get(option) ?? [];
  }

  #readAll(reads: readonly SourceRead[], root: Stanza, isLocalChanges: boolean): void {
    const [first] = reads;
    if (first === undefined) return;
    const rest = reads.values();
    rest.next();
    this.#readFile(first, rest, root, false, isLocalChanges);
  }

  /** @param rest what was read after it, which its includes take from */
  #readFile(
    { path, source }: SourceRead,
    rest: Iterator<SourceRead, unknown>,
    stanza: Stanza | null,
    isReadOnly: boolean,
    isLocalChanges: boolean,
  ): void {
    const text = 'text' in source ? source.text : null;
    const known = this.files.get(path);
    const file = known ?? { path, text, isReadOnly, isLocalChanges };
    if (known === undefined) this.files.set(path, file);
    else known.isReadOnly = true;
    const items = outlineOf(text ?? '');
    this.#follow(items, rest, stanza, file);
    this.#addBody(stanza, file, null, { start: 0, end: text?.length ?? 0 }, items);
  }

  #follow(
    items: readonly OutlineItem[],
    rest: Iterator<SourceRead, unknown>,
    stanza: Stanza | null,
    file: WrittenFile,
  ): void {
    for (const item of items) {
      if (item.kind === 'assignment') this.#addSetting(stanza, file, item);
      else if (item.kind === 'include') this.#include(rest, stanza, item.isReadOnly);
      else {
        const child = stanza && childWrittenAs(stanza, item);
        this.#follow(item.items, rest, child, file);
        this.#addBody(child, file, item, item.body, item.items);
      }
    }
  }

  /** Takes the answers that the load got for one include: places that hold nothing, then a file or a directory. */
  #include(rest: Iterator<SourceRead, unknown>, stanza: Stanza | null, isReadOnly: boolean): void {
    let read = nextRead(rest);
    while ('problem' in read.source) read = nextRead(rest);
    const { source } = read;
    if ('text' in source) {
      this.#readFile(read, rest, stanza, isReadOnly, false);
      return;
    }
    const names = source.directory.filter((name) => !name.startsWith('.'));
    for (const _ of names) {
      const inner = nextRead(rest);
      if ('text' in inner.source) this.#readFile(inner, rest, stanza, isReadOnly, false);
    }
  }

  #addSetting(stanza: Stanza | null, file: WrittenFile, item: OutlineAssignment): void {
    if (stanza === null) return;
    const option = findOption(stanza.kind.name, item.name.text)?.name ?? item.name.text.toLowerCase();
    const settings = this.#settings.get(stanza) ?? new Map<string, WrittenSetting[]>();
    this.#settings.set(stanza, settings);
    const places = settings.get(option) ?? [];
    settings.set(option, places);
    places.push({ file, item, order: ++this.#order });
  }

  #addBody(
    stanza: Stanza | null,
    file: WrittenFile,
    item: OutlineStanza | null,
    body: Extent,
    items: readonly OutlineItem[],
  ): void {
    if (stanza === null) return;
    const bodies = this.#bodies.get(stanza) ?? [];
    this.#bodies.set(stanza, bodies);
    bodies.push({ file, item, body, items, order: ++this.#order });
  }
}

function nextRead(rest: Iterator<SourceRead, unknown>): SourceRead {
  const next = rest.next();
  assert(next.done !== true, 'every include was read');
  return next.value;
}

/** The child that a stanza of the text is part of; null for one that was left out. */
function childWrittenAs(parent: Stanza, { scope, name }: OutlineStanza): Stanza | null {
  const siblings = parent.children.get(scope.text.toLowerCase())?.byKey;
  const [any] = siblings?.values() ?? [];
  if (siblings === undefined || any === undefined) return null;
  const read = readStanzaName(any.kind, name?.text ?? '');
  return read.kind === 'problem' ? null : (siblings.get(read.key) ?? null);
}
