// Where the header section of a received message ends. Called with the wire form of a whole message, final dot included.
//
// The section is the fields from the first octet on, up to a blank line (which belongs to neither part), the final dot,
// or the first line that is neither a field nor the continuation of one. Such a line begins the body, since what stands
// in front of the blank line would have to be a field (RFC 5322 section 2.1): nothing is lost, and where the message is
// written again a blank line is put between the two. So a message that begins with such a line has an empty header
// section, and one of header fields alone has the body `.` CRLF.
import type { Content } from '../../core/mail/message.ts';

/** Longest header section in octets. */
export const HEADER_OCTETS_MAX = 262_144;
/** Stuffing at most doubles a section. */
const SEARCHED_OCTETS_MAX = 2 * HEADER_OCTETS_MAX;

const CRLF = '\r\n';
const SPACE = 0x20;
const TAB = 0x09;
const DOT = 0x2e;
const COLON = 0x3a;
const TILDE = 0x7e;

/** @returns null when the header section is longer than {@link HEADER_OCTETS_MAX} */
export function splitContent(wire: readonly Buffer[]): Content | null {
  const { searched, text } = beginningOf(wire);
  let at = 0;
  let bodyAt: number;
  for (;;) {
    const end = text.indexOf(CRLF, at);
    if (end < 0) {
      // A line longer than all that was looked at: too long a field, or a body of very long lines.
      if (isHeaderLine(text, at, text.length)) return null;
      bodyAt = at;
      break;
    }
    if (end === at) {
      bodyAt = end + 2;
      break;
    }
    if (!isHeaderLine(text, at, end)) {
      bodyAt = at;
      break;
    }
    at = end + 2;
  }
  // Taken from the octets again: a part of `text` would keep all of it in memory.
  const headerSection = unstuff(searched.toString('latin1', 0, at));
  return headerSection.length > HEADER_OCTETS_MAX ? null : { headerSection, body: behind(wire, bodyAt) };
}

/** Enough of the message for the header section, as one buffer and as text up to the first blank line. */
function beginningOf(wire: readonly Buffer[]): { searched: Buffer; text: string } {
  let searched = wire[0]!;
  let blankLine = searched.indexOf('\r\n\r\n', 0, 'latin1');
  if (blankLine < 0 && wire.length > 1) {
    const octets = wire.reduce((sum, piece) => sum + piece.length, 0);
    searched = Buffer.concat(wire as Buffer[], Math.min(octets, SEARCHED_OCTETS_MAX));
    blankLine = searched.indexOf('\r\n\r\n', 0, 'latin1');
  }
  const end = blankLine < 0 ? searched.length : blankLine + 4;
  return { searched, text: searched.toString('latin1', 0, Math.min(end, SEARCHED_OCTETS_MAX)) };
}

/** A field as RFC 5322 sections 3.6.8 and 4.5 (blanks before the colon) have it, or a continuation; dot-stuffed. */
function isHeaderLine(text: string, from: number, end: number): boolean {
  let at = text.charCodeAt(from) === DOT ? from + 1 : from;
  const first = text.charCodeAt(at);
  if (at < end && (first === SPACE || first === TAB)) return from > 0;
  const colon = text.indexOf(':', at);
  if (colon < 0 || colon >= end) return false;
  const nameAt = at;
  while (text.charCodeAt(at) > SPACE && text.charCodeAt(at) <= TILDE && text.charCodeAt(at) !== COLON) at++;
  if (at === nameAt) return false;
  while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at++;
  return at === colon;
}

function unstuff(section: string): string {
  const unstuffed = section.replaceAll('\r\n.', CRLF);
  return unstuffed.charCodeAt(0) === DOT ? unstuffed.slice(1) : unstuffed;
}

function behind(pieces: readonly Buffer[], offset: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = offset;
  for (const piece of pieces) {
    if (skip < piece.length) rest.push(skip === 0 ? piece : piece.subarray(skip));
    skip = Math.max(0, skip - piece.length);
  }
  return rest;
}
