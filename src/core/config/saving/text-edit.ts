// Changes of a text that leave the rest of it as it is, byte for byte: comments, layout, line ends.

import { indent } from '../syntax.ts';
import type { Extent } from './outline.ts';

export interface TextEdit extends Extent {
  readonly text: string;
}

/** Carries out edits that do not overlap; of two at one place the earlier in the list comes first. */
export function editText(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let done = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(done, edit.start) + withLineEndsOf(text, edit.text);
    done = Math.max(done, edit.end);
  }
  return result + text.slice(done);
}

function withLineEndsOf(text: string, added: string): string {
  return text.includes('\r\n') ? added.replaceAll('\n', '\r\n') : added;
}

/** Takes an item out: with its lines and the comment behind it where it has these for itself. */
export function removal(text: string, { start, end }: Extent): TextEdit {
  const lineStart = lineStartAt(text, start);
  const lineEnd = lineEndAt(text, end);
  const isAlone = isBlank(text.slice(lineStart, start)) && /^\s*(?:#[\s\S]*)?$/.test(text.slice(end, lineEnd));
  if (isAlone) return { start: lineStart, end: Math.min(lineEnd + 1, text.length), text: '' };
  const blanks = /[ \t]*$/.exec(text.slice(lineStart, start))![0].length;
  return { start: start - blanks, end, text: touchesWord(text, end) ? ' ' : '' };
}

/** Puts a value in the place of another. @param needsEquals the old one had no `=` before it */
export function replacement(text: string, { start, end }: Extent, value: string, needsEquals: boolean): TextEdit {
  const lines = indent(value, indentAt(text, start)).trimStart();
  return { start, end, text: `${needsEquals ? '= ' : ''}${lines}${touchesWord(text, end) ? ' ' : ''}` };
}

/** Something stands right behind a place that could be taken for part of a word before it. */
function touchesWord(text: string, end: number): boolean {
  const following = text[end];
  return following !== undefined && !/[\s{}()[\],]/.test(following);
}

/** Lines for the end of a file, behind whatever stands there. */
export function appended(text: string, lines: string): TextEdit {
  const needsLineEnd = text !== '' && !text.endsWith('\n');
  return { start: text.length, end: text.length, text: `${needsLineEnd ? '\n' : ''}${lines}` };
}

/**
 * Lines for the end of a stanza.
 * @param lines not indented, each ended by LF @param inLine the same for a stanza that is written in one line
 */
export function insertedInBody(
  text: string,
  body: Extent,
  firstItem: number | null,
  lines: string,
  inLine: string,
): TextEdit {
  const closing = lineStartAt(text, body.end);
  const outer = indentAt(text, body.end);
  const inner = firstItem !== null && beginsLine(text, firstItem) ? indentAt(text, firstItem) : `${outer}  `;
  if (closing > body.start && isBlank(text.slice(closing, body.end)))
    return { start: closing, end: closing, text: indent(lines, inner) };
  if (isBlank(text.slice(body.start, body.end))) return { ...body, text: `\n${indent(lines, `${outer}  `)}${outer}` };
  const needsBlank = !isBlank(text[body.end - 1] ?? ' ');
  return { start: body.end, end: body.end, text: `${needsBlank ? ' ' : ''}${inLine} ` };
}

const isBlank = (text: string): boolean => text.trim() === '';

function beginsLine(text: string, offset: number): boolean {
  return isBlank(text.slice(lineStartAt(text, offset), offset));
}

/** The white space that the line of a place begins with. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStartAt(text, offset), offset))![0];
}

function lineStartAt(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** The place of the line end behind `offset`, or the end of the text. */
function lineEndAt(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end;
}
