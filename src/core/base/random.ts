// Randomness as a parameter. Named streams come from one seed, so that a new draw in one place leaves the others as
// they were and a simulation with the same seed repeats.

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, bound). */
  below(bound: number): number;
  /** An independent stream that depends on this seed and the name only. */
  stream(name: string): Random;
}

/** A fast generator of 32-bit state (splitmix32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    stream: (name) => seededRandom(hashName(name, seed)),
  };
}

function hashName(name: string, seed: number): number {
  let hash = 2166136261 ^ seed; // FNV-1a
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 16777619);
  return hash | 0;
}
