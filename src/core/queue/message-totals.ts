// How many messages wait, over several queues: kept up to date by the queues themselves, so that nobody has to add up a
// million of them.

export interface MessageTotals {
  /** Messages (recipients) in active queues. */
  active: number;
  /** Messages in delayed queues. */
  delayed: number;
}
