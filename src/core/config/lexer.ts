// Text to tokens. Comments and white space end here; positions are kept.
import type { ConfigProblem, Findings } from './problem.ts';
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
const QUOTED = /"[^"\\\n]*(?:\\(?:"|(?!"))[^"\\\n]*)*"/y;
const MARKS = '{}()[]=,';
/** Other languages end a statement with it; here it would be a part of the value, unseen. */
const ENDING_MARKS = /;+$/;
const STRAY = 'text with ;';

function strayMark(word: string, at: SourcePosition): ConfigProblem {
  const hint = 'nothing stands behind a value; one that does end in ; stands in quotes';
  return { at, subject: STRAY, found: word, expected: 'no ; at its end', hint };
}

/** Whether it is the mistake of a `;` behind a word. */
export const isStrayMark = ({ subject }: ConfigProblem): boolean => subject === STRAY;

/** Every token of a text, the last of which is its end. Text that is no token is reported and left out. */
export function readTokens(file: string, text: string, findings: Findings): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  let endLine = line;
  let endColumn = 1;

  /** Goes on behind what the pattern takes here, if it does. No match is made an object of: a text has many words. */
  const passes = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    if (!pattern.test(text)) return false;
    offset = pattern.lastIndex;
    return true;
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
    const first = text[start]!;
    if (passes(BLANK)) {
      if (first === '\n' || offset > start + 1) countLines(start); // most blanks are one, between words
      continue;
    }
    const at = { file, line, column: start - lineStart + 1 };
    const known = tokens.length;
    if (first === '#') passes(LINE_COMMENT);
    else if (first === '/' && text[start + 1] === '*') {
      const closing = text.indexOf('*/', start + 2);
      offset = closing < 0 ? text.length : closing + 2;
      if (closing < 0) findings.problem({ at, subject: 'comment', found: '/* without an end', expected: '*/' });
      countLines(start);
    } else if (first === '"') {
      if (passes(QUOTED)) tokens.push({ kind: 'word', text: unquoted(text, start, offset), quoted: true, at });
      else {
        const lineEnd = text.indexOf('\n', start);
        offset = lineEnd < 0 ? text.length : lineEnd;
        // A value that lacks its end is still a value: the next line is not read in its place.
        const rest = text.slice(start + 1, offset).replace(/["\\\s]+$/, '');
        if (isAssign(tokens.at(-1))) tokens.push({ kind: 'word', text: rest, quoted: true, at });
        findings.problem({ at, subject: 'quoted word', found: 'no end on its line', expected: '"' });
      }
    } else if (passes(ADDRESS_LITERAL) || passes(BARE_WORD)) {
      const word = text.slice(start, offset);
      const kept = word.replace(ENDING_MARKS, '');
      if (kept !== '') tokens.push({ kind: 'word', text: kept, quoted: false, at });
      if (kept !== word) findings.problem(strayMark(word, at));
    } else {
      offset += 1;
      if (MARKS.includes(first)) tokens.push({ kind: 'mark', mark: first as MarkToken['mark'], at });
      else findings.problem({ at, subject: 'text', found: first, expected: 'a name, a value or a comment' });
    }
    if (tokens.length > known) {
      endLine = line;
      endColumn = offset - lineStart + 1;
    }
  }
  tokens.push({ kind: 'end', at: { file, line: endLine, column: endColumn } });
  return tokens;
}

/** What stands between the quotes at both ends. */
function unquoted(text: string, start: number, end: number): string {
  const inside = text.slice(start + 1, end - 1);
  return inside.includes('\\') ? inside.replaceAll('\\"', '"') : inside;
}

function isAssign(token: Token | undefined): boolean {
  return token?.kind === 'mark' && token.mark === '=';
}
