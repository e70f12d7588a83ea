// Every seed that ever failed, with what was wrong. A seed means the same run only with the same plans, so the test that
// the cause deserves stands beside the code that was wrong; these are run because they cost little and have once been
// worth it.

export interface FailedSeed {
  readonly seed: number;
  readonly reason: string;
}

export const FAILED_SEEDS: readonly FailedSeed[] = [
  {
    seed: 348,
    reason: 'idle connections above a lowered limit stayed (a bug put in on purpose; no other seed saw it)',
  },
  {
    seed: 266,
    reason:
      'what was reserved of throttles did not count after a kill (a bug put in on purpose; no seed up to 200 saw it)',
  },
  {
    seed: 67,
    reason: 'an idle connection kept the slot of one who waited, since the slot that was to come went elsewhere',
  },
  {
    seed: 3103,
    reason: 'the checker took an older attempt for one that had not named its recipient (also 6744, 9318, 10859)',
  },
  { seed: 4629, reason: 'the same as 67, with the limit of the node' },
  { seed: 5738, reason: 'the same as 67, with a sum over a scope' },
  { seed: 8757, reason: 'a token of a failed connection was used although a lower rate had come into force' },
  { seed: 4650, reason: 'an idle connection kept the slot of a queue that lost its last connection (also 5044, 5601)' },
  { seed: 5102, reason: 'the checker expected the engine to notice a wall clock that was set back into a suspension' },
  {
    seed: 3564,
    reason:
      'the checker wanted idle connections of queues without mail to go when quiet hours begin (also 9095, 10657)',
  },
  {
    seed: 21340,
    reason:
      'the checker overlooked a slot on its way back, of a connection to an exchanger of several domains that had named none',
  },
  { seed: 43, reason: 'the checker took an attempt that ended in the turn of a delay for mail that was delayed' },
  { seed: 154, reason: 'the checker knew no routes that change while a connection is opened (also 160)' },
  { seed: 5124, reason: 'the checker wanted no notice for mail that ended by itself in the turn of a quiet command' },
  {
    seed: 2632,
    reason: 'the checker counted connections by the former configuration while the new one was taken into force',
  },
  { seed: 8997, reason: 'delayed mail that was moved to a blackholed queue stayed there until it was due' },
];
