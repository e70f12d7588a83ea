// The steps in which courses over time are kept. They begin short and are doubled whenever there would be too many, so that
// ten seconds and ten days are both drawn with some hundreds of points, whoever knows beforehand how long it takes.

const FIRST_STEP_MS = 50;
/** Steps before they are doubled. */
export const STEPS_MAX = 512;

export class TimeScale {
  #stepMs = FIRST_STEP_MS;
  #endsAt = FIRST_STEP_MS * STEPS_MAX;
  readonly #coarsen: () => void;

  /** @param coarsen everything that is kept by steps puts two together */
  constructor(coarsen: () => void) {
    this.#coarsen = coarsen;
  }

  get stepMs(): number {
    return this.#stepMs;
  }

  /** @param ms since the start, never less than before */
  stepOf(ms: number): number {
    while (ms >= this.#endsAt) {
      this.#stepMs *= 2;
      this.#endsAt *= 2;
      this.#coarsen();
    }
    return Math.floor(ms / this.#stepMs);
  }
}
