// Reads what follows DATA, chunk by chunk as the socket gave it, up to the final dot. The end is CRLF.CRLF in what the
// client sent and nothing else (RFC 5321 section 4.1.1.4; SMTP smuggling lives on servers that also accept LF.LF and
// the like); the first line counts as standing behind a CRLF. What is kept is in wire form; a message that will be refused is
// read to its end, but not kept. One reader per message, used by InboundConnection.
//
// A chunk is there until `push` returns, so what is kept of it is copied into blocks; only the last one is looked at where it
// is. A message up to LENT_OCTETS_MAX is lent to who asks for the outcome: its blocks are used again after `release`. A larger
// one is given away, lest it is copied once more.
//
// Of several reasons to refuse, one is told, whatever the chunks were: tooLarge, then nul, loneLineEnd, headerTooLarge.
import { assert } from '../../core/base/assert.ts';
import { LENT_OCTETS_MAX } from '../../core/mail/message.ts';
import type { DataOutcome, DataRules } from '../../engine/ports.ts';
import type { DataBlocks } from './data-blocks.ts';
import { ENDED, matchNext, scanData } from './data-scan.ts';
import { splitContent } from './header-section.ts';
import { LineEndFixer } from './line-end-fixer.ts';

const END_OF_DATA = '\r\n.\r\n';
const FINAL_DOT_OCTETS = 3;
const LF = 0x0a;
const DOT = 0x2e;

export class DataReader {
  readonly #maxSize: number;
  readonly #fixer: LineEndFixer | null;
  /** How much of CRLF.CRLF the octets so far end with: 0 to 4, or {@link ENDED}. 1 and 4 mean that the last is a CR. */
  #reached = 2;
  #octets = 0;
  /** Dots in front of lines that begin with one: not part of the message. Includes the final one. */
  #stuffedDots = 0;
  #hasLoneLineEnd = false;
  #hasNul = false;
  #isTooLarge = false;
  readonly #blocks: DataBlocks;
  /** What is kept of the chunks before the last. The last of them is filled up to `#filled`. */
  readonly #taken: Buffer[] = [];
  #filled = 0;
  /** What is kept of the chunk with the end. */
  #last: Buffer[] = [];
  /** Octets of both. */
  #kept = 0;

  constructor(rules: DataRules, blocks: DataBlocks) {
    this.#blocks = blocks;
    this.#maxSize = rules.maxSize === 0 ? Number.POSITIVE_INFINITY : rules.maxSize;
    this.#fixer = rules.loneLineEnds === 'fix' ? new LineEndFixer() : null;
  }

  /**
   * Takes the octets of `chunk` from `from` on. Of the chunk with the end it keeps a view, until the outcome was taken.
   * @returns where the commands behind the final dot begin, or -1 when all of it was message data
   */
  push(chunk: Buffer, from: number): number {
    assert(this.#reached !== ENDED, 'nothing is read behind the final dot');
    const reachedBefore = this.#reached;
    let end = this.#isTooLarge ? null : this.#scan(chunk, from);
    const areLinesRight = end !== null;
    end ??= this.#findEnd(chunk, from);
    const until = end < 0 ? chunk.length : end;
    const piece = from === 0 && until === chunk.length ? chunk : chunk.subarray(from, until);
    this.#octets += piece.length;
    if (this.#isTooLarge || piece.length === 0) return end;
    if (!areLinesRight && piece.includes(0)) this.#hasNul = true;
    this.#take(piece, !areLinesRight && this.#readLines(piece.toString('latin1'), reachedBefore));
    return end;
  }

  /** Once the final dot was read. Up to LENT_OCTETS_MAX the content is there until `release`. */
  outcome(): DataOutcome {
    assert(this.#reached === ENDED, 'a message is complete when its final dot was read');
    if (this.#isTooLarge || this.#contentSize > this.#maxSize) return { kind: 'refused', rule: 'tooLarge' };
    if (this.#hasNul) return { kind: 'refused', rule: 'nul' };
    if (this.#isLoneLineEndRefused) return { kind: 'refused', rule: 'loneLineEnd' };
    const content = splitContent(this.#pieces());
    if (content === null) return { kind: 'refused', rule: 'headerTooLarge' };
    return { kind: 'content', content, size: this.#contentSize };
  }

  /** Its memory may be used again. */
  release(): void {
    if (this.#isGivenAway) this.#taken.length = 0;
    this.#drop();
  }

  get #isGivenAway(): boolean {
    return this.#kept > LENT_OCTETS_MAX;
  }

  get #contentSize(): number {
    const withoutStuffing = this.#octets - this.#stuffedDots + (this.#fixer?.added ?? 0);
    // The final dot counts as stuffing, the CRLF behind it is not part of the message either.
    return withoutStuffing - (FINAL_DOT_OCTETS - 1);
  }

  get #isLoneLineEndRefused(): boolean {
    return this.#hasLoneLineEnd && this.#fixer === null;
  }

  /** Notes what there is to find in lines that end as they should, as nearly all do. @returns as `push` does; null otherwise */
  #scan(chunk: Buffer, from: number): number | null {
    const found = scanData(chunk, from, this.#reached);
    if (found === null) return null;
    this.#stuffedDots += found.stuffedDots;
    this.#reached = found.reached;
    return found.end;
  }

  /** Moves `#reached` to the end of the chunk, or to {@link ENDED}. @returns the index behind the end of data, or -1 */
  #findEnd(chunk: Buffer, from: number): number {
    // An end that began in earlier chunks is complete within four octets.
    const edge = Math.min(from + 4, chunk.length);
    let reached = this.#reached;
    for (let at = from; at < edge; at++) {
      reached = matchNext(reached, chunk[at]!);
      if (reached !== ENDED) continue;
      this.#reached = ENDED;
      return at + 1;
    }
    if (edge === chunk.length) {
      this.#reached = reached;
      return -1;
    }
    const found = chunk.indexOf(END_OF_DATA, from, 'latin1');
    if (found >= 0) {
      this.#reached = ENDED;
      return found + END_OF_DATA.length;
    }
    reached = 0;
    for (let at = chunk.length - 4; at < chunk.length; at++) reached = matchNext(reached, chunk[at]!);
    this.#reached = reached;
    return -1;
  }

  #take(piece: Buffer, hasLoneLineEnd: boolean): void {
    if (hasLoneLineEnd) this.#hasLoneLineEnd = true;
    // The fixer sees all of it, since it knows the size.
    const wire = this.#fixer === null ? null : this.#fixer.fix(piece, hasLoneLineEnd, this.#reached);
    if (this.#hasNul || this.#isLoneLineEndRefused) this.#drop();
    else if (wire === null) this.#keep(piece);
    else for (const fixed of wire) this.#keep(fixed);
    // Whatever follows, at most the last three octets turn out to be the final dot.
    if (this.#contentSize - 1 <= this.#maxSize) return;
    this.#isTooLarge = true;
    this.#drop();
  }

  /** Counts the stuffed dots. @returns whether a CR or LF stands alone, as far as that can be told by now */
  #readLines(text: string, reachedBefore: number): boolean {
    const isBehindCr = reachedBefore === 1 || reachedBefore === 4;
    let from = 0;
    if (isBehindCr) {
      if (text.charCodeAt(0) !== LF) {
        this.#countStuffedDots(text);
        return true;
      }
      from = 1;
    }
    let dots = (from === 1 || reachedBefore === 2) && text.charCodeAt(from) === DOT ? 1 : 0;
    let lf = text.indexOf('\n', from);
    let cr = text.indexOf('\r', from);
    while (lf >= 0 && lf === cr + 1 && lf > from) {
      from = lf + 1;
      if (text.charCodeAt(from) === DOT) dots++;
      lf = text.indexOf('\n', from);
      cr = text.indexOf('\r', from);
    }
    const isClean = lf < 0 && (cr < 0 || cr === text.length - 1);
    if (isClean) {
      this.#stuffedDots += dots;
      return false;
    }
    this.#countStuffedDots(isBehindCr ? `\r${text}` : reachedBefore === 2 ? `\r\n${text}` : text);
    return true;
  }

  #countStuffedDots(text: string): void {
    for (let at = text.indexOf('\r\n.'); at >= 0; at = text.indexOf('\r\n.', at + 3)) this.#stuffedDots++;
  }

  #keep(piece: Buffer): void {
    this.#kept += piece.length;
    if (this.#reached === ENDED) this.#last.push(piece);
    else this.#copy(piece);
  }

  #copy(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      let block = this.#taken.at(-1);
      if (block === undefined || this.#filled === block.length) {
        block = this.#blocks.take(2 * this.#kept);
        this.#taken.push(block);
        this.#filled = 0;
      }
      const octets = piece.copy(block, this.#filled, at);
      this.#filled += octets;
      at += octets;
    }
  }

  #pieces(): Buffer[] {
    if (this.#isGivenAway) for (const piece of this.#last.splice(0)) this.#copy(piece);
    const pieces = this.#taken.concat(this.#last);
    const filled = this.#taken.length - 1;
    if (filled >= 0) pieces[filled] = pieces[filled]!.subarray(0, this.#filled);
    return pieces;
  }

  #drop(): void {
    if (this.#taken.length > 0) for (const block of this.#taken.splice(0)) this.#blocks.giveBack(block);
    this.#last = [];
    this.#kept = 0;
    this.#filled = 0;
  }
}
