// Takes mail apart that reports: bounces and complaints. It comes from anybody, so no more than its beginning is looked
// at, and what cannot be read is no report. Even so a mail may be made to take long: mime-reader.ts runs this in a thread.
import PostalMime, { decodeWords } from 'postal-mime';
import type { MimePart, MimeParts } from '../../core/mail/mime-parts.ts';

/** Of a mail, header included. The parts that say what happened come before the message that is sent back. */
export const CONTENT_OCTETS_MAX = 131_072;
/** The package takes its time with each. */
const LINES_MAX = 5000;
const NESTING_MAX = 20;
const PARTS_MAX = 50;
const FIELDS_MAX = 500;
const LINE_FEED = 10;
const DOT = 46;

/** The beginning of a message as the spool holds it (core/mail/message.ts), its two parts put together. */
export interface MailBeginning {
  /** At most {@link CONTENT_OCTETS_MAX}, without the blank line behind it. */
  readonly headerSection: string;
  /** In wire form. */
  readonly body: Uint8Array;
}

/** Null for what cannot be read. */
export async function readMime(beginning: MailBeginning): Promise<MimeParts | null> {
  try {
    const mail = await PostalMime.parse(firstLines(octetsOf(beginning)), {
      forceRfc822Attachments: true,
      maxNestingDepth: NESTING_MAX,
      maxHeadersSize: CONTENT_OCTETS_MAX,
    });
    const parts = mail.attachments.slice(0, PARTS_MAX).map(
      ({ mimeType, content: part }): MimePart => ({
        type: mimeType.toLowerCase(),
        text: typeof part === 'string' ? part : Buffer.from(part as ArrayBuffer).toString('latin1'),
      }),
    );
    const fields = mail.headers
      .slice(0, FIELDS_MAX)
      .map(({ key, value }) => ({ name: key, value: decodeWords(value) }));
    return { fields, text: mail.text ?? withoutTags(mail.html ?? ''), parts };
  } catch {
    return null;
  }
}

/** Without dot-stuffing; the final dot goes, too, where it is within. */
function octetsOf({ headerSection, body }: MailBeginning): Buffer {
  const header = Buffer.from(`${headerSection}\r\n`, 'latin1');
  return Buffer.concat([header, unstuffed(Buffer.from(body.buffer, body.byteOffset, body.byteLength))]);
}

/** Copies what stands between the dots that begin a line. */
function unstuffed(octets: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let start = octets[0] === DOT ? 1 : 0;
  for (let at = octets.indexOf('\n.'); at >= 0; at = octets.indexOf('\n.', at + 2)) {
    pieces.push(octets.subarray(start, at + 1));
    start = at + 2;
  }
  pieces.push(octets.subarray(start));
  const whole = Buffer.concat(pieces);
  const isEnded = octets.length === 3 ? octets[0] === DOT : octets.at(-3) === DOT && octets.at(-4) === LINE_FEED;
  return isEnded ? whole.subarray(0, whole.length - 2) : whole;
}

function firstLines(octets: Buffer): Buffer {
  let end = -1;
  for (let lines = 0; lines < LINES_MAX; lines++) {
    end = octets.indexOf(LINE_FEED, end + 1);
    if (end < 0) return octets;
  }
  return octets.subarray(0, end + 1);
}

/** What stands outside of `<` and `>`. */
function withoutTags(html: string): string {
  return html
    .split('<')
    .map((piece, place) => (place === 0 ? piece : piece.slice(piece.indexOf('>') + 1)))
    .join(' ');
}
