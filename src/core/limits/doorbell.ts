// How one shard tells another that there is something to look at: bits in the words of the shard that is told, and a bell. A bit
// stands for all counters with the same last bits of their index, so there is room for any number, nothing is ever full, and a
// shard that ends between two steps leaves nothing half done. What is set first is the innermost; what is taken first is the
// outermost: a bit that is seen too early is looked at twice, and none is missed.
import type { CounterIndex } from './cells.ts';
import {
  BELL,
  IDLE,
  type LedgerMemory,
  OWN,
  OWN_OPEN,
  RELEASED,
  RELEASED_BITS,
  SUMMARY,
  WANTED,
} from './ledger-memory.ts';

/** What all counters with this bit of {@link WANTED} have in common. */
export const wantedBit = (index: CounterIndex): number => 1 << (index & 31);

/** The counter had a release, and the shard is one that waits for it. */
export function ringReleased(shard: Int32Array, index: CounterIndex): void {
  const bit = index & (RELEASED_BITS - 1);
  const word = bit >> 5;
  Atomics.or(shard, RELEASED + word, 1 << (bit & 31));
  Atomics.or(shard, SUMMARY + (word >> 5), 1 << (word & 31));
  ring(shard);
}

/** Somebody began to wait for the counter, and the shard holds slots of it. */
function ringWanted(shard: Int32Array, index: CounterIndex): void {
  Atomics.or(shard, WANTED, wantedBit(index));
  ring(shard);
}

/**
 * Somebody waits for the counter: tells the shards with connections that have nothing to do and slots of it, since these do not
 * ask by themselves. @param teller the shard that tells, and knows; -1 for the control thread
 */
export function ringHolders(memory: LedgerMemory, index: CounterIndex, teller: number): void {
  for (let shard = 0; shard < memory.shards; shard++) {
    if (shard === teller || Atomics.load(memory.shard(shard), IDLE) === 0) continue;
    if (Atomics.load(memory.own(shard), index * OWN + OWN_OPEN) === 0) continue;
    ringWanted(memory.shard(shard), index);
  }
}

/** Wakes the shard's thread if it sleeps; one that was told already is not told again. */
export function ring(shard: Int32Array): void {
  if (Atomics.exchange(shard, BELL, 1) === 0) Atomics.notify(shard, BELL);
}

/** Takes the bits of released counters out: for each, the index that they have in common. */
export function takeReleased(shard: Int32Array): number[] {
  const taken: number[] = [];
  for (let at = 0; at < 32; at++) {
    if (Atomics.load(shard, SUMMARY + at) === 0) continue;
    const words = Atomics.exchange(shard, SUMMARY + at, 0);
    for (let word = 0; word < 32; word++) {
      if ((words & (1 << word)) === 0) continue;
      const bits = Atomics.exchange(shard, RELEASED + at * 32 + word, 0);
      for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) taken.push((at * 32 + word) * 32 + bit);
    }
  }
  return taken;
}
