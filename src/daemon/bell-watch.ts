// Wakes the loop of a shard's thread when another rings for it. Between two rings nothing runs here.
import { BELL } from '../core/limits/ledger-memory.ts';

export class BellWatch {
  readonly #words: Int32Array;
  readonly #rung: () => void;
  #isStopped = false;

  /**
   * @param words of the shard, see {@link LedgerMemory.shard}
   * @param rung looks at what there is, which silences the bell
   */
  constructor(words: Int32Array, rung: () => void) {
    this.#words = words;
    this.#rung = rung;
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #wait(): void {
    const waiting = Atomics.waitAsync(this.#words, BELL, 0);
    if (waiting.async) void waiting.value.then(() => setImmediate(this.#look));
    else setImmediate(this.#look);
  }

  /** Outside of the promise, so that what goes wrong there is not taken for a rejection. */
  readonly #look = (): void => {
    if (this.#isStopped) return;
    this.#rung();
    this.#wait();
  };
}
