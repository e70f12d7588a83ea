// Takes mail apart that reports: bounces and complaints. It comes from anybody, so no more than its beginning is looked
// at, and what cannot be read is no report.
import PostalMime, { decodeWords } from 'postal-mime';
import type { Content } from '../../core/mail/message.ts';
import type { MimePart, MimeParts } from '../../core/mail/mime-parts.ts';

/** Of a mail, header included. The parts that say what happened come before the message that is sent back. */
export const CONTENT_OCTETS_MAX = 131_072;
const NESTING_MAX = 20;
const PARTS_MAX = 50;
const FIELDS_MAX = 500;
const LINE_FEED = 10;
const DOT = 46;

/** The MimeReader port of the engine. */
export class PostalMimeReader {
  read(content: Content, done: (parts: MimeParts | null) => void): void {
    const octets = wireOctets(content);
    PostalMime.parse(octets, {
      forceRfc822Attachments: true,
      maxNestingDepth: NESTING_MAX,
      maxHeadersSize: CONTENT_OCTETS_MAX,
    }).then(
      (mail) => {
        const parts = mail.attachments.slice(0, PARTS_MAX).map(
          ({ mimeType, content: part }): MimePart => ({
            type: mimeType.toLowerCase(),
            text: typeof part === 'string' ? part : Buffer.from(part as ArrayBuffer).toString('latin1'),
          }),
        );
        const fields = mail.headers
          .slice(0, FIELDS_MAX)
          .map(({ key, value }) => ({ name: key, value: decodeWords(value) }));
        const text = mail.text ?? (mail.html ?? '').replace(/<[^>]*>/g, ' ');
        // Outside of the promise, so that what `done` throws is not taken for mail that cannot be read.
        setImmediate(() => done({ fields, text, parts }));
      },
      () => setImmediate(() => done(null)),
    );
  }
}

/** The beginning of the message, without dot-stuffing; the final dot goes, too, where it is within. */
function wireOctets({ headerSection, body }: Content): Uint8Array {
  const header = Buffer.from(`${headerSection.slice(0, CONTENT_OCTETS_MAX)}\r\n`, 'latin1');
  const chunks: Uint8Array[] = [header];
  let room = CONTENT_OCTETS_MAX - header.length;
  for (const chunk of body) {
    if (room <= 0) break;
    chunks.push(chunk.subarray(0, room));
    room -= chunk.length;
  }
  return unstuffed(Buffer.concat(chunks));
}

/** Copies what stands between the dots that begin a line. */
function unstuffed(octets: Buffer): Uint8Array {
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = octets.indexOf('\n.'); at >= 0; at = octets.indexOf('\n.', at + 2)) {
    pieces.push(octets.subarray(start, at + 1));
    start = at + 2;
  }
  if (start === 0) return octets;
  pieces.push(octets.subarray(start));
  const whole = Buffer.concat(pieces);
  const isEnded = octets.length >= 4 && octets[octets.length - 3] === DOT && octets[octets.length - 4] === LINE_FEED;
  return isEnded ? whole.subarray(0, whole.length - 2) : whole;
}
