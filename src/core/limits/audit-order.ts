// In which order slots were taken and given back in all shards, while an audit is on: who changes counters of connections holds
// this lock, and takes a number for what it tells of that before it lets go. Held for some ten microseconds, some thousand
// times a second; with the audit off nobody comes here.
//
// A shard that ends while it holds the lock has counted something that it has not told of. So no other shard takes the lock over:
// they count nothing more until the control thread has set the counters right (ledger-control.ts), which takes it over then.
import { assert } from '../base/assert.ts';
import { ABSENT, AUDIT_LOCK, AUDIT_NUMBER, AUDIT_TOLD, type LedgerMemory, STATE } from './ledger-memory.ts';

/** How often the lock is tried before this thread sleeps for {@link SLEEP_MS}: whoever has it may have been set aside. */
const ATTEMPTS = 1000;
const SLEEP_MS = 1;

/** Numbers that nobody may have heard of, from one to the other; the same where there are none. */
export interface UntoldNumbers {
  readonly after: number;
  readonly last: number;
}

export class AuditOrder {
  readonly #memory: LedgerMemory;
  readonly #user: number;
  /** How many have the lock, one within the other. */
  #depth = 0;
  #isHeld = false;

  /** @param user the number of a shard, or that of the control thread */
  constructor(memory: LedgerMemory, user: number) {
    this.#memory = memory;
    this.#user = user;
  }

  /** @returns false when a shard has ended with the lock; {@link letGo} is called all the same */
  hold(): boolean {
    this.#depth += 1;
    if (this.#depth > 1) return this.#isHeld;
    const { head } = this.#memory;
    for (let attempt = 1; ; attempt++) {
      const holder = Atomics.compareExchange(head, AUDIT_LOCK, 0, this.#user + 1);
      this.#isHeld = holder === 0;
      if (this.#isHeld || this.#hasEnded(holder - 1)) return this.#isHeld;
      if (attempt % ATTEMPTS === 0) Atomics.wait(head, AUDIT_LOCK, holder, SLEEP_MS);
    }
  }

  letGo(): void {
    this.#depth -= 1;
    if (this.#depth > 0 || !this.#isHeld) return;
    this.#isHeld = false;
    const { head } = this.#memory;
    // First this: who ends between the two has told of everything.
    Atomics.store(head, AUDIT_TOLD, Atomics.load(head, AUDIT_NUMBER));
    Atomics.store(head, AUDIT_LOCK, 0);
  }

  /** For what is told next. The lock is held. */
  next(): number {
    assert(this.#isHeld, 'what is told has its place in the order while nobody else counts');
    return (Atomics.add(this.#memory.head, AUDIT_NUMBER, 1) + 1) | 0;
  }

  /** The last number that was given out. */
  get last(): number {
    return Atomics.load(this.#memory.head, AUDIT_NUMBER);
  }

  /**
   * For the control thread, which does not know of every end yet and must not wait for long: has the lock, also when a shard has
   * ended with it that it knows of. @returns null when it is not to be had: to be tried again in another turn
   */
  takeOver(): UntoldNumbers | null {
    const { head } = this.#memory;
    assert(this.#depth === 0, 'the control thread takes one step after the other');
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const holder = Atomics.compareExchange(head, AUDIT_LOCK, 0, this.#user + 1);
      if (holder !== 0) {
        if (!this.#hasEnded(holder - 1)) continue;
        if (Atomics.compareExchange(head, AUDIT_LOCK, holder, this.#user + 1) !== holder) continue;
      }
      this.#depth = 1;
      this.#isHeld = true;
      return { after: Atomics.load(head, AUDIT_TOLD), last: Atomics.load(head, AUDIT_NUMBER) };
    }
    return null;
  }

  #hasEnded(user: number): boolean {
    return user < this.#memory.shards && Atomics.load(this.#memory.shard(user), STATE) === ABSENT;
  }
}
