// How much of the failed message a notice quotes, and in which form it can (docs/bounces.md, "The original").
import { quotedPrintable } from './quoted-printable.ts';

/** What the notice is given of the failed message, after `bounces_inline_original`. */
export type Original =
  | { readonly kind: 'none' }
  | { readonly kind: 'headers'; readonly headerSection: string }
  /** Both as the spool holds them (mail/message.ts, Content). */
  | {
      readonly kind: 'all';
      readonly headerSection: string;
      readonly body: readonly Uint8Array[];
      /** The header is UTF-8, as SMTPUTF8 allows. */
      readonly isUtf8?: boolean;
    };

/** A MIME part: its type, and its content in wire form, in whole lines. */
export interface OriginalPart {
  readonly type: 'message/rfc822' | 'message/global' | 'text/rfc822-headers';
  readonly encoding: '7bit' | '8bit' | 'quoted-printable';
  /** Not dot-stuffed. */
  readonly text: string;
  /** Behind the text; dot-stuffed already. */
  readonly chunks: readonly Uint8Array[];
}

/** Of a header section; what is beyond is left out. */
const HEADERS_OCTETS_MAX = 65_536;
/** RFC 5322 section 2.1.1, without the line end. */
const LINE_OCTETS_MAX = 998;
/** The final dot and its line end. */
const TERMINATOR_OCTETS = 3;
const LINE_FEED = 10;

/** Null: nothing is quoted. A message with lines that are too long for the wire is quoted by its headers only. */
export function originalPart(original: Original): OriginalPart | null {
  if (original.kind === 'none') return null;
  const { headerSection } = original;
  if (original.kind === 'all' && !hasLongLine(headerSection) && !hasLongChunkLine(original.body)) {
    // Of the body it is not known whether it holds octets above 127; 8bit allows them and is true in either case.
    return {
      type: original.isUtf8 === true ? 'message/global' : 'message/rfc822', // RFC 6532 section 3.7
      encoding: '8bit',
      text: `${headerSection}\r\n`,
      chunks: withoutTerminator(original.body),
    };
  }
  const text = boundedHeaders(headerSection);
  const isPlain = /^[\t\r\n\x20-\x7e]*$/.test(text) && !hasLongLine(text);
  return {
    type: 'text/rfc822-headers',
    encoding: isPlain ? '7bit' : 'quoted-printable',
    text: isPlain ? text : quotedPrintable(text),
    chunks: [],
  };
}

/** As many whole lines as the bound allows. */
function boundedHeaders(headerSection: string): string {
  if (headerSection.length <= HEADERS_OCTETS_MAX) return headerSection;
  const end = headerSection.lastIndexOf('\r\n', HEADERS_OCTETS_MAX - 2);
  // A first line that fills the bound is cut where it is: it will be encoded, so that its length does no harm.
  return end < 0 ? `${headerSection.slice(0, HEADERS_OCTETS_MAX)}\r\n` : headerSection.slice(0, end + 2);
}

function hasLongLine(text: string): boolean {
  let start = 0;
  while (text.length - start > LINE_OCTETS_MAX + 2) {
    // The last line end that is near enough, so that short lines are passed over by the dozen.
    const end = text.lastIndexOf('\n', start + LINE_OCTETS_MAX + 1);
    if (end < start) return true;
    start = end + 1;
  }
  return false;
}

/** The same over chunks. A stuffing dot counts, which is on the safe side. */
function hasLongChunkLine(chunks: readonly Uint8Array[]): boolean {
  let openOctets = 0; // of the line that began in an earlier chunk
  for (const chunk of chunks) {
    let start = -openOctets;
    while (chunk.length - start > LINE_OCTETS_MAX + 2) {
      const latest = start + LINE_OCTETS_MAX + 1;
      const end = latest < 0 ? -1 : chunk.lastIndexOf(LINE_FEED, latest);
      if (end < Math.max(start, 0)) return true;
      start = end + 1;
    }
    const lastEnd = chunk.lastIndexOf(LINE_FEED);
    openOctets = lastEnd < 0 ? chunk.length + openOctets : chunk.length - 1 - lastEnd;
  }
  return false;
}

/** The chunks without their last three octets, which need not lie in one chunk. */
function withoutTerminator(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const kept: Uint8Array[] = [];
  let surplus = TERMINATOR_OCTETS;
  for (const chunk of chunks.toReversed()) {
    const taken = Math.min(surplus, chunk.length);
    surplus -= taken;
    if (taken < chunk.length) kept.push(taken === 0 ? chunk : chunk.subarray(0, chunk.length - taken));
  }
  return kept.reverse();
}
