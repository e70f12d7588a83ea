// Text to tokens. Comments and white space end here; positions are kept.
import type { Findings } from './problem.ts';
import type { SourcePosition } from './source.ts';
import { ADDRESS_LITERAL, BARE_WORD, type WordSyntax } from './syntax.ts';

export interface MarkToken {
  readonly kind: 'mark';
  readonly mark: '{' | '}' | '(' | ')' | '[' | ']' | '=' | ',';
  readonly at: SourcePosition;
}

export interface EndToken {
  readonly kind: 'end';
  /** Behind the last word or mark, whatever blank lines and comments follow. */
  readonly at: SourcePosition;
}

export type Token = WordSyntax | MarkToken | EndToken;

const BLANK = /[\s\ufeff]+/y;
const LINE_COMMENT = /#[^\n]*/y;
const QUOTED = /"([^"\\\n]*(?:\\(?:"|(?!"))[^"\\\n]*)*)"/y;
const MARKS = '{}()[]=,';

/** Every token of a text, the last of which is its end. Text that is no token is reported and left out. */
export function readTokens(file: string, text: string, findings: Findings): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  let end: SourcePosition = { file, line, column: 1 };

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    const match = pattern.exec(text);
    if (match !== null) offset = pattern.lastIndex;
    return match;
  };
  const countLines = (from: number): void => {
    const passed = text.slice(from, offset); // not the whole text, which may hold no other line end
    for (let end = passed.indexOf('\n'); end >= 0; end = passed.indexOf('\n', end + 1)) {
      line += 1;
      lineStart = from + end + 1;
    }
  };

  while (offset < text.length) {
    const start = offset;
    const at = { file, line, column: start - lineStart + 1 };
    const first = text[start]!;
    const known = tokens.length;
    if (take(BLANK) !== null) countLines(start);
    else if (first === '#') take(LINE_COMMENT);
    else if (text.startsWith('/*', start)) {
      const closing = text.indexOf('*/', start + 2);
      offset = closing < 0 ? text.length : closing + 2;
      if (closing < 0) findings.problem({ at, subject: 'comment', found: '/* without an end', expected: '*/' });
      countLines(start);
    } else if (first === '"') {
      const quoted = take(QUOTED);
      if (quoted !== null) tokens.push({ kind: 'word', text: quoted[1]!.replaceAll('\\"', '"'), quoted: true, at });
      else {
        const lineEnd = text.indexOf('\n', start);
        offset = lineEnd < 0 ? text.length : lineEnd;
        // A value that lacks its end is still a value: the next line is not read in its place.
        const rest = text.slice(start + 1, offset).replace(/["\\\s]+$/, '');
        if (isAssign(tokens.at(-1))) tokens.push({ kind: 'word', text: rest, quoted: true, at });
        findings.problem({ at, subject: 'quoted word', found: 'no end on its line', expected: '"' });
      }
    } else {
      const bare = take(ADDRESS_LITERAL) ?? take(BARE_WORD);
      if (bare !== null) tokens.push({ kind: 'word', text: bare[0], quoted: false, at });
      else {
        offset += 1;
        if (MARKS.includes(first)) tokens.push({ kind: 'mark', mark: first as MarkToken['mark'], at });
        else findings.problem({ at, subject: 'text', found: first, expected: 'a name, a value or a comment' });
      }
    }
    if (tokens.length > known) end = { file, line, column: offset - lineStart + 1 };
  }
  tokens.push({ kind: 'end', at: end });
  return tokens;
}

function isAssign(token: Token | undefined): boolean {
  return token?.kind === 'mark' && token.mark === '=';
}
