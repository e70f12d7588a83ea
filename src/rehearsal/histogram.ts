// Times of delivery and their percentiles. Few values are kept as they are and the answer is exact; from then on they are
// counted in classes whose bounds are 4 per cent apart, and the answer is within 2 per cent.

/** Values kept as they are. */
const EXACT_MAX = 64;
const RATIO = 1.04;
const LOG_RATIO = Math.log(RATIO);

/** One for all that have none: very many queues never need any. */
const NO_CLASSES = new Uint32Array(0);

export class Histogram {
  /** Null from then on. */
  #values: number[] | null = [];
  #classes = NO_CLASSES;
  #count = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest; null when there is none. */
  get most(): number | null {
    return this.#count === 0 ? null : this.#most;
  }

  /** @param ms from 0 */
  add(ms: number): void {
    this.#count += 1;
    if (ms < this.#least) this.#least = ms;
    if (ms > this.#most) this.#most = ms;
    if (this.#values === null) {
      this.#countIn(classOf(ms), 1);
      return;
    }
    this.#values.push(ms);
    if (this.#values.length > EXACT_MAX) this.#beginClasses();
  }

  /** Takes over what another has counted. */
  addAll(other: Histogram): void {
    if (other.#values !== null) {
      for (const ms of other.#values) this.add(ms);
      return;
    }
    if (this.#values !== null) this.#beginClasses();
    this.#count += other.#count;
    this.#least = Math.min(this.#least, other.#least);
    this.#most = Math.max(this.#most, other.#most);
    other.#classes.forEach((count, at) => {
      if (count > 0) this.#countIn(at, count);
    });
  }

  /** The least value that `share` of all values do not exceed (nearest rank); null when there is none. */
  percentile(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    if (this.#values !== null) return this.#values.toSorted((a, b) => a - b)[rank - 1]!;
    if (rank === this.#count) return this.#most;
    let passed = 0;
    let at = -1;
    while (passed < rank) passed += this.#classes[++at]!;
    const middle = at === 0 ? 0.5 : RATIO ** (at - 0.5);
    return Math.min(this.#most, Math.max(this.#least, middle));
  }

  #beginClasses(): void {
    const values = this.#values!;
    this.#values = null;
    for (const ms of values) this.#countIn(classOf(ms), 1);
  }

  #countIn(at: number, count: number): void {
    if (at >= this.#classes.length) {
      const grown = new Uint32Array(at + 64);
      grown.set(this.#classes);
      this.#classes = grown;
    }
    this.#classes[at]! += count;
  }
}

/** Class 0 is what takes less than a millisecond; class n is from RATIO^(n-1) to RATIO^n milliseconds. */
function classOf(ms: number): number {
  return ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / LOG_RATIO);
}
