// Where each line of a message stands: in the header or the body of which part (RFC 2045, RFC 2046). Lines go through one
// by one; what is remembered is the boundaries that are open and the header that is being read. It never fails: what is no
// MIME is a part of plain text, and what is nested too deep is not looked into.

export interface MimePart {
  /** Multipart or an embedded message: its own encoding says nothing of octets, those of its parts do. */
  readonly isComposite: boolean;
  /** The message itself, or an embedded one: it has a MIME-Version of its own. */
  readonly isMessage: boolean;
  readonly hasMimeVersion: boolean;
  readonly hasContentType: boolean;
  /** Lower case; null when nothing is said, which means 7bit. */
  readonly encoding: string | null;
}

export type LinePlace =
  /** A line of the header of part `part`, a number that rises in reading order. */
  | { readonly kind: 'header'; readonly part: number }
  /** The blank line behind it. `found` is what the header said. */
  | { readonly kind: 'headerEnd'; readonly part: number; readonly found: MimePart }
  | { readonly kind: 'content'; readonly part: number }
  /** A boundary, or what stands around parts. */
  | { readonly kind: 'between' };

const BETWEEN: LinePlace = { kind: 'between' };
const NESTING_MAX = 50;
/** Of the fields that are looked at; what is behind is passed by. */
const HEADER_OCTETS_MAX = 65_536;

interface OpenMultipart {
  readonly delimiter: string;
  readonly isDigest: boolean;
}

export class MimeWalk {
  readonly #open: OpenMultipart[] = [];
  #state: 'header' | 'content' | 'between' = 'header';
  #part = 0;
  /** Shared by all lines of a part. */
  #content: LinePlace = BETWEEN;
  #isMessage = true;
  /** The header that is being read, unfolded. */
  #fields: string[] = [];
  #fieldOctets = 0;

  /** @param line Latin-1, without its line end */
  take(line: string): LinePlace {
    if (line.startsWith('--') && this.#isBoundary(line)) return BETWEEN;
    if (this.#state === 'between') return BETWEEN;
    if (this.#state === 'content') return this.#content;
    const part = this.#part;
    if (line !== '') {
      this.#keep(line);
      return { kind: 'header', part };
    }
    return { kind: 'headerEnd', part, found: this.#endHeader() };
  }

  #isBoundary(line: string): boolean {
    for (let at = this.#open.length - 1; at >= 0; at--) {
      const { delimiter, isDigest } = this.#open[at]!;
      if (!line.startsWith(delimiter)) continue;
      const [, close, rest] = /^(--)?[ \t]*(.?)/s.exec(line.slice(delimiter.length))!;
      if (rest !== '') continue;
      this.#open.length = close === undefined ? at + 1 : at;
      if (close === undefined) this.#startHeader(isDigest);
      else this.#state = 'between';
      return true;
    }
    return false;
  }

  #startHeader(isMessageByDefault: boolean, isMessage = false): void {
    this.#state = 'header';
    this.#part += 1;
    this.#isMessage = isMessage;
    this.#fields = isMessageByDefault ? ['content-type: message/rfc822'] : [];
    this.#fieldOctets = 0;
  }

  #keep(line: string): void {
    this.#fieldOctets += line.length;
    if (this.#fieldOctets > HEADER_OCTETS_MAX) return;
    if (/^[ \t]/.test(line) && this.#fields.length > 0) this.#fields[this.#fields.length - 1] += line;
    else this.#fields.push(line);
  }

  #endHeader(): MimePart {
    const fieldBody = (name: string): string | null => {
      const field = this.#fields.findLast((one) => one.slice(0, name.length + 1).toLowerCase() === `${name}:`);
      return field === undefined ? null : field.slice(name.length + 1);
    };
    const contentType = fieldBody('content-type');
    const [, type = 'text', subtype = 'plain'] =
      /^\s*([^\s/;]+)\/([^\s;]+)/.exec((contentType ?? '').toLowerCase()) ?? [];
    const encoding = fieldBody('content-transfer-encoding')?.trim().toLowerCase() ?? null;
    const isMessage = this.#isMessage;
    const hasMimeVersion = fieldBody('mime-version') !== null;
    const isPlain = encoding === null || PLAIN_ENCODINGS.includes(encoding);
    const boundary = type === 'multipart' && isPlain ? boundaryOf(contentType ?? '') : null;
    const isEmbedded = type === 'message' && (subtype === 'rfc822' || subtype === 'global') && isPlain;
    const isComposite = (boundary !== null || isEmbedded) && this.#open.length < NESTING_MAX;
    this.#state = 'content';
    this.#content = { kind: 'content', part: this.#part };
    if (isComposite && boundary !== null) {
      this.#open.push({ delimiter: `--${boundary}`, isDigest: subtype === 'digest' });
      this.#state = 'between';
    } else if (isComposite) this.#startHeader(false, true);
    return { isComposite, isMessage, hasMimeVersion, hasContentType: contentType !== null, encoding };
  }
}

/** Octets stand there as they are. */
export const PLAIN_ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary'];

function boundaryOf(contentType: string): string | null {
  const [, quoted, bare] = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted?.replaceAll(/\\(.)/g, '$1').trimEnd() ?? bare;
  return boundary === undefined || boundary === '' ? null : boundary;
}
