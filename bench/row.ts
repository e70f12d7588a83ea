// A row of figures: who is measured, in how many rounds, and how the table shows it.
import type { Contestant, Scale } from './contestant.ts';
import type { Goal, Layout } from './layout.ts';

/** Unless a row has a reason for another number. */
export const ROUNDS = 5;

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly rounds: number;
  /** What a round is expected to take on two idle processors. */
  readonly roundMinutes: number;
  readonly layout: Layout;
  readonly goals?: readonly Goal[];
  /** Other rows whose figures its table has as well. */
  readonly from?: readonly string[];
  /** None: its table is worked out from others. */
  contestants(scale: Scale): readonly Contestant[];
}
