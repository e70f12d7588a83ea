// What a run of the simulated ledger is made of, and what came of it.

export interface SharedRun {
  readonly shards: number;
  readonly clientsPerShard: number;
  /** So often mail comes in and shards end for `steps` steps, and then everything comes to rest. */
  readonly rounds: number;
  readonly steps: number;
  readonly endsOfShards: boolean;
  readonly lowerings: boolean;
  /** Of the counter that everybody needs. */
  readonly nodeLimit: number;
  /** Of others. */
  readonly limits: readonly number[];
}

export interface SharedFigures {
  readonly violations: readonly string[];
  /** That were taken. */
  readonly slots: number;
  readonly retries: number;
  readonly refusals: number;
  /** How often at most a slot went past somebody without a connection who had waited for longer, and could have had it. */
  readonly overtaken: number;
}
