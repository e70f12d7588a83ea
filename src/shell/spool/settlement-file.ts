// The settlements of one segment: what waits to be written, and what was written but not synced, which is kept so that
// it can be written again when a sync fails (the kernel forgets the pages of a failed sync).
import { SETTLEMENT_ENTRY_BYTES, type SettlementEntry, writeSettlementEntry } from './settlement-entry.ts';

const FIRST_ENTRIES = 64;

export class SettlementFile {
  readonly path: string;
  readonly #generation: Uint8Array;
  #waiting: Buffer | null = null;
  #waitingBytes = 0;
  #unsynced: Buffer[] = [];
  #syncedEnd = 0;
  #end = 0;

  constructor(path: string, generation: Uint8Array) {
    this.path = path;
    this.#generation = generation;
  }

  /** Where the next write goes. */
  get end(): number {
    return this.#end;
  }

  /** Goes on behind what was found at start; a torn last entry is overwritten. */
  continueAt(bytes: number): void {
    this.#end = bytes - (bytes % SETTLEMENT_ENTRY_BYTES);
    this.#syncedEnd = this.#end;
  }

  add(entry: SettlementEntry): void {
    let into = this.#waiting;
    if (into === null || this.#waitingBytes === into.length) {
      const larger = Buffer.allocUnsafeSlow(into === null ? FIRST_ENTRIES * SETTLEMENT_ENTRY_BYTES : into.length * 2);
      if (into !== null) larger.set(into);
      into = larger;
      this.#waiting = into;
    }
    writeSettlementEntry(into, this.#waitingBytes, this.#generation, entry);
    this.#waitingBytes += SETTLEMENT_ENTRY_BYTES;
  }

  /** Hands out what waits, as one buffer. */
  take(): Buffer | null {
    if (this.#waiting === null || this.#waitingBytes === 0) return null;
    const bytes = this.#waiting.subarray(0, this.#waitingBytes);
    this.#waiting = null;
    this.#waitingBytes = 0;
    return bytes;
  }

  written(bytes: Buffer): void {
    this.#unsynced.push(bytes);
    this.#end += bytes.length;
  }

  /** Everything below `end`, an earlier value of `this.end`, is on stable storage. */
  synced(end: number): void {
    while (this.#unsynced[0] !== undefined && this.#syncedEnd + this.#unsynced[0].length <= end) {
      this.#syncedEnd += this.#unsynced[0].length;
      this.#unsynced.shift();
    }
  }

  /** A write (of `failed`) or a sync went wrong: all that is not known to be on stable storage waits again. */
  rewind(failed: Buffer | null): void {
    const parts = [...this.#unsynced, ...(failed === null ? [] : [failed])];
    const newer = this.take();
    if (newer !== null) parts.push(newer);
    this.#waiting = parts.length === 0 ? null : Buffer.concat(parts);
    this.#waitingBytes = this.#waiting?.length ?? 0;
    this.#unsynced = [];
    this.#end = this.#syncedEnd;
  }
}
