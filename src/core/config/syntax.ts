// The syntax tree of configuration text (docs/configuration.md, "The language"): what was written and where, before any
// name means anything. Also the way back: how words and values are printed so that they read the same again.
import type { SourcePosition } from './source.ts';

export interface WordSyntax {
  readonly kind: 'word';
  /** Without quotes, `\"` undone. */
  readonly text: string;
  readonly quoted: boolean;
  readonly at: SourcePosition;
}

export interface ListSyntax {
  readonly kind: 'list';
  readonly items: readonly WordSyntax[];
  readonly at: SourcePosition;
}

export interface DictionarySyntax {
  readonly kind: 'dictionary';
  readonly entries: readonly { readonly key: WordSyntax; readonly value: ValueSyntax }[];
  readonly at: SourcePosition;
}

export type ValueSyntax = WordSyntax | ListSyntax | DictionarySyntax;

export interface AssignmentSyntax {
  readonly kind: 'assignment';
  readonly name: WordSyntax;
  readonly value: ValueSyntax;
}

export interface StanzaSyntax {
  readonly kind: 'stanza';
  readonly scope: WordSyntax;
  /** Null for an anonymous stanza. */
  readonly name: WordSyntax | null;
  readonly items: readonly ItemSyntax[];
}

export interface IncludeSyntax {
  readonly kind: 'include';
  readonly path: WordSyntax;
  /** `readonly_include`: changes are never written back to that file. */
  readonly readOnly: boolean;
}

export type ItemSyntax = AssignmentSyntax | StanzaSyntax | IncludeSyntax;

/** The characters a bare word cannot hold. */
export const BARE_WORD = /(?:(?!\/\*)[^\s,#"'={}[\]()])+/y;
/** An address literal, such as `[::1]:25`. A dictionary needs a blank or `=` between key and value, so it is none. */
export const ADDRESS_LITERAL = /\[[0-9A-Za-z.:*]+\](?::\d+)?/y;

/** In quotes where it must be. */
export function formatWord({ text, quoted }: Pick<WordSyntax, 'text' | 'quoted'>): string {
  return quoted || !isBareWord(text) ? quoteText(text) : text;
}

/** In double quotes. A text that ends in a backslash can only have been written bare, and is printed so. */
export function quoteText(text: string): string {
  return text.endsWith('\\') ? text : `"${text.replaceAll('"', '\\"')}"`;
}

function isBareWord(text: string): boolean {
  if (text.endsWith(';')) return false;
  return [BARE_WORD, ADDRESS_LITERAL].some((pattern) => {
    pattern.lastIndex = 0;
    return pattern.test(text) && pattern.lastIndex === text.length;
  });
}

/** A value in the lines of `Name = value`; the first continues the line of the name, further ones are indented by it. */
export function formatValue(value: ValueSyntax, formatScalar: (word: WordSyntax) => string = formatWord): string {
  switch (value.kind) {
    case 'word':
      return formatScalar(value);
    case 'list':
      return bracket('(', value.items.map(formatWord), ')');
    case 'dictionary':
      return bracket(
        '[',
        value.entries.map((entry) => `${formatWord(entry.key)} = ${formatValue(entry.value)}`),
        ']',
      );
  }
}

function bracket(open: string, lines: readonly string[], close: string): string {
  return [open, ...lines.map((line) => indent(line, '  ')), close].join('\n');
}

/** Moves every line that is not empty in. A quoted word may hold other characters that some take for line ends. */
export function indent(text: string, by: string): string {
  return text.replace(/(^|\n)(?=[^\n])/g, `$1${by}`);
}

/** For error texts: what kind of thing stands there. */
export function describeValue(value: ValueSyntax): string {
  return value.kind === 'word' ? formatWord(value) : `a ${value.kind}`;
}
