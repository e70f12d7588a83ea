// Whether a header section has a given physical line in a given field.
import { utf8Octets } from '../core/base/octets.ts';
import type { HeaderFilter } from '../core/console/mail-view.ts';

/**
 * Reading: every field of that name counts, each of its lines for itself; a folded line with its leading blanks.
 * @param headerSection complete lines with CRLF, Latin-1
 */
export function hasHeaderLine(headerSection: string, { name, line: wanted }: HeaderFilter): boolean {
  const prefix = `${name.toLowerCase()}:`;
  const octets = utf8Octets(wanted);
  const isWanted = (text: string): boolean => text === octets || text === wanted; // UTF-8, or else Latin-1
  let isInField = false;
  for (let start = 0; start < headerSection.length; ) {
    let end = headerSection.indexOf('\n', start);
    if (end < 0) end = headerSection.length;
    const line = headerSection.slice(start, headerSection[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    if (line[0] === ' ' || line[0] === '\t') {
      if (isInField && isWanted(line)) return true;
      continue;
    }
    isInField = line.slice(0, prefix.length).toLowerCase() === prefix;
    if (isInField && isWanted(line.slice(prefix.length).replace(/^[ \t]+/, ''))) return true;
  }
  return false;
}
