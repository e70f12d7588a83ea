// What reception must know of a header section: how often it passed a host, whether it has a Message-ID, and a field that
// is for us and goes no further. One walk over the lines; the section is complete lines with CRLF, in Latin-1.

export interface HeaderFacts {
  readonly receivedCount: number;
  readonly hasMessageId: boolean;
  /** The values of the wanted fields, unfolded and trimmed, in their order. */
  readonly wantedValues: readonly string[];
  /** The section without the wanted fields. */
  readonly rest: string;
}

const LETTER_R = 114;
const LETTER_M = 109;
const NO_VALUES: readonly string[] = [];

/** @param wanted lower-case name of the field to take out, or null */
export function readHeaderSection(section: string, wanted: string | null): HeaderFacts {
  const wantedInitial = wanted === null ? -1 : wanted.charCodeAt(0) | 32;
  let receivedCount = 0;
  let hasMessageId = false;
  let values: string[] | null = null;
  let rest = '';
  let keptFrom = 0;
  for (let start = 0; start < section.length; ) {
    let end = lineEnd(section, start);
    const initial = section.charCodeAt(start) | 32; // a capital letter as a small one
    if (initial === wantedInitial && isField(section, start, wanted!)) {
      while (isFolded(section, end)) end = lineEnd(section, end);
      values ??= [];
      values.push(unfolded(section.slice(section.indexOf(':', start) + 1, end)));
      rest += section.slice(keptFrom, start);
      keptFrom = end;
    } else if (initial === LETTER_R && isField(section, start, 'received')) receivedCount++;
    else if (initial === LETTER_M && isField(section, start, 'message-id')) hasMessageId = true;
    start = end;
  }
  return {
    receivedCount,
    hasMessageId,
    wantedValues: values ?? NO_VALUES,
    rest: keptFrom === 0 ? section : rest + section.slice(keptFrom),
  };
}

/** Index behind the line that begins at `start`. */
function lineEnd(section: string, start: number): number {
  const lineFeed = section.indexOf('\n', start);
  return lineFeed < 0 ? section.length : lineFeed + 1;
}

/** Blanks before the colon are obsolete (RFC 5322 section 4.5), but still the same field to whoever reads it next. */
function isField(section: string, start: number, name: string): boolean {
  let index = start + name.length;
  let code = section.charCodeAt(index);
  while (code === 32 || code === 9) code = section.charCodeAt(++index);
  return code === 58 && section.slice(start, start + name.length).toLowerCase() === name;
}

function isFolded(section: string, start: number): boolean {
  const code = section.charCodeAt(start);
  return code === 32 || code === 9;
}

function unfolded(text: string): string {
  return text.replaceAll('\r\n', '').trim();
}
