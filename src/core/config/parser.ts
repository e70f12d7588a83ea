// Tokens to a syntax tree (docs/configuration.md, "The language"). A mistake is reported and the rest is read on, so
// that one load shows every mistake.
import { readTokens, type Token } from './lexer.ts';
import type { Findings } from './problem.ts';
import type { ItemSyntax, ListSyntax, ValueSyntax, WordSyntax } from './syntax.ts';

/** Deeper than any scope nests; a bound for the reader's stack. */
const MAX_DEPTH = 32;

/** The items of one file, includes not yet followed. */
export function parseText(file: string, text: string, findings: Findings): ItemSyntax[] {
  findings.addText(file, text);
  return new Parser(readTokens(file, text, findings), findings).parseFile();
}

/** A value that stands alone, such as the rest of a console line. Null when it is none; the findings say why. */
export function parseValue(tokens: readonly Token[], subject: string, findings: Findings): ValueSyntax | null {
  return new Parser(tokens, findings).parseLoneValue(subject);
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #findings: Findings;
  #next = 0;

  constructor(tokens: readonly Token[], findings: Findings) {
    this.#tokens = tokens;
    this.#findings = findings;
  }

  parseFile(): ItemSyntax[] {
    const items: ItemSyntax[] = [];
    for (;;) {
      this.#parseItems(0, items);
      const token = this.#peek();
      if (token.kind === 'end') return items;
      this.#report(token, 'text', 'a stanza, an option or the end of the file'); // a closing brace too many
      this.#next += 1;
    }
  }

  parseLoneValue(subject: string): ValueSyntax | null {
    const value = this.#parseValue(subject, 0);
    const rest = this.#peek();
    if (value === null || rest.kind === 'end') return value;
    this.#report(rest, subject, 'one value');
    return null;
  }

  /** Adds all up to a closing brace or the end, which is left for the caller. */
  #parseItems(depth: number, items: ItemSyntax[]): void {
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end' || (token.kind === 'mark' && token.mark === '}')) return;
      const item = this.#parseItem(depth);
      if (item === null) this.#skipToNextItem();
      else items.push(item);
    }
  }

  #parseItem(depth: number): ItemSyntax | null {
    const name = this.#takeWord();
    if (name === null) return this.#report(this.#peek(), 'text', 'a stanza or an option');
    const keyword = name.quoted ? '' : name.text.toLowerCase();
    if (keyword === 'include' || keyword === 'readonly_include') {
      const path = this.#takeWord();
      if (path === null || this.#isMark('=')) {
        if (path !== null) this.#next -= 1; // the name of the next option
        return this.#report(this.#peek(), keyword, 'a file or directory name');
      }
      return { kind: 'include', path, readOnly: keyword === 'readonly_include' };
    }
    if (this.#takeMark('=')) {
      const token = this.#peek();
      if (token.kind === 'mark' && token.mark === '{')
        return this.#report(token, name.text, 'a value (a stanza has no = before its {)');
      const value = this.#parseValue(name.text, depth);
      return value === null ? null : { kind: 'assignment', name, value };
    }
    if (this.#isMark('(') || this.#isMark('[')) {
      const value = this.#parseValue(name.text, depth);
      return value === null ? null : { kind: 'assignment', name, value };
    }
    const instance = this.#takeWord();
    if (!this.#takeMark('{')) {
      if (instance === null)
        return this.#report(this.#peek(), name.text, '= and a value, or { and the options of a stanza');
      if (instance.at.line > name.at.line) this.#next -= 1; // it begins the next item
      return this.#report(instance, name.text, '= before the value, or { behind the name of a stanza');
    }
    if (depth >= MAX_DEPTH) return this.#report(name, name.text, `at most ${MAX_DEPTH} levels of stanzas`);
    const items: ItemSyntax[] = [];
    this.#parseItems(depth + 1, items);
    if (!this.#takeMark('}'))
      this.#findings.problem({ at: name.at, subject: name.text, found: 'no end of the stanza', expected: '}' });
    return { kind: 'stanza', scope: name, name: instance, items };
  }

  #parseValue(subject: string, depth: number): ValueSyntax | null {
    const token = this.#peek();
    if (token.kind === 'word') {
      this.#next += 1;
      return token;
    }
    if (token.kind === 'mark' && depth < MAX_DEPTH) {
      if (token.mark === '(') return this.#parseList(subject);
      if (token.mark === '[') return this.#parseDictionary(subject, depth + 1);
    }
    return this.#report(token, subject, 'a value');
  }

  #parseList(subject: string): ListSyntax | null {
    const { at } = this.#take();
    const items: WordSyntax[] = [];
    for (;;) {
      if (this.#takeMark(')')) return { kind: 'list', items, at };
      const item = this.#takeWord();
      if (item === null) return this.#report(this.#peek(), subject, 'a word of the list or )');
      items.push(item);
      this.#takeMark(',');
    }
  }

  #parseDictionary(subject: string, depth: number): ValueSyntax | null {
    const { at } = this.#take();
    const entries: { key: WordSyntax; value: ValueSyntax }[] = [];
    for (;;) {
      if (this.#takeMark(']')) return { kind: 'dictionary', entries, at };
      const key = this.#takeWord();
      if (key === null) return this.#report(this.#peek(), subject, 'a key of the dictionary or ]');
      this.#takeMark('=');
      const value = this.#parseValue(key.text, depth);
      if (value === null) return null;
      entries.push({ key, value });
    }
  }

  /** The next word that begins a line is taken for the next item; braces are skipped in pairs. */
  #skipToNextItem(): void {
    let open = 0;
    let line = this.#tokens[this.#next - 1]?.at.line ?? 0;
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') return;
      if (open === 0 && token.kind === 'mark' && token.mark === '}') return;
      if (open === 0 && token.kind === 'word' && token.at.line > line) return;
      if (token.kind === 'mark' && token.mark === '{') open += 1;
      if (token.kind === 'mark' && token.mark === '}') open -= 1;
      line = token.at.line;
      this.#next += 1;
    }
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  /** The end is never passed. */
  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  #takeWord(): WordSyntax | null {
    const token = this.#peek();
    if (token.kind !== 'word') return null;
    this.#next += 1;
    return token;
  }

  #isMark(mark: string): boolean {
    const token = this.#peek();
    return token.kind === 'mark' && token.mark === mark;
  }

  #takeMark(mark: string): boolean {
    if (!this.#isMark(mark)) return false;
    this.#next += 1;
    return true;
  }

  #report(token: Token, subject: string, expected: string): null {
    const found = token.kind === 'end' ? 'the end' : token.kind === 'mark' ? token.mark : `"${token.text}"`;
    this.#findings.problem({ at: token.at, subject, found, expected });
    return null;
  }
}
