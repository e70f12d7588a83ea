// Answers over a byte stream, as lines that a person can read too: the lines of a text, then a line `. status`. A line
// of the text that begins with a dot gets one more in front, so no text can look like the end of a frame. The control
// server writes such frames, the console client reads them.

/** The text, with its last line completed, followed by the line that ends the frame. `status` is one word. */
export function frameText(text: string, status: string): string {
  const stuffed = framePiece(text);
  return `${stuffed}${stuffed === '' || stuffed.endsWith('\n') ? '' : '\n'}. ${status}\n`;
}

/** Whole lines of a frame whose end is yet to come. */
export function framePiece(lines: string): string {
  return (lines.startsWith('.') ? `.${lines}` : lines).replaceAll('\n.', '\n..');
}

/** What a reader found: complete lines of text, the end of a frame, or a line that no frame can hold. */
export type FramePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'end'; readonly status: string }
  | { readonly kind: 'violation'; readonly line: string };

/** Takes frames apart, however the stream was cut into chunks. A violation is for the caller to act on. */
export class FrameReader {
  #rest = '';

  /** The octets since the last line end, for callers that bound what they hold. */
  get pendingLength(): number {
    return this.#rest.length;
  }

  push(chunk: string): FramePart[] {
    const end = chunk.lastIndexOf('\n');
    if (end < 0) {
      this.#rest += chunk;
      return [];
    }
    const lines = (this.#rest + chunk.slice(0, end)).split('\n');
    this.#rest = chunk.slice(end + 1);
    const parts: FramePart[] = [];
    let text = '';
    for (const line of lines) {
      if (line[0] !== '.') text += `${line}\n`;
      else if (line[1] === '.') text += `${line.slice(1)}\n`;
      else {
        if (text !== '') parts.push({ kind: 'text', text });
        text = '';
        const status = /^\. (\S+)$/.exec(line)?.[1];
        parts.push(status === undefined ? { kind: 'violation', line } : { kind: 'end', status });
      }
    }
    if (text !== '') parts.push({ kind: 'text', text });
    return parts;
  }
}
