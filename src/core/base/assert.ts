// Programmer errors. An InvariantError is a bug of ours: it is thrown, never caught, and stops the process;
// the spool recovers. What the world or an operator may do wrong is a value, not an exception.

/** A broken promise of our own code. Not caught anywhere: the daemon logs it and stops. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds; `claim` is the sentence that should be true. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new InvariantError(claim);
}
