// What befalls a message: numbers that depend on the seed, the message, the attempt and what is asked, and on nothing else.
// So the same message has the same luck under two configurations, and a difference between them is the configuration's.

/** What a number is drawn for; each has numbers of its own. */
export const LUCK = { connect: 1, transaction: 2, refusal: 3, quit: 4 } as const;

/** @param of the message or connection @param attempt of it, from 0 @returns a number in [0, 1) */
export function luck(seed: number, of: number, attempt: number, purpose: number): number {
  // The finish of a 32-bit Murmur hash over the four.
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(of + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) ^ Math.imul(attempt + 1, 0x297a2d39);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x85ebca6b) ^ Math.imul(purpose, 0x27d4eb2f);
  mixed ^= mixed >>> 16;
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
}

/** How long something takes: one time, or times spread evenly over the logarithm between two. In milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** @param at in [0, 1) */
export function timeIn({ fromMs, toMs }: Span, at: number): number {
  return fromMs === toMs ? fromMs : fromMs * (toMs / fromMs) ** at;
}
