// Addresses that failed to connect or to talk, per binding, and when they may be tried again (host_failure_retry). What
// failed under a protection (the key of a TLS policy) is held against the address under that protection only, so that
// one domain's wishes do not stop the mail of another that has its exchangers there too.
import { addMono, type MonoMs } from '../base/moment.ts';

interface Failure {
  readonly since: MonoMs;
  readonly retryAt: MonoMs;
  readonly reason: string;
  /** Since the last success; those of connections that were tried together are one. */
  readonly inARow: number;
}

/** An address is set aside at least this long, lest host_failure_retry = 0 makes a loop between two dead hosts. */
const LEAST_RETRY_MS = 1000;

/** Bounds each memory of failures; the oldest are forgotten first, which at worst costs an early attempt. */
const MOST_FAILURES = 100_000;

/** What failed whoever tries it. */
const ANY_PROTECTION = '';

export class HostStates {
  readonly #failures = new Map<string, Failure>();
  /** Addresses whose TLS failed, and how long mail goes there in clear, where that is allowed. */
  readonly #inClear = new Map<string, MonoMs>();
  /** Addresses that are left alone by every binding, until when. They are not to blame for it. */
  readonly #setAside = new Map<string, MonoMs>();

  /** Nothing is opened to the address until then: it may still count a connection that we know nothing of. */
  setAside(address: string, until: MonoMs): void {
    this.#setAside.set(address, until);
  }

  /** @param protection empty when the address is to blame whatever is asked of it */
  fail(
    binding: string,
    address: string,
    reason: string,
    now: MonoMs,
    retryAfterMs: number,
    protection: string = ANY_PROTECTION,
  ): void {
    const key = keyOf(binding, address, protection);
    const known = this.#failures.get(key);
    // Nothing is opened while it is set aside: what fails meanwhile was under way with what failed before.
    const isNew = known === undefined || known.retryAt <= now;
    const inARow = (known?.inARow ?? 0) + (isNew ? 1 : 0);
    const retryAt = addMono(now, Math.max(LEAST_RETRY_MS, retryAfterMs));
    keep(this.#failures, key, { since: now, retryAt, reason, inARow });
  }

  /** The address is left alone for so long, without having failed. */
  pause(binding: string, address: string, reason: string, now: MonoMs, forMs: number, protection: string): void {
    const key = keyOf(binding, address, protection);
    const inARow = this.#failures.get(key)?.inARow ?? 0;
    keep(this.#failures, key, { since: now, retryAt: addMono(now, forMs), reason, inARow });
  }

  /** How often it failed since it last answered, also when it may be tried again. */
  failuresInARow(binding: string, address: string, protection: string): number {
    const general = this.#failures.get(keyOf(binding, address, ANY_PROTECTION))?.inARow ?? 0;
    if (protection === ANY_PROTECTION) return general;
    return general + (this.#failures.get(keyOf(binding, address, protection))?.inARow ?? 0);
  }

  /** What is remembered counts no longer than this from when it happened. */
  shorten(binding: string, address: string, retryAfterMs: number, protection: string): void {
    if (this.#failures.size === 0) return;
    for (const key of [keyOf(binding, address, ANY_PROTECTION), keyOf(binding, address, protection)]) {
      const failure = this.#failures.get(key);
      if (failure === undefined) continue;
      const retryAt = addMono(failure.since, Math.max(LEAST_RETRY_MS, retryAfterMs));
      if (retryAt < failure.retryAt) this.#failures.set(key, { ...failure, retryAt }); // in its place: the order stays
    }
  }

  /** @returns whether a failure was remembered */
  succeed(binding: string, address: string, protection: string): boolean {
    if (this.#failures.size === 0) return false;
    const wasDown = this.#failures.delete(keyOf(binding, address, ANY_PROTECTION));
    return (protection !== ANY_PROTECTION && this.#failures.delete(keyOf(binding, address, protection))) || wasDown;
  }

  /** When the address may be tried again, or null when it may be tried now. */
  retryAt(binding: string, address: string, now: MonoMs, protection: string = ANY_PROTECTION): MonoMs | null {
    if (this.#setAside.size > 0) {
      const until = this.#setAside.get(address);
      if (until !== undefined && until > now) return until;
      this.#setAside.delete(address);
    }
    return this.failure(binding, address, now, protection)?.retryAt ?? null;
  }

  /** The failure an address is set aside for; of two that which lasts longer. */
  failure(binding: string, address: string, now: MonoMs, protection: string = ANY_PROTECTION): Failure | null {
    if (this.#failures.size === 0) return null;
    const general = this.#failureNow(keyOf(binding, address, ANY_PROTECTION), now);
    if (protection === ANY_PROTECTION) return general;
    const own = this.#failureNow(keyOf(binding, address, protection), now);
    return own === null || (general !== null && general.retryAt > own.retryAt) ? general : own;
  }

  #failureNow(key: string, now: MonoMs): Failure | null {
    const failure = this.#failures.get(key);
    return failure === undefined || failure.retryAt <= now ? null : failure;
  }

  /** TLS failed there, and the policy lets mail go in clear instead, which it does for so long. */
  goInClear(binding: string, address: string, protection: string, now: MonoMs, forMs: number): void {
    keep(this.#inClear, keyOf(binding, address, protection), addMono(now, Math.max(LEAST_RETRY_MS, forMs)));
  }

  goesInClear(binding: string, address: string, protection: string, now: MonoMs): boolean {
    if (this.#inClear.size === 0) return false;
    const until = this.#inClear.get(keyOf(binding, address, protection));
    return until !== undefined && until > now;
  }
}

function keep<T>(memory: Map<string, T>, key: string, value: T): void {
  memory.delete(key); // so that the map stays in order of failure
  memory.set(key, value);
  if (memory.size <= MOST_FAILURES) return;
  for (const oldest of memory.keys()) {
    memory.delete(oldest);
    break;
  }
}

function keyOf(binding: string, address: string, protection: string): string {
  return `${binding}\0${address}\0${protection}`;
}
