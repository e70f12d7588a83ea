// The octets between 354 and the final dot: finds their end over any chunking, keeps what somebody will look at.

const END = Buffer.from('\r\n.\r\n', 'latin1');
const HEADER_END = Buffer.from('\r\n\r\n', 'latin1');
const STUFFED_DOT = Buffer.from('\r\n.', 'latin1');
/** As if a line had ended before the data: a dot may stand on their first line. */
const START = Buffer.from('\r\n', 'latin1');
/** Of a message that is not kept whole, the header section is looked for in so many octets. */
const HEADER_MAX = 65_536;

export type Kept = 'nothing' | 'header' | 'all';

export class MessageData {
  readonly #keptMax: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  /** The last octets so far, at most four: the end may stand across two chunks. */
  #edge: Buffer = START;
  #octets = 0;

  /** @param sizeMax no more than this is kept */
  constructor(kept: Kept, sizeMax: number) {
    this.#keptMax = kept === 'nothing' ? 0 : kept === 'header' ? HEADER_MAX : sizeMax;
  }

  /** Octets so far; at the end, without the final dot's line. */
  get octets(): number {
    return this.#octets;
  }

  /** Reads on from `from`. @returns the offset behind the final dot's line, or -1 when it is not in this chunk */
  feed(chunk: Buffer, from: number): number {
    const end = this.#findEnd(chunk, from);
    if (end < 0) {
      this.#keep(chunk, from, chunk.length);
      const seam = Buffer.concat([this.#edge, chunk.subarray(Math.max(from, chunk.length - 4))]);
      this.#edge = seam.subarray(Math.max(0, seam.length - 4));
      return -1;
    }
    this.#keep(chunk, from, end);
    this.#octets = Math.max(0, this.#octets - 3); // the dot and its line end
    return end;
  }

  #findEnd(chunk: Buffer, from: number): number {
    const seam = Buffer.concat([this.#edge, chunk.subarray(from, from + 4)]);
    const across = seam.indexOf(END);
    if (across >= 0) return from + across + END.length - this.#edge.length;
    const inside = chunk.indexOf(END, from);
    return inside < 0 ? -1 : inside + END.length;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    this.#octets += to - from;
    const room = this.#keptMax - this.#kept;
    if (room <= 0) return;
    const piece = chunk.subarray(from, Math.min(to, from + room));
    this.#chunks.push(piece);
    this.#kept += piece.length;
  }

  /** The value of a header field, its first when it stands twice, or null. */
  field(name: string): string | null {
    const content = this.#wire();
    const end = content.indexOf(HEADER_END);
    const header = content.toString('latin1', 0, end < 0 ? content.length : end);
    const start = `\n${header}`.toLowerCase().indexOf(`\n${name.toLowerCase()}:`);
    if (start < 0) return null;
    const lineEnd = header.indexOf('\r\n', start);
    return header.slice(start + name.length + 1, lineEnd < 0 ? header.length : lineEnd).trim();
  }

  /** What was sent, without dot-stuffing and without the final dot's line. */
  content(): Buffer {
    const wire = this.#wire().subarray(0, this.#octets);
    const pieces: Buffer[] = [];
    let from = wire[0] === 0x2e ? 1 : 0;
    for (let dot = wire.indexOf(STUFFED_DOT, from); dot >= 0; dot = wire.indexOf(STUFFED_DOT, from)) {
      pieces.push(wire.subarray(from, dot + 2));
      from = dot + 3;
    }
    pieces.push(wire.subarray(from));
    return Buffer.concat(pieces);
  }

  #wire(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }
}
