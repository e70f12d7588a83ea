// A hash of 128 bits that depends on a seed: HalfSipHash-2-4 (https://github.com/veorq/SipHash, "HalfSipHash") with 64 bits of
// result over the octets of UTF-16, twice, under two keys. Names in keys come from the network; who does not know the seed cannot make two of them meet.
// If two met all the same they would share a counter: their limits would hold for both together.

/** Four words. @param seed four words */
export function hashKey(key: string, seed: readonly number[]): readonly [number, number, number, number] {
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = seed;
  return [...halfSipHash(key, k0, k1), ...halfSipHash(key, k2, k3)];
}

function halfSipHash(key: string, k0: number, k1: number): readonly [number, number] {
  let v0 = k0;
  let v1 = k1 ^ 0xee;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
  };
  const absorb = (word: number): void => {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  // Two units of the string to a word, the lower octet of each first; the last word has the length in octets.
  for (let at = 0; at + 1 < key.length; at += 2) absorb(key.charCodeAt(at) | (key.charCodeAt(at + 1) << 16));
  absorb((key.length << 25) | (key.length % 2 === 1 ? key.charCodeAt(key.length - 1) : 0));
  v2 ^= 0xee;
  rounds(4);
  const first = v1 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  return [first, v1 ^ v3];
}
