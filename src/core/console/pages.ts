// Lists that may be very long, a page at a time: whoever makes one does a bounded part of it in one turn of its loop, and
// goes on when the reader asks for the next page. They are read to their end or left early.

/** How the lists of the console come. No page is empty. */
export type Pages<T> = AsyncIterable<readonly T[]>;

/** Rows read or written in one turn of the loop. */
export const ROWS_PER_TURN = 1000;

/** Comes back in a later turn of the loop: for what takes many steps. */
export interface Pauses {
  nextTurn(): Promise<void>;
}

/** Walks the rows, with a turn for others behind each page. What changes in them meanwhile may be missed. */
export async function* inPages<T>(rows: Iterable<T>, turns: Pauses, rowsPerPage = ROWS_PER_TURN): Pages<T> {
  let page: T[] = [];
  for (const row of rows) {
    page.push(row);
    if (page.length < rowsPerPage) continue;
    yield page;
    page = [];
    await turns.nextTurn();
  }
  if (page.length > 0) yield page;
}

/** Reads all rows. */
export async function readPages<T>(pages: Pages<T>, take: (row: T) => void): Promise<void> {
  for await (const page of pages) for (const row of page) take(row);
}

export async function collectPages<T>(pages: Pages<T>): Promise<T[]> {
  const collected: T[] = [];
  await readPages(pages, (row) => collected.push(row));
  return collected;
}
