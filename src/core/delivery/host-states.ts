// Addresses that failed to connect or to talk, per binding, and when they may be tried again (host_failure_retry).
import { addMono, type MonoMs } from '../base/moment.ts';

interface Failure {
  readonly since: MonoMs;
  readonly retryAt: MonoMs;
  readonly reason: string;
}

/** An address is set aside at least this long, lest host_failure_retry = 0 makes a loop between two dead hosts. */
const LEAST_RETRY_MS = 1000;

/** Bounds the memory of failures; the oldest are forgotten first, which at worst costs an early attempt. */
const MOST_FAILURES = 100_000;

export class HostStates {
  readonly #failures = new Map<string, Failure>();
  /** Addresses that are left alone by every binding, until when. They are not to blame for it. */
  readonly #setAside = new Map<string, MonoMs>();

  /** Nothing is opened to the address until then: it may still count a connection that we know nothing of. */
  setAside(address: string, until: MonoMs): void {
    this.#setAside.set(address, until);
  }

  fail(binding: string, address: string, reason: string, now: MonoMs, retryAfterMs: number): void {
    const key = keyOf(binding, address);
    this.#failures.delete(key); // so that the map stays in order of failure
    this.#failures.set(key, { since: now, retryAt: addMono(now, Math.max(LEAST_RETRY_MS, retryAfterMs)), reason });
    if (this.#failures.size > MOST_FAILURES) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest);
        break;
      }
    }
  }

  /** @returns whether a failure was remembered */
  succeed(binding: string, address: string): boolean {
    return this.#failures.size > 0 && this.#failures.delete(keyOf(binding, address));
  }

  /** When the address may be tried again, or null when it may be tried now. */
  retryAt(binding: string, address: string, now: MonoMs): MonoMs | null {
    if (this.#setAside.size > 0) {
      const until = this.#setAside.get(address);
      if (until !== undefined && until > now) return until;
      this.#setAside.delete(address);
    }
    if (this.#failures.size === 0) return null;
    const failure = this.#failures.get(keyOf(binding, address));
    return failure === undefined || failure.retryAt <= now ? null : failure.retryAt;
  }

  /** The failure an address is set aside for, for listings. */
  failure(binding: string, address: string, now: MonoMs): Failure | null {
    const failure = this.#failures.get(keyOf(binding, address));
    return failure === undefined || failure.retryAt <= now ? null : failure;
  }
}

function keyOf(binding: string, address: string): string {
  return `${binding}\0${address}`;
}
