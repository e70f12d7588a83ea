// How the figures of a row are shown: columns, lines that are worked out from others, and the goals that they have to meet.

export interface Column {
  readonly figure: string;
  readonly title: string;
  readonly digits: number;
  /** Adds a column that compares with Headgate: `more` for figures that should be great, `less` for those that cost. */
  readonly ratio?: 'more' | 'less';
}

/** The median of a figure of a contestant; of the row itself unless another is named. NaN where it was not measured. */
export type MedianOf = (contestant: string, figure: string, row?: string) => number;

export interface ColumnLayout {
  readonly kind: 'columns';
  readonly columns: readonly Column[];
  /** Lines that are worked out from medians, of this row and of others. */
  readonly derived?: (median: MedianOf) => readonly DerivedLine[];
}

/** What is NaN is left empty. */
export interface DerivedLine {
  readonly name: string;
  readonly figures: Readonly<Record<string, number>>;
  /** In place of those of the columns. */
  readonly digits?: number;
}

/**
 * How a table shows a row: a line for each contestant; or every figure of every contestant, one a line; or the same with
 * each size compared with the first; or a line for each figure and a column for each contestant.
 */
export type Layout = ColumnLayout | { readonly kind: 'figures' | 'growth' | 'side by side' };

/** What a figure has to reach. Both of its sides stand below the table, whether it is met or not. */
export interface Goal {
  readonly what: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly digits: number;
  /** NaN where it was not measured. */
  readonly value: (median: MedianOf) => number;
}
