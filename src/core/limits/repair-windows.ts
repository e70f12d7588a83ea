// Sets windows right whose lock a shard had that ended. A state counts by one write (window-memory.ts), so it is whole; events of
// one time are counted in place, and an entry that has left the window may have been written over. What was taken and not
// counted in the state was not used by anybody; what was counted counts.
import { INDICES } from './ledger-memory.ts';
import type { WindowState } from './throttle.ts';
import {
  BEGUN,
  BLOCK,
  CAPACITY,
  entriesOf,
  readState,
  stateOf,
  type WindowMemory,
  writeState,
} from './window-memory.ts';

/** The lock is held. */
export function repairWindows(memory: WindowMemory): void {
  const state: WindowState = { count: 0, periodMs: 0, head: 0, live: 0, tail: 0, inWindow: 0, unknownUntil: 0 };
  const places = Atomics.load(memory.keys.head, INDICES);
  for (let place = 0; place < places; place++) {
    const row = memory.row(place);
    if (row[BEGUN] === 0) continue;
    const words = stateOf(row, 'inForce');
    const [block, capacity] = [words[BLOCK]!, words[CAPACITY]!];
    const { times, counts } = entriesOf(memory, row, block, capacity);
    readState(words, state);
    const slot = (index: number): number => index & (capacity - 1);
    if (state.head < state.live) {
      // What is older is forgotten, as if its place had been needed.
      state.unknownUntil = Math.max(state.unknownUntil, times[slot(state.live - 1)]!);
      state.head = state.live;
    }
    state.inWindow = 0;
    for (let index = state.live; index < state.tail; index++) state.inWindow += counts[slot(index)]!;
    writeState(row, state, block, capacity);
  }
}
