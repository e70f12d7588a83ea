// What the spool reports to the operator. Nothing here stops it.
export type SpoolProblemKind =
  /** A record, or something that was one, cannot be read. Its bytes are in the quarantine if that could be written. */
  | 'damaged'
  /** An unfinished commit was found at start, as an unclean stop leaves it: never acknowledged, kept in quarantine. */
  | 'unfinished'
  /** A commit failed; its records were refused. */
  | 'commitFailed'
  /** Settlements could not be written yet. Until they are, a restart repeats deliveries. */
  | 'settlementsFailed'
  /** Space could not be given back, or prepared, or compacted; it is tried again. */
  | 'housekeepingFailed';

export interface SpoolProblem {
  readonly kind: SpoolProblemKind;
  /** One line for the operator. */
  readonly text: string;
  /** Where the bytes were kept. */
  readonly quarantineFile?: string;
}

export type ReportProblem = (problem: SpoolProblem) => void;

/** The spool cannot be opened. Nothing in it was changed. */
export class SpoolUnavailable extends Error {
  override readonly name = 'SpoolUnavailable';
}
