// The seed of everything random, so that two processes do not choose alike.
import { randomBytes } from 'node:crypto';

/** 32 random bits. */
export function systemSeed(): number {
  return randomBytes(4).readInt32LE();
}
