// The wire form of a message for a receiver that takes no 8-bit content (RFC 6152 section 3): the bodies of parts that have
// 8-bit octets become quoted-printable (RFC 2045 section 6.7), and their headers say so. Everything else stays as it
// is: parts in other encodings, boundaries, and fields, for 8-bit octets in which there is no form that receivers agree on.
//
// A header stands before the body that decides on it, so the message is walked through twice. The result is made as
// it is taken, a portion at a time.
import { isAscii } from 'node:buffer';
import { type MimePart, MimeWalk, PLAIN_ENCODINGS } from './mime-walk.ts';

const PORTION_OCTETS = 65_536;
/** RFC 2045 section 6.7, without the line end. */
const LINE_OCTETS_MAX = 76;
const EMPTY = Buffer.alloc(0);
/** What is planned in one turn: some milliseconds. */
const PLANNED_OCTETS = 1_048_576;
/** A line costs as much as so many octets. */
const LINE_COST = 50;
const EIGHT_BIT = /[\x80-\xff]/;

/** What becomes of a part. */
interface Change {
  readonly encoding: 'quoted-printable' | '7bit';
  /** Fields that its header lacks, beside the encoding. */
  readonly fields: readonly string[];
}

export class SevenBitForm {
  readonly #headerSection: Uint8Array;
  readonly #body: readonly Uint8Array[];
  /** Null when it is done. */
  #planning: Iterator<void, ReadonlyMap<number, Change>> | null;
  #lines: Iterator<string, void> | null = null;
  #isOver = false;

  /**
   * @param headerSection complete lines, not stuffed
   * @param body in wire form, final dot included; not changed while this is in use
   */
  constructor(headerSection: Uint8Array, body: readonly Uint8Array[]) {
    this.#headerSection = headerSection;
    this.#body = body;
    this.#planning = plan(headerSection, body);
  }

  /** The next octets of the wire form, null behind the final dot; none when it needs another turn for them. */
  next(): Buffer | null {
    if (this.#planning !== null) {
      const { done, value } = this.#planning.next();
      if (done !== true) return EMPTY;
      this.#planning = null;
      this.#lines = recoded(this.#headerSection, this.#body, value);
    }
    const pieces: string[] = [];
    for (let octets = 0; octets < PORTION_OCTETS; ) {
      const { value } = this.#lines!.next();
      if (value === undefined) break;
      pieces.push(value.startsWith('.') ? `.${value}\r\n` : `${value}\r\n`);
      octets += value.length + 2;
    }
    if (pieces.length > 0) return Buffer.from(pieces.join(''), 'latin1');
    if (this.#isOver) return null;
    this.#isOver = true;
    return Buffer.from('.\r\n');
  }
}

/** Finds the parts that are to be changed, by their number. Yields now and then, so that it holds up nobody. */
function* plan(headerSection: Uint8Array, body: readonly Uint8Array[]): Generator<void, ReadonlyMap<number, Change>> {
  const changes = new Map<number, Change>();
  if (isAscii(headerSection) && body.every((octets) => isAscii(octets))) return changes;
  const walk = new MimeWalk();
  let header: MimePart | null = null;
  /** Of the lines behind the header. */
  let isDecided = true;
  let octets = 0;
  for (const line of linesOf(headerSection, body)) {
    octets += line.length + LINE_COST;
    if (octets > PLANNED_OCTETS) {
      octets = 0;
      yield;
    }
    const place = walk.take(line);
    if (place.kind === 'headerEnd') {
      header = place.found;
      const { encoding } = header;
      if (encoding === '8bit' || encoding === 'binary') changes.set(place.part, { encoding: '7bit', fields: [] });
      isDecided = encoding !== null && !PLAIN_ENCODINGS.includes(encoding);
    } else if (!isDecided && place.kind === 'content' && EIGHT_BIT.test(line)) {
      changes.set(place.part, { encoding: 'quoted-printable', fields: missingFields(header!) });
      isDecided = true;
    }
  }
  return changes;
}

/** RFC 1428 section 3 for text of which nothing is said. */
function missingFields({ isMessage, hasMimeVersion, hasContentType, encoding }: MimePart): string[] {
  const fields: string[] = [];
  if (isMessage && !hasMimeVersion) fields.push('MIME-Version: 1.0');
  if (isMessage && !hasContentType) fields.push('Content-Type: text/plain; charset=unknown-8bit');
  if (encoding === null) fields.push('Content-Transfer-Encoding: quoted-printable');
  return fields;
}

/** Lines without their ends, not stuffed, without the final dot. */
function* recoded(
  headerSection: Uint8Array,
  body: readonly Uint8Array[],
  changes: ReadonlyMap<number, Change>,
): Generator<string, void> {
  const walk = new MimeWalk();
  /** The lines go on with a field that was replaced. */
  let isReplaced = false;
  for (const line of linesOf(headerSection, body)) {
    const place = walk.take(line);
    const change = place.kind === 'between' ? undefined : changes.get(place.part);
    if (change === undefined) yield line;
    else if (place.kind === 'header') {
      if (!/^[ \t]/.test(line)) {
        isReplaced = /^content-transfer-encoding:/i.test(line);
        if (isReplaced) yield `Content-Transfer-Encoding: ${change.encoding}`;
      }
      if (!isReplaced) yield line;
    } else if (place.kind === 'headerEnd') {
      isReplaced = false;
      yield* change.fields;
      yield line;
    } else if (change.encoding === '7bit') yield line;
    else {
      const encoded = encode(line);
      if (encoded.length <= LINE_OCTETS_MAX) yield encoded;
      else yield* folded(encoded);
    }
  }
}

/** Quoted-printable in one line, however long. @param line without its end */
export function encode(line: string): string {
  return line.replaceAll(/[^\t -<>-~]/g, escaped).replace(/[\t ]$/, escaped);
}

/** @param encoded a line, which stays one for who decodes it */
export function* folded(encoded: string): Generator<string, void> {
  let at = 0;
  while (encoded.length - at > LINE_OCTETS_MAX) {
    let end = at + LINE_OCTETS_MAX - 1; // one is the soft line break
    const escapeAt = encoded.lastIndexOf('=', end - 1);
    if (escapeAt > end - 3 && escapeAt > at) end = escapeAt;
    yield `${encoded.slice(at, end)}=`;
    at = end;
    // The rest must not look like a boundary.
    if (encoded.startsWith('--', at)) {
      yield '=2D=';
      at += 1;
    }
  }
  yield encoded.slice(at);
}

const escaped = (character: string): string =>
  `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** The lines of header section, blank line and body, as Latin-1, without stuffing, line ends and the final dot. */
function* linesOf(headerSection: Uint8Array, body: readonly Uint8Array[]): Generator<string, void> {
  yield* linesIn([headerSection]);
  yield '';
  // The final dot is the last line, and no other one is a dot alone before the dots that begin lines are taken off.
  for (const line of linesIn(body)) {
    if (line === '.') return;
    yield line.startsWith('.') ? line.slice(1) : line;
  }
}

function* linesIn(chunks: readonly Uint8Array[]): Generator<string, void> {
  let begun = '';
  for (const chunk of chunks) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      const line = begun + text.slice(at, end);
      begun = '';
      at = end + 1;
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    begun += text.slice(at);
  }
  if (begun !== '') yield begun;
}
