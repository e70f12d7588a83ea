// Octets of a console client into command lines, with a bound on what is held.

/** Longest command line in octets; room for a list value of some thousand addresses. */
export const COMMAND_OCTETS_MAX = 65_536;

export type CommandLine = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'tooLong' };

const LF = 0x0a;

/** Holds at most one unfinished line of {@link COMMAND_OCTETS_MAX}; of a longer one it keeps only that it was. */
export class CommandLines {
  #held: Buffer[] = [];
  #heldOctets = 0;

  /** The lines that `chunk` completes, without LF or CRLF. */
  push(chunk: Buffer): CommandLine[] {
    const lines: CommandLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines;
  }

  /** What stood behind the last line end when the client ended its side, or null when nothing did. */
  end(): CommandLine | null {
    return this.#heldOctets === 0 ? null : this.#take();
  }

  #hold(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#heldOctets += piece.length;
    if (this.#heldOctets > COMMAND_OCTETS_MAX) this.#held = [];
    else this.#held.push(piece);
  }

  #take(): CommandLine {
    const isTooLong = this.#heldOctets > COMMAND_OCTETS_MAX;
    const text = Buffer.concat(this.#held).toString('utf8');
    this.#held = [];
    this.#heldOctets = 0;
    return isTooLong ? { kind: 'tooLong' } : { kind: 'line', text: text.endsWith('\r') ? text.slice(0, -1) : text };
  }
}
