// Where the items of a text stand in it, to the character: for changing a text without touching the rest of it. Reads
// only texts that the parser has read without a mistake.
import { assert } from '../../base/assert.ts';
import { readTokens, type Token } from '../lexer.ts';
import { Findings } from '../problem.ts';
import type { SourcePosition } from '../source.ts';
import type { WordSyntax } from '../syntax.ts';

/** Offsets in UTF-16 units, the end excluded. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

export interface OutlineAssignment {
  readonly kind: 'assignment';
  readonly name: WordSyntax;
  readonly extent: Extent;
  readonly value: Extent;
  /** Before a list or a dictionary, `=` may be missing. */
  readonly hasEquals: boolean;
}

export interface OutlineStanza {
  readonly kind: 'stanza';
  readonly scope: WordSyntax;
  readonly name: WordSyntax | null;
  readonly extent: Extent;
  /** Between the braces. */
  readonly body: Extent;
  readonly items: readonly OutlineItem[];
}

export interface OutlineInclude {
  readonly kind: 'include';
  readonly isReadOnly: boolean;
  readonly extent: Extent;
}

export type OutlineItem = OutlineAssignment | OutlineStanza | OutlineInclude;

export function outlineOf(text: string): readonly OutlineItem[] {
  return new Outliner(text).items();
}

class Outliner {
  readonly #tokens: readonly Token[];
  readonly #lineStarts: readonly number[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = readTokens('', text, new Findings());
    const lineStarts = [0];
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) lineStarts.push(end + 1);
    this.#lineStarts = lineStarts;
  }

  /** Up to a closing brace or the end. */
  items(): OutlineItem[] {
    const items: OutlineItem[] = [];
    for (;;) {
      const name = this.#tokens[this.#next]!;
      if (name.kind !== 'word') return items;
      this.#next += 1;
      items.push(this.#item(name));
    }
  }

  #item(name: WordSyntax): OutlineItem {
    const start = this.#offset(name.at);
    const keyword = name.quoted ? '' : name.text.toLowerCase();
    if (keyword === 'include' || keyword === 'readonly_include') {
      const extent = { start, end: this.#end(this.#take()) };
      return { kind: 'include', isReadOnly: keyword === 'readonly_include', extent };
    }
    const hasEquals = this.#takeMark('=');
    if (hasEquals || this.#isMark('(') || this.#isMark('[')) {
      const value = this.#value();
      return { kind: 'assignment', name, extent: { start, end: value.end }, value, hasEquals };
    }
    const second = this.#tokens[this.#next]!;
    const instance = second.kind === 'word' ? second : null;
    if (instance !== null) this.#next += 1;
    const open = this.#take();
    const items = this.items();
    const close = this.#take();
    const body = { start: this.#end(open), end: this.#offset(close.at) };
    return { kind: 'stanza', scope: name, name: instance, extent: { start, end: this.#end(close) }, body, items };
  }

  /** A word, or all up to the bracket that closes the first one. */
  #value(): Extent {
    const first = this.#take();
    const start = this.#offset(first.at);
    if (first.kind === 'word') return { start, end: this.#end(first) };
    for (let open = 1; ; ) {
      const token = this.#take();
      assert(token.kind !== 'end', 'a text that was parsed has an end for every bracket');
      if (token.kind === 'word') continue;
      if (token.mark === '(' || token.mark === '[') open += 1;
      if (token.mark === ')' || token.mark === ']') open -= 1;
      if (open === 0) return { start, end: this.#end(token) };
    }
  }

  #take(): Token {
    const token = this.#tokens[this.#next]!;
    this.#next += 1;
    return token;
  }

  #isMark(mark: string): boolean {
    const token = this.#tokens[this.#next]!;
    return token.kind === 'mark' && token.mark === mark;
  }

  #takeMark(mark: string): boolean {
    if (!this.#isMark(mark)) return false;
    this.#next += 1;
    return true;
  }

  #offset({ line, column }: SourcePosition): number {
    return this.#lineStarts[line - 1]! + column - 1;
  }

  #end(token: Token): number {
    const start = this.#offset(token.at);
    if (token.kind !== 'word') return start + 1;
    if (!token.quoted) return start + token.text.length;
    return start + token.text.length + 2 + (token.text.split('"').length - 1); // every quote inside has a backslash
  }
}
