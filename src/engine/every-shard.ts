// Asking all shards of a process, and making one answer of theirs: the ways that the views in shards-*.ts share. Shards are
// read one after the other where their order shows, so that the same state gives the same list.
import { inPages, type Pages, type Pauses } from '../core/console/pages.ts';

/**
 * Asks all of them at the same time and waits for all, also when one fails: what was begun is over when this is.
 * @returns the answers in the order of the shards
 */
export async function askAll<S, T>(shards: readonly S[], ask: (shard: S, index: number) => Promise<T>): Promise<T[]> {
  const asked = await Promise.allSettled(shards.map(async (shard, index) => ask(shard, index)));
  return asked.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** The first answer that is one, in the order of the shards. */
export async function askForOne<S, T>(shards: readonly S[], ask: (shard: S) => Promise<T | null>): Promise<T | null> {
  return (await askAll(shards, ask)).find((answer) => answer !== null) ?? null;
}

/** The rows of all, one shard behind the other. */
export async function* rowsOfAll<S, T>(
  shards: readonly S[],
  list: (shard: S) => Pages<T>,
  shapeOf: (row: T, index: number) => T = (row) => row,
): Pages<T> {
  for (const [index, shard] of shards.entries()) {
    for await (const page of list(shard)) yield page.map((row) => shapeOf(row, index));
  }
}

/** The rows of all, those with the same key as one, in the order in which keys are met. Holds all of them. */
export async function* joinedRows<S, T>(
  shards: readonly S[],
  list: (shard: S) => Pages<T>,
  keyOf: (row: T) => string,
  join: (one: T, other: T) => T,
  turns: Pauses,
): Pages<T> {
  const rowsByKey = new Map<string, T>();
  for (const shard of shards) {
    for await (const page of list(shard)) for (const row of page) joinInto(rowsByKey, row, keyOf, join);
  }
  yield* inPages(rowsByKey.values(), turns);
}

/** The same of rows that are there already. */
export function joinedBy<T>(rows: readonly T[], keyOf: (row: T) => string, join: (one: T, other: T) => T): T[] {
  const rowsByKey = new Map<string, T>();
  for (const row of rows) joinInto(rowsByKey, row, keyOf, join);
  return [...rowsByKey.values()];
}

function joinInto<T>(
  rowsByKey: Map<string, T>,
  row: T,
  keyOf: (row: T) => string,
  join: (one: T, other: T) => T,
): void {
  const key = keyOf(row);
  const before = rowsByKey.get(key);
  rowsByKey.set(key, before === undefined ? row : join(before, row));
}

export const sum = (figures: readonly number[]): number => figures.reduce((total, one) => total + one, 0);
