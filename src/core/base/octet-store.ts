// Strings of octets that are kept for long, outside of the heap: there may be millions, of some hundred octets each. Those of
// about the same length lie side by side, so that what one leaves the next one fills.
import { CHUNK_ROWS, placeInChunk, Rows } from './rows.ts';

/** Lengths are rounded up to a multiple of it. */
const STEP = 8;
/** Longer ones are kept one by one. */
const SHARED_MAX = 1024;

export class OctetStore {
  /** By length in steps. */
  readonly #shared: (Rows<Uint8Array> | undefined)[] = [];
  readonly #alone = new Map<number, Uint8Array>();
  #lastAlone = 0;

  /** @returns where they are: a number below 2^32 that is good together with their length */
  put(octets: Uint8Array): number {
    const { length } = octets;
    if (length > SHARED_MAX) return this.#putAlone(octets);
    const steps = stepsOf(length);
    const rows = this.#shared[steps] ?? this.#add(steps);
    const row = rows.take();
    rows.columnsOf(row).set(octets, placeInChunk(row) * steps * STEP);
    return row;
  }

  /** A view that is good until they are given up. */
  read(place: number, length: number): Uint8Array {
    if (length > SHARED_MAX) return this.#alone.get(place)!;
    const steps = stepsOf(length);
    const from = placeInChunk(place) * steps * STEP;
    return this.#shared[steps]!.columnsOf(place).subarray(from, from + length);
  }

  giveUp(place: number, length: number): void {
    if (length > SHARED_MAX) this.#alone.delete(place);
    else this.#shared[stepsOf(length)]!.give(place);
  }

  #putAlone(octets: Uint8Array): number {
    do this.#lastAlone = (this.#lastAlone + 1) >>> 0;
    while (this.#alone.has(this.#lastAlone));
    this.#alone.set(this.#lastAlone, new Uint8Array(octets)); // what slice() of a Buffer returns is no copy
    return this.#lastAlone;
  }

  #add(steps: number): Rows<Uint8Array> {
    const rows = new Rows(() => new Uint8Array(CHUNK_ROWS * steps * STEP));
    this.#shared[steps] = rows;
    return rows;
  }
}

function stepsOf(length: number): number {
  return Math.max(1, Math.ceil(length / STEP));
}
