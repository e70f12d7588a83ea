// The last lines of paniclog, for the console, and the damping of lines that repeat themselves.
import type { WallMs } from '../../core/base/moment.ts';
import type { PanicLine } from '../../core/console/server-view.ts';

const LINES_PER_LEVEL = 10;
/** The same text is written once in so much time. */
const REPEAT_MS = 60_000;
/** Texts whose repetition is noticed. */
const TEXTS_MAX = 200;

export class PanicMemory {
  /** Oldest first. */
  #lines: PanicLine[] = [];
  /** By level and text; the longest unwritten first. */
  readonly #recent = new Map<string, { readonly at: WallMs; suppressed: number }>();

  /** Oldest first; at most ten of each level. */
  get lines(): readonly PanicLine[] {
    return this.#lines;
  }

  /** @returns what to write, or null when the same was written less than a minute ago */
  add(line: PanicLine): PanicLine | null {
    const key = `${line.level} ${line.text}`;
    const earlier = this.#recent.get(key);
    // A clock that was set back must not silence a line for longer.
    if (earlier !== undefined && line.at >= earlier.at && line.at - earlier.at < REPEAT_MS) {
      earlier.suppressed += 1;
      return null;
    }
    this.#recent.delete(key);
    this.#recent.set(key, { at: line.at, suppressed: 0 });
    if (this.#recent.size > TEXTS_MAX) this.#recent.delete(this.#recent.keys().next().value!);
    const suppressed = earlier?.suppressed ?? 0;
    const written =
      suppressed === 0 ? line : { ...line, text: `${line.text} (left out since the last: ${suppressed})` };
    this.#keep(written);
    return written;
  }

  #keep(line: PanicLine): void {
    const ofLevel = this.#lines.filter((kept) => kept.level === line.level);
    if (ofLevel.length === LINES_PER_LEVEL) this.#lines = this.#lines.filter((kept) => kept !== ofLevel[0]);
    this.#lines.push(line);
  }
}
