// A command line into words. A word in quotes (single or double, at its start) may hold blanks; inside double quotes a
// backslash takes the next character as it is. A quote in the middle of a word is a letter like any other (`don't`).

export type SplitLine =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'unterminated'; readonly quote: string };

export function splitWords(line: string): SplitLine {
  const words: string[] = [];
  const token = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+))/gy;
  const end = line.trimEnd().length;
  while (token.lastIndex < end) {
    const [, double, single, plain] = token.exec(line)!; // \S+ matches whatever is left
    if (double !== undefined) words.push(double.replace(/\\(.)/g, '$1'));
    else if (single !== undefined) words.push(single);
    else if (plain!.startsWith('"') || plain!.startsWith("'")) return { kind: 'unterminated', quote: plain![0]! };
    else words.push(plain!);
  }
  return { kind: 'words', words };
}

/** The word as it must be typed, in quotes where it holds something that splits words. */
export function quoteWord(word: string): string {
  return word === '' || /[\s"']/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
