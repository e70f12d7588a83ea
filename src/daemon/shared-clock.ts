// The clock that all threads of shards have in common: performance.now() begins anew in each. Both read the same clock of the
// system, so how far one is behind the other never changes; it is found out within a microsecond.

const LOOKS = 50;

/** A time by that clock, to be told to all. */
export function sharedClock(): bigint {
  return process.hrtime.bigint();
}

/** How far performance.now() of this thread is behind the clock that began at `origin`, in milliseconds. */
export function behindClock(origin: bigint): number {
  let behindMs = 0;
  let narrowest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < LOOKS; look++) {
    const before = performance.now();
    const shared = Number(sharedClock() - origin) / 1e6;
    const after = performance.now();
    if (after - before >= narrowest) continue; // the system set this thread aside in between
    narrowest = after - before;
    behindMs = shared - (before + after) / 2;
  }
  return behindMs;
}
