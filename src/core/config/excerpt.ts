// The line a mistake stands on and a caret below the spot, as they are printed beneath the message.
import { printableInPlace } from '../base/printable.ts';

/** Columns of a line that are shown; of a longer one the part around the spot. */
const WIDTH_MAX = 100;
/** Of those, at most so many before the spot. */
const BEFORE_MAX = 60;
const TAB_STOP = 4;
const CUT = '...';
const MARGIN = '    ';

/** Scripts whose letters take two columns of a terminal, and what takes none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NARROWLESS = /[\p{Mn}\p{Me}\u200b-\u200d]/u;

/**
 * Two lines, without a line end behind the second. Null where the line is blank, since nothing can be pointed at.
 * @param column from 1, in UTF-16 units; one behind the end of the line points there
 */
export function formatExcerpt(line: string, column: number): string | null {
  if (line.trim() === '') return null;
  const spot = Math.min(Math.max(column - 1, 0), line.length);
  // What is shown lies within so many units of the spot, so that a line of megabytes costs no more than another.
  const before = cellsOf(line.slice(Math.max(0, spot - 4 * WIDTH_MAX), spot));
  const behind = cellsOf(line.slice(spot, spot + 4 * WIDTH_MAX).trimEnd(), widthOf(before));
  const isCutBefore = spot > 4 * WIDTH_MAX || widthOf(before) + widthOf(behind) > WIDTH_MAX;
  const left = isCutBefore ? endOf(before, BEFORE_MAX) : before;
  const right = beginOf(behind, WIDTH_MAX - widthOf(left));
  const prefix = left.length < before.length || spot > 4 * WIDTH_MAX ? CUT : '';
  const suffix = right.length < behind.length ? CUT : '';
  const shown = `${prefix}${textOf(left)}${textOf(right)}${suffix}`;
  return `${MARGIN}${shown}\n${MARGIN}${' '.repeat(prefix.length + widthOf(left))}^`;
}

interface Cell {
  readonly text: string;
  readonly width: number;
}

/** @param from the column of the first, for tabs */
function cellsOf(text: string, from = 0): Cell[] {
  const cells: Cell[] = [];
  let column = from;
  for (const character of text) {
    const width = character === '\t' ? TAB_STOP - (column % TAB_STOP) : columnsOf(character);
    cells.push({ text: character === '\t' ? ' '.repeat(width) : printableInPlace(character), width });
    column += width;
  }
  return cells;
}

function columnsOf(character: string): number {
  if (character < '\u0300') return 1;
  return NARROWLESS.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

const widthOf = (cells: readonly Cell[]): number => cells.reduce((sum, { width }) => sum + width, 0);
const textOf = (cells: readonly Cell[]): string => cells.map(({ text }) => text).join('');

/** As many cells as fit into `most` columns, from the first on. */
function beginOf(cells: readonly Cell[], most: number): readonly Cell[] {
  let width = 0;
  const end = cells.findIndex((cell) => {
    width += cell.width;
    return width > most;
  });
  return end < 0 ? cells : cells.slice(0, end);
}

/** The same up to the last. */
function endOf(cells: readonly Cell[], most: number): readonly Cell[] {
  return beginOf(cells.toReversed(), most).toReversed();
}
