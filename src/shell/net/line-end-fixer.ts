// Rewrites CR and LF that stand alone to CRLF (design decision 24), piece by piece. The dots are put right with them: a
// line that begins only now gets a dot in front of its own, and a dot that was stuffing in front of a line that becomes
// empty goes. So what comes out is wire form again, with a CR before every LF and a LF behind every CR.
//
// The end of the message is found before this, in what the client sent: no lone line end ever takes part in it.

/** Octets at the end of a piece that only the next one explains. */
type Held = '' | '\r' | '.' | '.\r';

const HELD_OCTETS: Readonly<Record<Held, Buffer | null>> = {
  '': null,
  '\r': Buffer.from('\r'),
  '.': Buffer.from('.'),
  '.\r': Buffer.from('.\r'),
};
const FINAL_DOT = '.\r\n';

export class LineEndFixer {
  #held: Held = '';
  #isAtLineStart = true;
  /** The last octet was a LF that stood alone. */
  #isAfterLoneEnd = false;
  #added = 0;

  /** Line ends rewritten so far: octets by which the content grew, stuffing not counted. */
  get added(): number {
    return this.#added;
  }

  /**
   * @param needsFixing whether the piece shows a lone line end, possibly in front of it
   * @param reached how much of CRLF.CRLF its end has matched (0 to 4), or 5 when it ends the message
   */
  fix(piece: Buffer, needsFixing: boolean, reached: number): Buffer[] {
    const held = this.#held;
    const isLast = reached === 5;
    this.#held = isLast ? '' : heldAt(reached);
    const rest = this.#held.length;
    let fixed: Buffer[];
    if (needsFixing || this.#isAfterLoneEnd) {
      const text = held + piece.toString('latin1');
      const content = this.#fixText(text.slice(0, text.length - (isLast ? FINAL_DOT.length : rest)));
      fixed = [Buffer.from(isLast ? content + FINAL_DOT : content, 'latin1')];
    } else {
      const front = HELD_OCTETS[held];
      // What was held before may be held again, when the piece is short.
      if (rest > piece.length) return [];
      const content = rest === 0 ? piece : piece.subarray(0, piece.length - rest);
      fixed = front === null ? [content] : [front, content];
      this.#isAfterLoneEnd = false;
    }
    this.#isAtLineStart = reached >= 2 && reached < 5;
    return fixed.filter(({ length }) => length > 0);
  }

  #fixText(text: string): string {
    if (text === '') return text;
    let fixed = text.replaceAll(/(?<=\r\n)\.(?=\r(?!\n)|\n)/g, '');
    if (this.#isAtLineStart && /^\.(?:\r(?!\n)|\n)/.test(fixed)) fixed = fixed.slice(1);
    if (this.#isAfterLoneEnd && fixed.startsWith('.')) fixed = `.${fixed}`;
    this.#isAfterLoneEnd = fixed.endsWith('\n') && !fixed.endsWith('\r\n');
    const before = fixed.length;
    fixed = fixed.replaceAll(/(?:\r(?!\n)|(?<!\r)\n)\./g, '\r\n..');
    const between = fixed.length;
    fixed = fixed.replaceAll(/\r(?!\n)|(?<!\r)\n/g, '\r\n');
    this.#added += (between - before) / 2 + (fixed.length - between);
    return fixed;
  }
}

function heldAt(reached: number): Held {
  if (reached === 1) return '\r';
  if (reached === 3) return '.';
  return reached === 4 ? '.\r' : '';
}
