// The edits that make texts say what the running configuration says: value for value, stanza for stanza.

import { isSameValue } from '../findings/tree-difference.ts';
import { localChangesFile } from '../options/server-options.ts';
import { type Children, formatPath, type Setting, type Stanza } from '../stanza.ts';
import { indent } from '../syntax.ts';
import { formatWritten } from '../value-type.ts';
import { Addition, formatSetInLine } from './addition.ts';
import { appended, editText, indentAt, insertedInBody, removal, replacement, type TextEdit } from './text-edit.ts';
import type { PlannedFile } from './write-back.ts';
import type { Written, WrittenBody, WrittenFile, WrittenSetting } from './written.ts';

export interface Destinations {
  isWritable(file: WrittenFile): boolean;
  /** For `local_changes_file` itself: in that file it would say nothing. */
  isWritableForItsName(file: WrittenFile): boolean;
  /** Takes what has no other place; null when there is no such file. */
  readonly rest: WrittenFile | null;
}

/** Longest list that is written in one line. */
const LIST_LENGTH_MAX = 100;

export class WriteBackEdits {
  readonly #written: Written;
  readonly #destinations: Destinations;
  readonly #editsByFile = new Map<WrittenFile, TextEdit[]>();
  readonly #additions = new Map<WrittenBody, Addition>();
  readonly #virtual = new Addition();
  readonly #unsaved: string[] = [];

  constructor(written: Written, destinations: Destinations) {
    this.#written = written;
    this.#destinations = destinations;
  }

  /** @param old what the texts say @param trail the stanzas around `old` from the outermost to `old` itself */
  compare(running: Stanza, old: Stanza, trail: readonly Stanza[] = [old]): void {
    for (const [name, setting] of running.settings) {
      const before = old.settings.get(name);
      if (before === undefined || !isSameValue(before, setting)) this.#put(setting, trail);
    }
    for (const [name, setting] of old.settings) if (!running.settings.has(name)) this.#takeOut(setting, old);
    for (const keyword of new Set([...old.children.keys(), ...running.children.keys()])) {
      const [before, now] = [old.children.get(keyword), running.children.get(keyword)];
      const rewritten = patternsToRewrite(now, before);
      for (const [key, child] of before?.byKey ?? [])
        if (rewritten.has(key) || now?.byKey.has(key) !== true) this.#remove(child);
      for (const [key, child] of now?.byKey ?? []) {
        const known = rewritten.has(key) ? undefined : before?.byKey.get(key);
        if (known === undefined) this.#placeFor(trail).addWhole(child);
        else this.compare(child, known, [...trail, known]);
      }
    }
  }

  result(): { files: readonly PlannedFile[]; virtual: string | null; unsaved: readonly string[] } {
    for (const [body, addition] of this.#additions) this.#edit(body.file, insertion(body, addition));
    const files = [...this.#editsByFile].map(([{ path, text }, edits]) => ({
      path,
      before: text,
      after: editText(text ?? '', edits),
    }));
    const virtual = this.#virtual.lines;
    return { files, virtual: virtual === '' ? null : virtual, unsaved: this.#unsaved };
  }

  /** A new or changed value. */
  #put(setting: Setting, trail: readonly Stanza[]): void {
    const stanza = trail.at(-1)!;
    const isName = setting.option.name === localChangesFile.name;
    const { isWritable, isWritableForItsName } = this.#destinations;
    const canTake = isName ? isWritableForItsName : isWritable;
    const last = this.#written.settingsOf(stanza, setting.option.name).at(-1);
    if (last !== undefined && canTake(last.file)) {
      this.#replace(last, setting);
      return;
    }
    const body = this.#firstPlace(stanza, canTake, last?.order ?? 0);
    if (body !== undefined) this.#additionAt(body).addSetting(setting);
    else if (isName) {
      this.#unsaved.push(`${setting.option.name}: no file can take it; write it into the main file by hand`);
    } else if (last !== undefined && !this.#restIsBehind(last, trail[0]!)) {
      this.#unsaved.push(`${nameOf(setting, stanza)}: ${placeOf(last)} comes last and cannot be written`);
    } else this.#placeFor(trail).addSetting(setting);
  }

  /** The first place of a stanza, in the first file that can take something, where it is read after `order`. */
  #firstPlace(stanza: Stanza, canTake: (file: WrittenFile) => boolean, order: number): WrittenBody | undefined {
    const places = this.#written.bodiesOf(stanza).filter((place) => canTake(place.file) && place.order > order);
    for (const file of this.#written.files.values()) {
      const place = places.find((candidate) => candidate.file === file);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #replace({ file, item }: WrittenSetting, setting: Setting): void {
    const text = file.text!;
    const { value, hasEquals } = item;
    const line = formatSetInLine(setting);
    const fits = line.length <= LIST_LENGTH_MAX && !text.slice(value.start, value.end).includes('\n');
    const isList = setting.syntax.kind !== 'word';
    const after = isList && !fits ? formatWritten(setting.option.type, setting.syntax) : line;
    this.#edit(file, replacement(text, value, after, !hasEquals && !isList));
  }

  #takeOut(setting: Setting, stanza: Stanza): void {
    const places = this.#written.settingsOf(stanza, setting.option.name);
    const fixed = places.find(({ file }) => !this.#destinations.isWritable(file));
    if (fixed !== undefined) {
      this.#unsaved.push(
        `${nameOf(setting, stanza)}: was unset, but is set at ${placeOf(fixed)}, which is not written`,
      );
      return;
    }
    for (const { file, item } of places) this.#edit(file, removal(file.text!, item.extent));
  }

  #remove(stanza: Stanza): void {
    const places = this.#written.bodiesOf(stanza).filter(({ item }) => item !== null);
    const fixed = places.find(({ file }) => !this.#destinations.isWritable(file));
    if (fixed !== undefined) {
      const { scope } = fixed.item!;
      const place = `${fixed.file.path}:${scope.at.line}`;
      this.#unsaved.push(`${formatPath(stanza.path)}: was unset, but stands at ${place}, which is not written`);
      return;
    }
    for (const { file, item } of places) this.#edit(file, removal(file.text!, item!.extent));
  }

  /**
   * Where new text about the innermost stanza of the trail goes: into the last place of a stanza around it when that is
   * in the file for the rest (an earlier place could change the order of patterns), else to the end of that file.
   */
  #placeFor(trail: readonly Stanza[]): Addition {
    const { rest } = this.#destinations;
    for (let depth = trail.length - 1; rest !== null && depth >= 0; depth -= 1) {
      const bodies = this.#written.bodiesOf(trail[depth]!);
      const body = depth > 0 ? bodies.at(-1) : bodies.find(({ file, item }) => file === rest && item === null);
      if (body === undefined || body.file !== rest) continue;
      return within(this.#additionAt(body), trail.slice(depth + 1));
    }
    return within(this.#virtual, trail.slice(1));
  }

  #restIsBehind(last: WrittenSetting, root: Stanza): boolean {
    const { rest } = this.#destinations;
    const end = this.#written.bodiesOf(root).find(({ file, item }) => file === rest && item === null);
    return end === undefined || end.order > last.order;
  }

  #additionAt(body: WrittenBody): Addition {
    const known = this.#additions.get(body);
    if (known !== undefined) return known;
    const addition = new Addition();
    this.#additions.set(body, addition);
    return addition;
  }

  #edit(file: WrittenFile, edit: TextEdit): void {
    const edits = this.#editsByFile.get(file) ?? [];
    this.#editsByFile.set(file, edits);
    edits.push(edit);
  }
}

function within(addition: Addition, stanzas: readonly Stanza[]): Addition {
  return stanzas.reduce((outer, stanza) => outer.inside(stanza), addition);
}

function insertion({ file, item, body, items }: WrittenBody, addition: Addition): TextEdit {
  const text = file.text ?? '';
  const [first] = items;
  if (item !== null) return insertedInBody(text, body, first?.extent.start ?? null, addition.lines, addition.inLine);
  return appended(text, indent(addition.lines, first === undefined ? '' : indentAt(text, first.extent.start)));
}

/**
 * Patterns are tried in order, and a new one is always the last. Those that stand before others in the texts, but not
 * in the running configuration, are therefore written anew, and so is every one behind them.
 */
function patternsToRewrite(now: Children | undefined, before: Children | undefined): ReadonlySet<string> {
  const rankByKey = new Map(before?.patterns.map(({ key }, rank) => [key, rank]));
  const patterns = now?.patterns ?? [];
  let highest = -1;
  const first = patterns.findIndex(({ key }) => {
    const rank = rankByKey.get(key);
    if (rank === undefined || rank < highest) return true;
    highest = rank;
    return false;
  });
  return new Set(first < 0 ? [] : patterns.slice(first).map(({ key }) => key));
}

const nameOf = ({ option }: Setting, stanza: Stanza): string => `${formatPath(stanza.path)} ${option.name}`.trimStart();

const placeOf = ({ file, item }: WrittenSetting): string => `${file.path}:${item.name.at.line}`;
