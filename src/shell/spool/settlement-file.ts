// The settlements of one segment: what waits to be written, and what was written but not synced, which is kept so that
// it can be written again when a sync fails (the kernel forgets the pages of a failed sync).
import type { QueuePlace } from '../../core/mail/message.ts';
import {
  encodePlace,
  placeEntriesBytes,
  SETTLEMENT_ENTRY_BYTES,
  type SettlementEntry,
  writePlace,
  writeSettlementEntry,
} from './settlement-entry.ts';

const FIRST_ENTRIES = 64;

export class SettlementFile {
  readonly path: string;
  readonly #generation: Uint8Array;
  #waiting: Buffer | null = null;
  #waitingBytes = 0;
  #unsynced: Buffer[] = [];
  #syncedEnd = 0;
  #end = 0;
  /** Numbers of the places that this process has told in the file. */
  #numbersByPlace: Map<string, number> | null = null;
  #nextNumber = 0;

  constructor(path: string, generation: Uint8Array) {
    this.path = path;
    this.#generation = generation;
  }

  /** Where the next write goes. */
  get end(): number {
    return this.#end;
  }

  /**
   * Goes on behind what was found at start; a torn last entry is overwritten.
   * @param highestNumber of a place that the file has told
   */
  continueAt(bytes: number, highestNumber: number): void {
    this.#nextNumber = highestNumber + 1;
    this.#end = bytes - (bytes % SETTLEMENT_ENTRY_BYTES);
    this.#syncedEnd = this.#end;
  }

  add(entry: SettlementEntry): void {
    const numbered = entry.place === undefined ? entry : { ...entry, retries: this.#numberOf(entry.place) };
    const into = this.#room(SETTLEMENT_ENTRY_BYTES);
    writeSettlementEntry(into, this.#waitingBytes, this.#generation, numbered);
    this.#waitingBytes += SETTLEMENT_ENTRY_BYTES;
  }

  /** Tells the place when it is new to the file. */
  #numberOf(place: QueuePlace): number {
    const encoded = encodePlace(place);
    const key = encoded.toString('latin1');
    this.#numbersByPlace ??= new Map();
    let number = this.#numbersByPlace.get(key);
    if (number === undefined) {
      number = this.#nextNumber++;
      this.#numbersByPlace.set(key, number);
      const bytes = placeEntriesBytes(encoded);
      writePlace(this.#room(bytes), this.#waitingBytes, this.#generation, number, encoded);
      this.#waitingBytes += bytes;
    }
    return number;
  }

  /** What waits, with room for so many bytes more behind it. */
  #room(bytes: number): Buffer {
    let into = this.#waiting;
    if (into === null || this.#waitingBytes + bytes > into.length) {
      const least = into === null ? FIRST_ENTRIES * SETTLEMENT_ENTRY_BYTES : into.length * 2;
      const larger = Buffer.allocUnsafeSlow(Math.max(least, this.#waitingBytes + bytes));
      if (into !== null) larger.set(into.subarray(0, this.#waitingBytes));
      into = larger;
      this.#waiting = into;
    }
    return into;
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
