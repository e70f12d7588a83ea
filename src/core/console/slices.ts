// Lists of a hundred thousand rows and more, put in order a bounded number of rows at a time: mail flows between the slices.
import { type Pages, type Pauses, ROWS_PER_TURN } from './pages.ts';

/** Comparisons made in one turn. */
const COMPARISONS_PER_TURN = 5000;
/** Rows that are put in order at once. */
const RUN_LENGTH = 500;

/** The rows in order, those that are equal as they stood. */
export async function sortInSlices<T>(
  rows: readonly T[],
  turns: Pauses,
  compare: (a: T, b: T) => number,
): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let start = 0; start < rows.length; start += RUN_LENGTH) {
    runs.push(rows.slice(start, start + RUN_LENGTH).sort(compare));
    if (rows.length > RUN_LENGTH) await turns.nextTurn();
  }
  let compared = 0;
  const merge = async (one: readonly T[], other: readonly T[]): Promise<readonly T[]> => {
    const merged: T[] = [];
    let [left, right] = [0, 0];
    while (left < one.length || right < other.length) {
      const takesOther = left === one.length || (right < other.length && compare(other[right]!, one[left]!) < 0);
      merged.push(takesOther ? other[right++]! : one[left++]!);
      compared += 1;
      if (compared % COMPARISONS_PER_TURN === 0) await turns.nextTurn();
    }
    return merged;
  };
  while (runs.length > 1) {
    const longer: (readonly T[])[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      longer.push(runs[at + 1] === undefined ? runs[at]! : await merge(runs[at]!, runs[at + 1]!));
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

/** The `most` largest of the rows, in the order in which they came. Holds a few times `most` rows at a time. */
export async function largestInSlices<T>(
  rows: Pages<T>,
  turns: Pauses,
  most: number,
  sizeOf: (row: T) => number,
): Promise<T[]> {
  interface Placed {
    readonly row: T;
    readonly place: number;
  }
  let kept: Placed[] = [];
  const prune = async (): Promise<void> => {
    const larger = await sortInSlices(kept, turns, (a, b) => sizeOf(b.row) - sizeOf(a.row) || a.place - b.place);
    kept = larger.slice(0, most);
  };
  let place = 0;
  for await (const page of rows) {
    for (const row of page) kept.push({ row, place: place++ });
    if (kept.length >= 2 * most + ROWS_PER_TURN) await prune();
  }
  if (kept.length > most) await prune();
  const inOrder = await sortInSlices(kept, turns, (a, b) => a.place - b.place);
  return inOrder.map(({ row }) => row);
}
