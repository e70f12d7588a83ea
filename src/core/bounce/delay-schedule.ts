// When a sender hears that a message is late: r after its reception, then 2r, 4r and so on after the notice before, until
// the longest interval is reached. The times depend on the reception alone, so nothing about them need be kept.

export interface DelaySettings {
  /** delay_dsn_retry_interval; 0 = no notices. */
  readonly delayNoticeIntervalMs: number;
  /** delay_dsn_max_retry_interval; 0 = no cap. */
  readonly delayNoticeMaxIntervalMs: number;
}

/** How long after the reception the first notice is due that is due later than `elapsedMs`; infinite for never. */
export function nextDelayNoticeMs(elapsedMs: number, settings: DelaySettings): number {
  const { delayNoticeIntervalMs: first, delayNoticeMaxIntervalMs: cap } = settings;
  if (first <= 0) return Number.POSITIVE_INFINITY;
  const longest = cap <= 0 ? Number.POSITIVE_INFINITY : cap;
  let [dueMs, interval] = [0, Math.min(first, longest)];
  while (interval < longest) {
    dueMs += interval;
    if (dueMs > elapsedMs) return dueMs;
    interval = Math.min(interval * 2, longest);
  }
  // From here on the intervals are equal.
  return dueMs + longest * Math.max(1, Math.floor((elapsedMs - dueMs) / longest) + 1);
}
