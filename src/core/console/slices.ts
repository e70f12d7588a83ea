// Lists of a hundred thousand rows and more, made a bounded number of rows at a time: mail flows between the slices.
import type { ServerView } from './server-view.ts';

/** Rows read or written in one turn of the loop. */
export const ROWS_PER_TURN = 1000;
/** Comparisons made in one turn. */
const COMPARISONS_PER_TURN = 5000;
/** Rows that are put in order at once. */
const RUN_LENGTH = 500;

type Turns = Pick<ServerView, 'nextTurn'>;

/** Reads all rows. */
export async function readInSlices<T>(rows: Iterable<T>, server: Turns, take: (row: T) => void): Promise<void> {
  let read = 0;
  for (const row of rows) {
    take(row);
    read += 1;
    if (read % ROWS_PER_TURN === 0) await server.nextTurn();
  }
}

export async function collectInSlices<T>(rows: Iterable<T>, server: Turns): Promise<T[]> {
  const collected: T[] = [];
  await readInSlices(rows, server, (row) => collected.push(row));
  return collected;
}

/** The rows in order, those that are equal as they stood. */
export async function sortInSlices<T>(
  rows: readonly T[],
  server: Turns,
  compare: (a: T, b: T) => number,
): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let start = 0; start < rows.length; start += RUN_LENGTH) {
    runs.push(rows.slice(start, start + RUN_LENGTH).sort(compare));
    if (rows.length > RUN_LENGTH) await server.nextTurn();
  }
  let compared = 0;
  const merge = async (one: readonly T[], other: readonly T[]): Promise<readonly T[]> => {
    const merged: T[] = [];
    let [left, right] = [0, 0];
    while (left < one.length || right < other.length) {
      const takesOther = left === one.length || (right < other.length && compare(other[right]!, one[left]!) < 0);
      merged.push(takesOther ? other[right++]! : one[left++]!);
      compared += 1;
      if (compared % COMPARISONS_PER_TURN === 0) await server.nextTurn();
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
  rows: Iterable<T>,
  server: Turns,
  most: number,
  sizeOf: (row: T) => number,
): Promise<T[]> {
  interface Placed {
    readonly row: T;
    readonly place: number;
  }
  let kept: Placed[] = [];
  const prune = async (): Promise<void> => {
    const larger = await sortInSlices(kept, server, (a, b) => sizeOf(b.row) - sizeOf(a.row) || a.place - b.place);
    kept = larger.slice(0, most);
  };
  let place = 0;
  for (const row of rows) {
    kept.push({ row, place });
    place += 1;
    if (place % ROWS_PER_TURN === 0) await server.nextTurn();
    if (kept.length >= 2 * most + ROWS_PER_TURN) await prune();
  }
  if (kept.length > most) await prune();
  const inOrder = await sortInSlices(kept, server, (a, b) => a.place - b.place);
  return inOrder.map(({ row }) => row);
}
