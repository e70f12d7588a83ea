// What the control thread does with windows that shards share: shards that come and go. What an ended one has taken counts on.
import { assert } from '../base/assert.ts';
import { ring } from './doorbell.ts';
import { KeyTable } from './key-table.ts';
import { ABSENT, INDICES, type LedgerMemory, STATE, TAKING, TOKENS } from './ledger-memory.ts';
import { repairWindows } from './repair-windows.ts';
import type { WindowMemory } from './window-memory.ts';

/** How often it tries to have the lock: some hundred microseconds. */
const ATTEMPTS = 10_000;

export class WindowControl {
  readonly #memory: WindowMemory;
  readonly #bells: LedgerMemory;
  readonly #table: KeyTable;
  /** Shards that ended, until {@link recover}. */
  readonly #ended = new Set<number>();

  constructor(memory: WindowMemory, bells: LedgerMemory) {
    this.#memory = memory;
    this.#bells = bells;
    this.#table = new KeyTable(memory.keys, memory.keys.controlUser, () => repairWindows(memory));
  }

  /** Before the shard takes tokens. */
  admit(shard: number): void {
    assert(!this.#ended.has(shard), 'a shard that ended is recovered first');
    Atomics.store(this.#memory.keys.shard(shard), STATE, TAKING);
  }

  /** Whether a shard ended that was not recovered from yet. */
  get mustRecover(): boolean {
    return this.#ended.size > 0;
  }

  /** The thread of the shard is gone. If it had the lock, the next who wants it has it. */
  ended(shard: number): void {
    Atomics.store(this.#memory.keys.shard(shard), STATE, ABSENT);
    this.#ended.add(shard);
  }

  /**
   * Nobody waits in ended shards any more. Windows that only they had stay, as they are.
   * @returns false when the lock was not to be had: perhaps another shard has ended with it; call again in another turn
   */
  recover(): boolean {
    const { keys, listeners } = this.#memory;
    if (!this.#table.hold(ATTEMPTS)) return false;
    const places = Atomics.load(keys.head, INDICES);
    for (const shard of this.#ended) {
      this.#memory.waiting(shard).fill(0);
      for (let place = 0; place < places; place++) listeners[place]! &= ~(1 << shard);
      this.#table.unreferAll(shard, keys.controlUser, () => true); // receivers have not forgotten what it has sent
    }
    this.#table.letGo();
    this.#ended.clear();
    for (let shard = 0; shard < keys.shards; shard++) {
      const words = this.#bells.shard(shard);
      Atomics.store(words, TOKENS, 1); // who left a token to an ended shard may have it
      ring(words);
    }
    return true;
  }
}
