// When a message that failed for the moment is tried again, and when it has been tried enough (docs/delivery.md, "Retries").
import { addWall, type WallMs, wallMs } from '../base/moment.ts';

export interface RetrySettings {
  readonly retryIntervalMs: number;
  readonly maxRetryIntervalMs: number;
  /** 'auto': as many as fit into the expiration; 'none': only time counts. */
  readonly maxRetries: number | 'auto' | 'none';
  readonly messageExpirationMs: number;
  /** The first transient failure is the last. */
  readonly neverRetry: boolean;
}

/** The delay behind the `failures`-th failure (from 1): doubles from retry_interval up to max_retry_interval. */
export function retryDelayMs(failures: number, settings: RetrySettings): number {
  const doublings = Math.min(failures - 1, 40);
  return Math.min(settings.retryIntervalMs * 2 ** doublings, settings.maxRetryIntervalMs);
}

/** Design decision 10: `auto` is the fewest retries whose delays reach message_expiration. */
export function autoRetries(settings: RetrySettings): number {
  let [retries, total] = [0, 0];
  while (total < settings.messageExpirationMs) {
    retries += 1;
    const delay = retryDelayMs(retries, settings);
    if (delay <= 0) return Number.POSITIVE_INFINITY;
    total += delay;
    if (delay === settings.maxRetryIntervalMs) {
      const left = Math.max(0, settings.messageExpirationMs - total);
      return retries + Math.ceil(left / delay);
    }
  }
  return retries;
}

export const EXPIRED_REPLY = '554 5.4.7 [internal] exceeded max time without delivery';
/** Of a message that would have had its last attempt but for never_attempt_expired_messages. */
export const NOT_ATTEMPTED_REPLY = '554 5.4.5 [internal] Delivery not attempted (message expired)';
export const RETRIES_USED_REPLY = '554 5.4.7 [internal] exceeded max retries without delivery';

export type AfterFailure =
  | { readonly kind: 'retry'; readonly retries: number; readonly nextAttemptAt: WallMs }
  | { readonly kind: 'giveUp'; readonly reply: string };

/**
 * What follows a transient failure of a message that had `retries` retries before this attempt. The next attempt is
 * never later than the expiration, so that the last one falls on it (Reading: docs/delivery.md, "Expiration").
 */
export function afterTransientFailure(
  retries: number,
  receivedAt: WallMs,
  now: WallMs,
  settings: RetrySettings,
): AfterFailure {
  const expiresAt = addWall(receivedAt, settings.messageExpirationMs);
  if (now >= expiresAt) return { kind: 'giveUp', reply: EXPIRED_REPLY };
  const { maxRetries } = settings;
  if (settings.neverRetry) return { kind: 'giveUp', reply: RETRIES_USED_REPLY };
  const most =
    maxRetries === 'none' ? Number.POSITIVE_INFINITY : maxRetries === 'auto' ? autoRetries(settings) : maxRetries;
  if (retries >= most) return { kind: 'giveUp', reply: RETRIES_USED_REPLY };
  const dueAt = addWall(now, retryDelayMs(retries + 1, settings));
  return { kind: 'retry', retries: retries + 1, nextAttemptAt: wallMs(Math.min(dueAt, expiresAt)) };
}

/** No schedule that anybody would set has more; one that does ends with its expiration. */
const RETRIES_LOOKED_AT = 1000;

/**
 * When a message that keeps failing for the moment has its last attempt.
 * @param nextAttemptAt of the retry that is number `retries`, counted from 1
 */
export function lastAttemptAt(
  retries: number,
  nextAttemptAt: WallMs,
  receivedAt: WallMs,
  settings: RetrySettings,
): WallMs {
  if (typeof settings.maxRetries === 'string') return addWall(receivedAt, settings.messageExpirationMs);
  let [done, at] = [retries, nextAttemptAt];
  for (let looks = 0; looks < RETRIES_LOOKED_AT; looks++) {
    const after = afterTransientFailure(done, receivedAt, at, settings);
    if (after.kind === 'giveUp') return at;
    [done, at] = [after.retries, after.nextAttemptAt];
  }
  return addWall(receivedAt, settings.messageExpirationMs);
}
